//! Templates with slots: texts really made, so that their keys and lengths are real.
//!
//! `pattern.rs` reads a template, `slots.rs` has what may fill a slot, `extent.rs`
//! says how long a text gets without making it, `table.rs` draws and makes texts.

mod extent;
mod pattern;
mod slots;
mod table;
mod weighted;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use slots::{RangeSpec, SlotSpec, ZipfSlotSpec};
pub use table::Templates;
pub use weighted::WeightedText;

use crate::spec::{Problems, nearest};
use pattern::{Piece, pieces};

/// Ids of prompts are below this.
const MOST_PROMPTS: u64 = 1 << 48;

/// Texts with slots, such as `Summarise {doc} in {n} words`, and what fills them. A
/// template is drawn by its weight, then a value for each of its slots; a slot that
/// it has twice gets the same value twice. `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplatesSpec {
    /// The templates, each alone or with its `weight`. Those with the same `means`
    /// and the same values are the same in other words.
    pub texts: Vec<WeightedText>,
    /// What fills the slots, by their names. Default: no slots.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub slots: BTreeMap<String, SlotSpec>,
}

impl TemplatesSpec {
    /// Reports templates that cannot be filled, and slots that nobody has.
    pub fn check(&self, problems: &mut Problems) {
        problems.at("texts", |p| {
            if self.texts.is_empty() {
                p.error_help("there are no templates", "such as `- \"What is {thing}?\"`");
            }
        });
        let before = problems.list().len();
        let mut used = Vec::new();
        for (i, template) in self.texts.iter().enumerate() {
            problems.at("texts", |p| {
                p.at(i, |p| used.extend(self.check_template(&template.text, p)));
            });
        }
        for (name, slot) in &self.slots {
            problems.at("slots", |p| {
                p.at(name.as_str(), |p| {
                    slot.check(p);
                    if !used.contains(name) {
                        let help = format!("write `{{{name}}}` where it belongs, or remove it");
                        p.error_help(format!("no template has the slot `{name}`"), help);
                    }
                });
            });
        }
        if problems.list().len() == before {
            self.check_meanings(problems);
            self.check_count(problems);
        }
    }

    /// Reports braces that do not match and slots that are not known; the names of
    /// the slots that are meant.
    fn check_template(&self, template: &str, problems: &mut Problems) -> Vec<String> {
        let pieces = pieces(template).unwrap_or_else(|why| {
            problems.error_help(why, "a slot is `{name}`; `{{` and `}}` are braces");
            Vec::new()
        });
        let names = slot_names(&pieces);
        if names.len() > table::MOST_SLOTS {
            problems.error(format!("a template has at most {} slots", table::MOST_SLOTS));
        }
        for name in names.iter().filter(|name| !self.slots.contains_key(*name)) {
            problems.unknown("slot", name, self.slots.keys().map(String::as_str));
        }
        // A slot whose name is misspelt is not unused as well.
        let meant = |name: String| {
            let near = nearest(&name, self.slots.keys().map(String::as_str)).map(str::to_owned);
            near.unwrap_or(name)
        };
        names.into_iter().map(meant).collect()
    }

    /// Templates that mean the same must have the same to say.
    fn check_meanings(&self, problems: &mut Problems) {
        let slots = |text: &str| slot_names(&pieces(text).unwrap_or_default());
        let leaders = WeightedText::meanings(&self.texts);
        for (i, leader) in leaders.into_iter().enumerate() {
            let (own, first) = (&self.texts[i].text, &self.texts[leader as usize].text);
            if slots(own) != slots(first) {
                problems.at("texts", |p| {
                    p.at(i, |p| {
                        p.error_help(
                            format!("it cannot mean the same as `{first}`, which has other slots"),
                            "give both the same slots, in any order",
                        );
                    });
                });
            }
        }
    }

    fn check_count(&self, problems: &mut Problems) {
        let mut count: u64 = 0;
        for (i, template) in self.texts.iter().enumerate() {
            let names = slot_names(&pieces(&template.text).unwrap_or_default());
            let counts = names.iter().filter_map(|name| self.slots.get(name)).map(SlotSpec::count);
            let ways = counts.map(u64::from).fold(1, u64::saturating_mul);
            count = count.saturating_add(ways);
            if count > MOST_PROMPTS {
                problems.at("texts", |p| {
                    p.at(i, |p| {
                        p.error_help(
                            format!("with its {ways} prompts there are too many to number"),
                            format!("expected at most {MOST_PROMPTS} prompts in all"),
                        );
                    });
                });
                return;
            }
        }
    }

    /// The templates made ready. The spec must have passed its check.
    ///
    /// # Errors
    /// Two ways that make the same text, which would be two prompts.
    pub(super) fn read(&self) -> Result<Templates, (String, String)> {
        let templates = Templates::new(self);
        match templates.twice() {
            None => Ok(templates),
            Some(text) => Err((
                format!("there are two ways to make the text `{text}`"),
                "keep slots apart by text that no value has in it".to_owned(),
            )),
        }
    }
}

/// The names of a template's slots, each once, in alphabetical order.
fn slot_names(pieces: &[Piece]) -> Vec<String> {
    let mut names: Vec<String> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Slot(name) => Some(name.clone()),
            Piece::Text(_) => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests;
