//! The blocks of a prompt in Mooncake's format.

use crate::workload::trace::identity;
use crate::workload::trace::input::number::parse_digits;

/// Reads the ids of the blocks of a prompt of so many tokens: one for each block of
/// `block_tokens`, the last of which may have fewer.
pub(in crate::workload::trace) fn read_blocks(
    list: &str,
    tokens: u32,
    block_tokens: u32,
    blocks: &mut Vec<u64>,
) -> Result<(), String> {
    parse_blocks(list, blocks)?;
    if blocks.len() != tokens.div_ceil(block_tokens) as usize {
        return Err(other_blocks(tokens, block_tokens, blocks.len()));
    }
    Ok(())
}

/// Why the number of blocks is wrong, and which size it would be right for.
#[cold]
fn other_blocks(tokens: u32, size: u32, found: usize) -> String {
    let expected = tokens.div_ceil(size);
    let why = format!(
        "an input_length of {tokens} takes {expected} blocks of {size} tokens; hash_ids has {found}"
    );
    let fits = (2..=16).map(|power| 1_u32 << power);
    let mut fits = fits.filter(|other| tokens.div_ceil(*other) as usize == found);
    match fits.next() {
        Some(other) => {
            format!("{why}: if its blocks have {other} tokens, say `block_tokens: {other}`")
        }
        None => why,
    }
}

/// Reads `[0, 1, 2]`.
fn parse_blocks(list: &str, blocks: &mut Vec<u64>) -> Result<(), String> {
    let shown = |text: &str| text.chars().take(40).collect::<String>();
    let inner = list.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let inner = inner.ok_or_else(|| format!("hash_ids is `{}`: expected a list", shown(list)))?;
    if inner.trim_ascii().is_empty() {
        return Ok(());
    }
    if inner.contains('"') {
        return identity::parse_blocks(list.as_bytes(), blocks);
    }
    for id in inner.split(',') {
        let id = id.trim_ascii();
        if let Some(number) = parse_digits(id.as_bytes()) {
            blocks.push(number);
            continue;
        }
        blocks.push(id.parse().map_err(|_| {
            format!("hash_ids has `{}`: expected whole numbers from 0 to 2^64 - 1", shown(id))
        })?);
    }
    Ok(())
}
