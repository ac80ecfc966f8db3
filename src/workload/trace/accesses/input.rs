//! A trace file in memory or as a stream, and what it is.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use mmap_guard::FileData;

use super::Format;
use crate::workload::trace::bytes::{self, Packing};

/// Unpacked bytes that are held at once.
const BLOCK: usize = 1 << 18;

/// A trace file.
pub(super) enum Input {
    /// All of a plain file, mapped into memory.
    Mapped(FileData),
    /// A packed file, or one that cannot be mapped, such as a pipe.
    Stream(BufReader<Box<dyn Read + Send>>),
}

impl Input {
    pub(super) fn open(path: &Path) -> io::Result<Input> {
        let (packing, stream) = bytes::open(path)?;
        // A file that someone has locked, or no regular file, is read instead.
        match mmap_guard::map_file(path) {
            Ok(bytes) if packing == Packing::Plain => Ok(Input::Mapped(bytes)),
            _ => Ok(Input::Stream(BufReader::with_capacity(BLOCK, stream))),
        }
    }
}

/// What to say of a file whose format cannot be told.
pub(super) const UNKNOWN: &str = "cannot tell the trace's format from its name or beginning: \
     name it with --input-format csv, jsonl, mooncake or oracle_general";

/// The format, from the file's name and what it begins with.
pub(in crate::workload::trace) fn detect(path: &Path, beginning: &[u8]) -> Option<Format> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let text = beginning.trim_ascii_start();
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let has_blocks = first.windows(10).any(|part| part == b"\"hash_ids\"");
    if name.contains("oraclegeneral") {
        Some(Format::OracleGeneral)
    } else if ends(&[".csv"]) {
        Some(Format::Csv)
    } else if ends(&[".jsonl", ".ndjson", ".json"]) || text.starts_with(b"{") {
        Some(if has_blocks { Format::Mooncake } else { Format::Jsonl })
    } else {
        let is_header = first.contains(&b',') && first.iter().all(|byte| (9..127).contains(byte));
        is_header.then_some(Format::Csv)
    }
}

/// The next line without its line end, into `line`; false at the end. A line of
/// more than `most` bytes is an error: the file is none of lines.
#[inline]
pub(super) fn next_line(
    input: &mut impl BufRead,
    line: &mut Vec<u8>,
    most: u64,
) -> io::Result<bool> {
    line.clear();
    let read = input.take(most).read_until(b'\n', line)?;
    if read as u64 == most && line.last() != Some(&b'\n') {
        let why = format!("a line is longer than {most} bytes: not a trace");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(read > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_name_or_beginning() {
        let told = |name: &str, beginning: &str| detect(Path::new(name), beginning.as_bytes());
        assert_eq!(told("a/wiki.oracleGeneral.zst", ""), Some(Format::OracleGeneral));
        assert_eq!(told("t.CSV.gz", ""), Some(Format::Csv));
        assert_eq!(told("t.jsonl", "{\"key\": 1}\n"), Some(Format::Jsonl));
        assert_eq!(told("t.jsonl.gz", "{\"hash_ids\": [1]}\n"), Some(Format::Mooncake));
        assert_eq!(told("trace", " {\"key\": \"hash_ids\"}\n{\"hash"), Some(Format::Mooncake));
        assert_eq!(told("trace", "time,key\n1,2\n"), Some(Format::Csv));
        assert_eq!(told("trace", "\u{1}\u{0}\u{2},"), None);
    }

    #[test]
    fn a_file_of_no_lines_is_not_loaded() {
        let mut line = Vec::new();
        let mut text = &b"ab\r\n\nc"[..];
        let mut lines = Vec::new();
        while next_line(&mut text, &mut line, 10).unwrap() {
            lines.push(line.clone());
        }
        assert_eq!(lines, [&b"ab\r"[..], b"", b"c"]);
        assert!(next_line(&mut &[b'x'; 99][..], &mut line, 10).is_err());
    }
}
