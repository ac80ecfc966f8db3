//! What the bandits share: what is known of each model, and what may be learnt.

use crate::cost::dice::Dice;
use crate::cost::{Lesson, ModelId};
use crate::kernel::Stream;

/// What was seen of a model.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Arm {
    /// Answers that were rated.
    pub rated: f64,
    /// Sum of their quality.
    pub quality: f64,
    charged: f64,
    usd: f64,
}

impl Arm {
    /// Its mean charge in dollars, or `estimate` where nothing was charged.
    pub fn cost(&self, estimate: u64) -> f64 {
        if self.charged > 0.0 { self.usd / self.charged } else { estimate as f64 / 1e12 }
    }
}

/// All models, and who rates their answers.
#[derive(Clone, Debug)]
pub(super) struct Arms {
    seen: Vec<Arm>,
    feedback: f64,
    dice: Dice,
}

impl Arms {
    pub fn new(models: usize, feedback: f64, stream: &mut Stream) -> Self {
        Arms { seen: vec![Arm::default(); models], feedback, dice: Dice::new(stream) }
    }

    #[inline]
    pub fn of(&self, model: ModelId) -> &Arm {
        &self.seen[model.0 as usize]
    }

    /// Learns what an answer cost, and if its user rates it how good it was.
    pub fn learn(&mut self, lesson: &Lesson) {
        let rated = self.dice.uniform(lesson.request, 0) < self.feedback;
        let arm = &mut self.seen[lesson.model.0 as usize];
        arm.charged += 1.0;
        arm.usd += lesson.cost.usd();
        if rated {
            arm.rated += 1.0;
            arm.quality += lesson.quality;
        }
    }
}
