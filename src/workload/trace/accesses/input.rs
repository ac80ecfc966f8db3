//! A trace file in memory or as a stream, and what it is.

use std::io::{self, BufReader, Read};
use std::path::Path;

use mmap_guard::FileData;

use super::Format;
use crate::workload::trace::input::bytes::{self, Packing};

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
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning).trim_ascii_start();
    let first = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let has_blocks = first.windows(10).any(|part| part == b"\"hash_ids\"");
    if name.contains("oraclegeneral") {
        Some(Format::OracleGeneral)
    } else if ends(&[".csv"]) {
        Some(Format::Csv)
    } else if ends(&[".jsonl", ".ndjson", ".json"]) || text.starts_with(b"{") {
        Some(if has_blocks { Format::Mooncake } else { Format::Jsonl })
    } else {
        let separated = first.iter().any(|byte| matches!(byte, b',' | b';' | b'\t'));
        let is_header = separated && first.iter().all(|byte| (9..127).contains(byte));
        is_header.then_some(Format::Csv)
    }
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
}
