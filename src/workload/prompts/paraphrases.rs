//! Real texts in pairs: a question, and the same in other words.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::Names;
use crate::spec::{Fraction, NonNegative, Problems};
use crate::workload::alias::{Alias, zipf_weights};
use crate::workload::data_paths::{DataPaths, NotFound};
use crate::workload::incoming::{IntentId, PromptId, PromptSize};
use crate::workload::text;
use crate::workload::trace::{read_text, read_unique};

/// The folder in which collections keep pairs of paraphrases.
const USUAL: &str = "paraphrases";

/// Pairs of texts from a file, a JSON list of `{ "origin": ..., "similar": ... }`.
/// All origins come first in the numbering of prompts, then all similar texts,
/// both in the file's order; equal texts are one prompt, numbered as the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ParaphrasesSpec {
    /// The file. Looked for where traces are, and there in `paraphrases/` too.
    /// Default: `pairs.json`.
    pub texts: PathBuf,
    /// In which order texts are asked. Default: `random`.
    pub order: Order,
    /// How unequal the pairs are, in the file's order: 0 makes all equally
    /// likely. Default: 0.9.
    pub exponent: NonNegative,
    /// The share of requests that ask the similar text, not the origin.
    /// Default: 0.5.
    pub similar_share: Fraction,
    /// Whether equal texts are one prompt, and the pairs that share a text have the
    /// same intent. Without it the same text in two pairs is two prompts, which
    /// mean two things. Default: true.
    pub join_equal_texts: bool,
}

/// In which order texts are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Drawn, popular pairs more often.
    #[default]
    Random,
    /// All origins, then all similar texts, then from the beginning.
    File,
}

impl Default for ParaphrasesSpec {
    fn default() -> Self {
        ParaphrasesSpec {
            texts: PathBuf::from("pairs.json"),
            order: Order::default(),
            exponent: NonNegative::try_from(0.9).expect("not negative"),
            similar_share: Fraction::percent(50),
            join_equal_texts: true,
        }
    }
}

/// A file's list item.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    origin: String,
    similar: String,
}

/// Texts by row: all origins, then all similar ones.
#[derive(Debug)]
pub struct Texts {
    rows: Vec<String>,
    /// Row to prompt id: the first row with the same text.
    first: Vec<u32>,
    /// Row to intent.
    intents: Vec<u32>,
    /// Characters, and tenths of a token, of each row's text.
    sizes: Vec<PromptSize>,
    popularity: Alias,
    names: Names,
}

impl ParaphrasesSpec {
    /// Reports an empty file name.
    pub fn check(&self, problems: &mut Problems) {
        if self.texts.as_os_str().is_empty() {
            problems.at("texts", |p| p.error("expected the name of a file"));
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub(super) fn read(&self, paths: &DataPaths) -> Result<Texts, (String, String)> {
        let nowhere = |missing: NotFound| (missing.to_string(), missing.help());
        let file = paths.find(&self.texts, USUAL).map_err(nowhere)?;
        let expected = "expected a list of { \"origin\": \"a text\", \"similar\": \"another\" }";
        let pairs = read_pairs(&file).map_err(|why| (why, expected.to_owned()))?;
        Ok(self.number(pairs))
    }

    fn number(&self, pairs: Vec<Pair>) -> Texts {
        let count = pairs.len();
        let (origins, similar): (Vec<String>, Vec<String>) =
            pairs.into_iter().map(|pair| (pair.origin, pair.similar)).unzip();
        let texts: Vec<String> =
            origins.iter().chain(&similar).map(|text| text::strip(text).to_owned()).collect();
        let mut seen: HashMap<&str, u32> = HashMap::new();
        let first: Vec<u32> = texts
            .iter()
            .zip(0..)
            .map(
                |(text, row)| {
                    if self.join_equal_texts { *seen.entry(text).or_insert(row) } else { row }
                },
            )
            .collect();
        let intents = joined(&first, count);
        let share = self.similar_share.get();
        let pairs = zipf_weights(count as u32, self.exponent.get());
        let weights: Vec<f64> = [1.0 - share, share]
            .iter()
            .flat_map(|share| pairs.iter().map(move |pair| pair * share))
            .collect();
        let sizes = texts.iter().map(|text| PromptSize::of(text)).collect();
        Texts {
            rows: texts,
            sizes,
            first,
            intents,
            popularity: Alias::new(&weights),
            names: Names::default(),
        }
    }
}

/// The intent of each row, where pairs that share a text share an intent: the
/// least pair of each connected set.
fn joined(first: &[u32], count: usize) -> Vec<u32> {
    let mut leader: Vec<u32> = (0..count as u32).collect();
    let root = |leader: &[u32], mut pair: u32| {
        while leader[pair as usize] != pair {
            pair = leader[pair as usize];
        }
        pair
    };
    for (row, first) in first.iter().enumerate() {
        let (a, b) = (root(&leader, (row % count) as u32), root(&leader, first % count as u32));
        leader[a.max(b) as usize] = a.min(b);
    }
    (0..first.len()).map(|row| root(&leader, (row % count) as u32)).collect()
}

fn read_pairs(file: &Path) -> Result<Vec<Pair>, String> {
    let read = read_text(file).and_then(|(position, text)| read_unique(&text, &position));
    let pairs: Vec<Pair> = read.map_err(|error| error.to_string())?;
    let empty = || format!("{}: there are no pairs in it", file.display());
    if pairs.is_empty() { Err(empty()) } else { Ok(pairs) }
}

impl Texts {
    /// How many rows, origins and similar texts together.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no text; never so.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text of a row, stripped.
    pub fn text(&self, row: u64) -> Option<&str> {
        self.rows.get(row as usize).map(String::as_str)
    }

    /// The prompt with this text.
    pub fn named(&self, text: &str) -> Option<PromptId> {
        let text_of = |row| self.text(row).map(str::to_owned);
        self.names.find(text, self.rows.len() as u64, text_of).map(PromptId)
    }

    /// What a row's text means.
    #[inline]
    pub fn intent(&self, row: u64) -> IntentId {
        IntentId(self.intents.get(row as usize).map_or(row, |intent| u64::from(*intent)))
    }

    /// The prompt of a row: the first with the same text.
    #[inline]
    pub(super) fn prompt(&self, row: usize) -> u64 {
        u64::from(self.first[row])
    }

    /// The row that 64 random bits choose.
    #[inline]
    pub(super) fn pick(&self, bits: u64) -> usize {
        self.popularity.pick(bits) as usize
    }

    /// Characters and tenths of a token of a row's text.
    #[inline]
    pub fn size(&self, row: u64) -> Option<PromptSize> {
        self.sizes.get(row as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Texts, (String, String)> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pairs.json"), json).unwrap();
        let paths = DataPaths { folders: vec![folder.path().to_path_buf()] };
        ParaphrasesSpec::default().read(&paths)
    }

    const PAIRS: &str = r#"[
        {"origin": "a", "similar": "b"}, {"origin": "c", "similar": " d "},
        {"origin": "a ", "similar": "e f"}, {"origin": "g", "similar": "d"}
    ]"#;

    #[test]
    fn equal_texts_are_one_prompt_and_join_their_pairs() {
        let texts = read(PAIRS).unwrap();
        let ids: Vec<u64> = (0..8).map(|row| texts.prompt(row)).collect();
        assert_eq!(ids, [0, 1, 0, 3, 4, 5, 6, 5]);
        let intents: Vec<u64> = (0..8).map(|row| texts.intent(row).0).collect();
        assert_eq!(intents, [0, 1, 0, 1, 0, 1, 0, 1]);
        assert_eq!((texts.text(5), texts.size(6)), (Some("d"), Some(PromptSize::of("e f"))));
    }

    #[test]
    fn chains_of_equal_texts_are_joined_to_their_end() {
        // 0-2 by the origin, 1-3 by the similar text, 3-2 by a text in both.
        assert_eq!(joined(&[0, 1, 0, 3, 4, 5, 3, 5], 4), [0; 8]);
    }

    #[test]
    fn a_broken_file_is_blamed_at_its_place() {
        let broken = read("[{\"origin\": \"a\"}]").unwrap_err().0;
        assert!(broken.ends_with("pairs.json:1: missing field `similar` (column 16)"), "{broken}");
        assert!(read("[]").unwrap_err().0.ends_with("there are no pairs in it"));
        let missing = ParaphrasesSpec::default().read(&DataPaths::default()).unwrap_err();
        assert_eq!(missing.0, "`pairs.json` was not found");
    }
}
