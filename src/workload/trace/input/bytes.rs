//! The bytes of a trace file, unpacked. How a file is packed is told by how it
//! begins, not by its name.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::error::TraceError;
use super::position::Position;
use super::zstd::Frames;

/// Packed bytes that are read at once.
const BLOCK: usize = 1 << 17;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::workload::trace) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    /// From a file's first bytes (RFC 1952, section 2.3.1; RFC 8878, section
    /// 3.1, whose skippable frames may come first).
    fn of(beginning: &[u8]) -> Packing {
        match beginning {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Packing::Zstd,
            _ => Packing::Plain,
        }
    }
}

/// Opens a file to be read from its beginning.
pub(in crate::workload::trace) fn open(path: &Path) -> io::Result<(Packing, Box<dyn Read + Send>)> {
    let mut file = File::open(path)?;
    let mut beginning = Vec::with_capacity(4);
    (&mut file).take(4).read_to_end(&mut beginning)?;
    let packing = Packing::of(&beginning);
    let whole = Cursor::new(beginning).chain(file);
    let buffered = |whole| BufReader::with_capacity(BLOCK, whole);
    let bytes: Box<dyn Read + Send> = match packing {
        Packing::Plain => Box::new(whole),
        Packing::Gzip => Box::new(MultiGzDecoder::new(buffered(whole))),
        Packing::Zstd => Box::new(Frames::new(buffered(whole))),
    };
    Ok((packing, bytes))
}

/// Opens a file to be read from its beginning, and the place before its first line.
pub(in crate::workload) fn open_at(
    path: &Path,
) -> Result<(Position, Box<dyn Read + Send>), TraceError> {
    let position = Position::before(path);
    match open(path) {
        Ok((_, bytes)) => Ok((position, bytes)),
        Err(error) => Err(position.io(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn unpacked(bytes: &[u8]) -> io::Result<(Packing, Vec<u8>)> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let (packing, mut bytes) = open(file.path())?;
        let mut all = Vec::new();
        bytes.read_to_end(&mut all)?;
        Ok((packing, all))
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        compress_to_vec(bytes, CompressionLevel::Fastest)
    }

    #[test]
    fn every_part_of_a_packed_file_is_read() {
        let text: Vec<u8> = (0..200_000u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
        let (first, second) = text.split_at(12_345);
        assert_eq!(unpacked(&text).unwrap(), (Packing::Plain, text.clone()));
        let packed = [gzip(first), gzip(second)].concat();
        assert_eq!(unpacked(&packed).unwrap(), (Packing::Gzip, text.clone()));
        // A skippable frame of three bytes, then two frames.
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9];
        let packed = [&skipped[..], &zstd(first), &skipped, &zstd(b""), &zstd(second)].concat();
        assert_eq!(unpacked(&packed).unwrap(), (Packing::Zstd, text));
        for short in [&b""[..], b"\x1f", b"\x28\xb5\x2f"] {
            assert_eq!(unpacked(short).unwrap(), (Packing::Plain, short.to_vec()));
        }
    }

    #[test]
    fn a_torn_file_is_an_error() {
        let text = b"time,key\n1,2\n".repeat(100);
        for packed in [gzip(&text), zstd(&text)] {
            for end in [5, packed.len() / 2, packed.len() - 5] {
                assert!(unpacked(&packed[..end]).is_err(), "{end} of {}", packed.len());
            }
        }
    }
}
