//! Templates made ready: which is drawn, how long it gets, and its text.

use std::collections::{BTreeMap, HashMap};

use super::TemplatesSpec;
use super::extent::Extent;
use super::pattern::{Piece, pieces};
use super::slots::Slot;
use super::weighted::WeightedText;
use crate::kernel::Stream;
use crate::workload::alias::Alias;
use crate::workload::incoming::{IntentId, PromptId, PromptSize};
use crate::workload::prompts::names::Names;
use crate::workload::text;

/// The most different slots of one template.
pub(super) const MOST_SLOTS: usize = 16;

/// How many texts are compared at most, to see that all are different.
const MOST_COMPARED: u64 = 100_000;

/// Templates and what fills them. The ids of a template's prompts follow each
/// other: its first, and the values of its slots as the digits of a number, those
/// of the first slot by name the lowest.
#[derive(Debug)]
pub struct Templates {
    texts: Vec<Template>,
    /// In the order of their names.
    slots: Vec<Slot>,
    popularity: Alias,
    count: u64,
    names: Names,
}

#[derive(Debug)]
struct Template {
    /// The id of its first prompt.
    first: u64,
    parts: Vec<Part>,
    /// Which slots it has, each once, in order.
    slots: Vec<usize>,
    /// The first template that means the same.
    meaning: u32,
}

#[derive(Debug)]
enum Part {
    Text(String, Extent),
    Slot(usize),
}

/// A value for each slot of a template.
type Filling = [u32; MOST_SLOTS];

impl Templates {
    /// The spec must have passed its check.
    pub(super) fn new(spec: &TemplatesSpec) -> Self {
        let places: BTreeMap<&str, usize> =
            spec.slots.keys().map(String::as_str).zip(0..).collect();
        let slots: Vec<Slot> = spec.slots.iter().map(|(name, slot)| slot.slot(name)).collect();
        let mut count = 0;
        let templates = spec.texts.iter().zip(WeightedText::meanings(&spec.texts));
        let templates = templates.map(|(template, meaning)| {
            let parts = pieces(&template.text).expect("a checked template has slots");
            let parts: Vec<Part> = parts
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(text) => Part::Text(text.clone(), Extent::of(&text)),
                    Piece::Slot(name) => {
                        let place = places.get(name.as_str());
                        Part::Slot(*place.expect("a checked template has known slots"))
                    }
                })
                .collect();
            let mut own: Vec<usize> = parts.iter().filter_map(Part::slot).collect();
            own.sort_unstable();
            own.dedup();
            let first = count;
            count += own.iter().map(|slot| u64::from(slots[*slot].count)).product::<u64>();
            Template { first, parts, slots: own, meaning }
        });
        let texts = templates.collect();
        let weights: Vec<f64> = spec.texts.iter().map(WeightedText::weight).collect();
        Templates { texts, slots, popularity: Alias::new(&weights), count, names: Names::default() }
    }

    /// Ids are below this.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The next prompt asked: a draw for the template, and one for each slot of it.
    #[inline]
    pub(in crate::workload::prompts) fn draw(&self, stream: &mut Stream) -> PromptId {
        let template = &self.texts[self.popularity.pick(stream.bits()) as usize];
        let (mut id, mut radix) = (template.first, 1);
        for slot in template.slots.iter().map(|slot| &self.slots[*slot]) {
            id += radix * u64::from(slot.draw(stream));
            radix *= u64::from(slot.count);
        }
        PromptId(id)
    }

    /// The template and the values of a prompt; `None` if it is not one of them.
    #[inline]
    fn filling(&self, prompt: PromptId) -> Option<(&Template, Filling)> {
        if prompt.0 >= self.count {
            return None;
        }
        let behind = self.texts.partition_point(|template| template.first <= prompt.0);
        let template = &self.texts[behind - 1];
        let (mut rest, mut filling) = (prompt.0 - template.first, [0; MOST_SLOTS]);
        for (value, slot) in filling.iter_mut().zip(&template.slots) {
            let count = u64::from(self.slots[*slot].count);
            (*value, rest) = ((rest % count) as u32, rest / count);
        }
        Some((template, filling))
    }

    /// How long a prompt is: 1.3 tokens a word.
    #[inline]
    pub fn size(&self, prompt: PromptId) -> Option<PromptSize> {
        let (template, filling) = self.filling(prompt)?;
        let extent = template.parts.iter().fold(Extent::default(), |extent, part| {
            extent.then(match part {
                Part::Text(_, extent) => *extent,
                Part::Slot(slot) => self.slots[*slot].extent(template.value(*slot, &filling)),
            })
        });
        let blank_chars = extent.blank();
        let decitokens = u64::from(extent.words) * 13;
        Some(PromptSize { chars: extent.chars - blank_chars, blank_chars, decitokens })
    }

    /// The text of a prompt, stripped of white space at its ends.
    pub fn text(&self, prompt: PromptId) -> Option<String> {
        let (template, filling) = self.filling(prompt)?;
        let mut text = String::new();
        for part in &template.parts {
            match part {
                Part::Text(piece, _) => text.push_str(piece),
                Part::Slot(slot) => {
                    self.slots[*slot].write(template.value(*slot, &filling), &mut text);
                }
            }
        }
        let stripped = text::strip(&text);
        Some(if stripped.len() == text.len() { text } else { stripped.to_owned() })
    }

    /// The prompt with this text; `None` too if there are too many to look at.
    pub fn named(&self, text: &str) -> Option<PromptId> {
        self.names.find(text, self.count, |id| self.text(PromptId(id))).map(PromptId)
    }

    /// What a prompt means: the prompt of the first template and the first values
    /// that mean the same.
    pub fn intent(&self, prompt: PromptId) -> IntentId {
        let Some((template, filling)) = self.filling(prompt) else { return IntentId(prompt.0) };
        let (mut id, mut radix) = (self.texts[template.meaning as usize].first, 1);
        for (value, slot) in filling.iter().zip(&template.slots) {
            let slot = &self.slots[*slot];
            id += radix * u64::from(slot.meaning(*value));
            radix *= u64::from(slot.count);
        }
        IntentId(id)
    }

    /// A text that two prompts have, if there is one. Of large populations only the
    /// first values of each slot are looked at.
    pub(super) fn twice(&self) -> Option<String> {
        let ways = |template: &Template, most: u32| -> u64 {
            let counts = template.slots.iter().map(|slot| self.slots[*slot].count.min(most));
            counts.map(u64::from).fold(1, u64::saturating_mul)
        };
        let all = |most: u32| {
            self.texts.iter().fold(0, |sum: u64, it| sum.saturating_add(ways(it, most)))
        };
        let mut most = u32::MAX;
        while most > 1 && all(most) > MOST_COMPARED {
            most /= 2;
        }
        let mut seen: HashMap<String, PromptId> = HashMap::new();
        for template in &self.texts {
            for way in 0..ways(template, most) {
                let (mut rest, mut id, mut radix) = (way, template.first, 1);
                for slot in template.slots.iter().map(|slot| &self.slots[*slot]) {
                    let few = u64::from(slot.count.min(most));
                    id += radix * (rest % few);
                    (rest, radix) = (rest / few, radix * u64::from(slot.count));
                }
                let text = self.text(PromptId(id))?;
                if seen.insert(text, PromptId(id)).is_some() {
                    return self.text(PromptId(id));
                }
            }
        }
        None
    }
}

impl Template {
    /// The value that fills a slot of this template.
    #[inline]
    fn value(&self, slot: usize, filling: &Filling) -> u32 {
        let place = self.slots.iter().position(|own| *own == slot);
        place.map_or(0, |place| filling[place])
    }
}

impl Part {
    fn slot(&self) -> Option<usize> {
        match self {
            Part::Text(..) => None,
            Part::Slot(slot) => Some(*slot),
        }
    }
}
