//! Which prompt it is, told by what a trace says of it.

use serde_json::value::RawValue;

use super::input::json;
use super::input::number::whole_number;
use crate::workload::incoming::PromptId;

/// Equal texts are equal prompts. A whole number is the prompt's id itself, so that
/// a trace of ids is replayed with the same ids; of any other text it is a hash, so
/// that no text need be kept.
#[inline]
pub(super) fn of_text(text: &[u8]) -> PromptId {
    if let Some(number) = whole_number(text) {
        return PromptId(number);
    }
    let mut hash = TextHash::default();
    hash.add(text);
    hash.prompt()
}

/// Reads a list of ids, such as `[0, 1, 2]`, `0 1 2` or `["a", "b"]`: whole numbers are
/// themselves, anything else is hashed.
///
/// # Errors
/// If one of a JSON list is a list itself or an object, or the list is none.
pub(super) fn parse_blocks(list: &[u8], blocks: &mut Vec<u64>) -> Result<(), String> {
    let list = list.trim_ascii();
    let inner = list.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    if inner.is_some_and(|inner| inner.iter().any(|byte| matches!(byte, b'"' | b'[' | b'{'))) {
        return parse_texts(list, blocks);
    }
    let inner = inner.unwrap_or(list);
    let ids = inner.split(|byte| matches!(byte, b',' | b';' | b'|') || byte.is_ascii_whitespace());
    for id in ids.map(<[u8]>::trim_ascii).filter(|id| !id.is_empty()) {
        blocks.push(of_text(id).0);
    }
    Ok(())
}

/// Of a JSON list in which not all are numbers.
#[cold]
fn parse_texts(list: &[u8], blocks: &mut Vec<u64>) -> Result<(), String> {
    let ids: Vec<&RawValue> = serde_json::from_slice(list).map_err(|error| json::plain(&error))?;
    for id in ids {
        if id.get().starts_with(['[', '{']) {
            let shown: String = id.get().chars().take(40).collect();
            return Err(format!("the id of a block is `{shown}`: expected a number or a text"));
        }
        blocks.push(of_text(json::text(id)?.as_bytes()).0);
    }
    Ok(())
}

/// A prompt of which nothing is known: it is one of its own, by its place in the file.
pub(super) fn of_unknown(stamp: u64, line: u64) -> PromptId {
    let mut hash = TextHash::default();
    hash.add(b"\0unknown");
    hash.add(&stamp.to_le_bytes());
    hash.add(&line.to_le_bytes());
    hash.prompt()
}

/// Prompts are the same if their lengths and all their blocks are: a 64-bit hash
/// of these (two of a million different prompts share one with a probability of
/// 3 in 10^8), so that no prompt need be remembered. Each step is a folded
/// multiplication by an odd number, as wyhash does.
#[inline]
pub(super) fn of_blocks(tokens: u32, blocks: &[u64]) -> PromptId {
    let mix = |state: u64, value: u64| {
        let product = u128::from(state ^ value) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        product as u64 ^ (product >> 64) as u64
    };
    let start = mix(0x243f_6a88_85a3_08d3, u64::from(tokens));
    PromptId(blocks.iter().fold(start, |state, block| mix(state, *block)))
}

/// A hash of a text as it grows (FNV-1a, with a last mix). Two of a million
/// different texts share one with a probability of 3 in 10^8.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextHash(u64);

impl Default for TextHash {
    fn default() -> Self {
        TextHash(0xcbf2_9ce4_8422_2325)
    }
}

impl TextHash {
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    }

    /// The hash of the text so far.
    #[inline]
    pub fn value(self) -> u64 {
        (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// The prompt that is the text so far.
    pub fn prompt(self) -> PromptId {
        PromptId(self.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_ids_are_read_however_they_are_written() {
        let read = |list: &str| {
            let mut blocks = vec![];
            parse_blocks(list.as_bytes(), &mut blocks).unwrap();
            blocks
        };
        for list in
            ["[7, 18446744073709551615]", "7 18446744073709551615", "7;18446744073709551615"]
        {
            assert_eq!(read(list), [7, u64::MAX], "{list}");
        }
        assert_eq!(read("[]"), [0; 0]);
        let big = read("[18446744073709551616, 18446744073709551617]");
        assert!(big[0] != big[1] && big[0] != u64::MAX);
        assert_eq!(read("[\"a\", \"9\"]"), [of_text(b"a").0, 9]);
        assert_eq!(read("[\"a, b\", 9]"), [of_text(b"a, b").0, 9]);
        assert!(parse_blocks(b"[[1, 2], 3]", &mut vec![]).unwrap_err().contains("`[1, 2]`"));
    }

    #[test]
    fn a_number_is_its_own_id_and_texts_differ() {
        assert_eq!(of_text(b"17"), PromptId(17));
        let texts = ["017", "17 ", "", "What is AI?", "What is AI", "-1", "1.0"];
        for (i, text) in texts.iter().enumerate() {
            let id = of_text(text.as_bytes());
            assert!(texts[..i].iter().all(|other| of_text(other.as_bytes()) != id), "{text}");
        }
    }
}
