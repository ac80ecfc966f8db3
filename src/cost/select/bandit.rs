//! What the bandits share: what is known of each model, and what may be learnt.

use super::Ask;
use crate::cost::{Lesson, ModelId};
use crate::kernel::Keyed;
use crate::kernel::Stream;

/// What was seen of a model.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Arm {
    /// Answers that were rated.
    pub rated: f64,
    /// Sum of their quality.
    pub quality: f64,
    /// Its mean quality; nothing where no answer was rated.
    pub mean: Option<f64>,
    charged: f64,
    usd: f64,
    /// The mean charge in dollars.
    cost: Option<f64>,
}

/// All models, and who rates their answers.
#[derive(Clone, Debug)]
pub(super) struct Arms {
    seen: Vec<Arm>,
    feedback: f64,
    dice: Keyed,
}

impl Arms {
    pub fn new(models: usize, feedback: f64, stream: &mut Stream) -> Self {
        Arms { seen: vec![Arm::default(); models], feedback, dice: Keyed::new(stream) }
    }

    /// The mean charge of a model in dollars, or what it would cost now where nothing
    /// was charged.
    #[inline]
    pub fn cost(&self, model: ModelId, ask: &Ask) -> f64 {
        self.of(model).cost.unwrap_or_else(|| ask.worth(model).picos as f64 / 1e12)
    }

    #[inline]
    pub fn of(&self, model: ModelId) -> &Arm {
        &self.seen[model.0 as usize]
    }

    /// Learns what an answer cost, and if its user rates it how good it was. Returns
    /// whether it was rated.
    pub fn learn(&mut self, lesson: &Lesson) -> bool {
        let rated = self.dice.uniform_of_two(lesson.request, 0) < self.feedback;
        let arm = &mut self.seen[lesson.model.0 as usize];
        arm.charged += 1.0;
        arm.usd += lesson.cost.usd();
        arm.cost = Some(arm.usd / arm.charged);
        if rated {
            arm.rated += 1.0;
            arm.quality += lesson.quality;
            arm.mean = Some(arm.quality / arm.rated);
        }
        rated
    }
}
