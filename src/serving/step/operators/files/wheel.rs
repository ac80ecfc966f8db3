//! Files in a wheel, which is a ZIP archive (PKWARE's APPNOTE 6.3, sections 4.3.7 to 4.3.16).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;

/// A wheel's list of files.
#[derive(Debug)]
pub(super) struct Wheel {
    file: PathBuf,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    name: String,
    /// 0: as it is; 8: deflated.
    method: u16,
    packed: u64,
    size: u64,
    header: u64,
}

/// A file in it is no larger: a table takes at most a few megabytes.
const MOST_BYTES: u64 = 1 << 30;

impl Wheel {
    /// Reads the list of `file`.
    ///
    /// # Errors
    /// It cannot be read or is no such archive.
    pub fn open(file: &Path) -> io::Result<Self> {
        let mut source = File::open(file)?;
        let size = source.seek(SeekFrom::End(0))?;
        // The end's record is followed by at most 64 kB of comment.
        let tail = size.min((1 << 16) + 22);
        let end = bytes_at(&mut source, size - tail, tail)?;
        let at = end.windows(4).rposition(|it| it == b"PK\x05\x06").ok_or_else(no_archive)?;
        let record = end.get(at..at + 22).ok_or_else(no_archive)?;
        let (count, length, start) =
            (number(record, 10, 2)?, number(record, 12, 4)?, number(record, 16, 4)?);
        if start + length > size {
            return Err(no_archive());
        }
        let list = bytes_at(&mut source, start, length)?;
        let (mut members, mut rest) = (Vec::new(), list.as_slice());
        for _ in 0..count {
            if rest.get(..4) != Some(b"PK\x01\x02") {
                return Err(no_archive());
            }
            let name_length = number(rest, 28, 2)? as usize;
            let more = (number(rest, 30, 2)? + number(rest, 32, 2)?) as usize;
            let name = rest.get(46..46 + name_length).ok_or_else(no_archive)?;
            members.push(Member {
                name: String::from_utf8_lossy(name).into_owned(),
                method: number(rest, 10, 2)? as u16,
                packed: number(rest, 20, 4)?,
                size: number(rest, 24, 4)?,
                header: number(rest, 42, 4)?,
            });
            rest = rest.get(46 + name_length + more..).ok_or_else(no_archive)?;
        }
        Ok(Wheel { file: file.to_path_buf(), members })
    }

    /// The names of its files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.name.as_str())
    }

    /// What the file `name` holds.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let member = self.members.iter().find(|member| member.name == name);
        let member = member.ok_or(io::ErrorKind::NotFound)?;
        if member.size > MOST_BYTES || member.packed > MOST_BYTES {
            return Err(no_archive());
        }
        let mut source = File::open(&self.file)?;
        let header = bytes_at(&mut source, member.header, 30)?;
        if header.get(..4) != Some(b"PK\x03\x04") {
            return Err(no_archive());
        }
        // Its name and what else may be there.
        let before = 30 + number(&header, 26, 2)? + number(&header, 28, 2)?;
        let packed = bytes_at(&mut source, member.header + before, member.packed)?;
        match member.method {
            0 => Ok(packed),
            8 => {
                let mut content = Vec::with_capacity(member.size as usize);
                DeflateDecoder::new(packed.as_slice())
                    .take(MOST_BYTES)
                    .read_to_end(&mut content)?;
                if content.len() as u64 == member.size { Ok(content) } else { Err(no_archive()) }
            }
            method => {
                let message = format!("`{name}` is packed by method {method}, expected 0 or 8");
                Err(io::Error::new(io::ErrorKind::InvalidData, message))
            }
        }
    }
}

fn no_archive() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is no wheel, or not a whole one")
}

fn bytes_at(source: &mut File, at: u64, count: u64) -> io::Result<Vec<u8>> {
    source.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    source.take(count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == count { Ok(bytes) } else { Err(no_archive()) }
}

/// A number of so many bytes, the lowest first.
fn number(bytes: &[u8], at: usize, count: usize) -> io::Result<u64> {
    let bytes = bytes.get(at..at + count).ok_or_else(no_archive)?;
    Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// An archive of files, packed or not, by the same sections of the format.
    fn archive(files: &[(&str, &[u8], bool)]) -> Vec<u8> {
        let (mut bytes, mut list) = (Vec::new(), Vec::new());
        for (name, content, packed) in files {
            let mut data = content.to_vec();
            if *packed {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(content).unwrap();
                data = encoder.finish().unwrap();
            }
            let at = bytes.len() as u32;
            let mut common = vec![20, 0, 0, 0, if *packed { 8 } else { 0 }, 0, 0, 0, 0, 0];
            common.extend([0; 4]);
            common.extend((data.len() as u32).to_le_bytes());
            common.extend((content.len() as u32).to_le_bytes());
            common.extend((name.len() as u16).to_le_bytes());
            common.extend([0, 0]);
            bytes.extend(b"PK\x03\x04");
            bytes.extend(&common);
            bytes.extend(name.bytes());
            bytes.extend(data);
            list.extend(b"PK\x01\x02\x14\x00");
            list.extend(&common);
            list.extend([0; 10]);
            list.extend(at.to_le_bytes());
            list.extend(name.bytes());
        }
        let start = bytes.len() as u32;
        bytes.extend(&list);
        bytes.extend(b"PK\x05\x06\0\0\0\0\0\0");
        bytes.extend((files.len() as u16).to_le_bytes());
        bytes.extend((list.len() as u32).to_le_bytes());
        bytes.extend(start.to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }

    #[test]
    fn files_come_out_as_they_went_in() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.whl");
        let long = b"abc".repeat(1000);
        let whole = archive(&[("a/one", b"1", false), ("b", &long, true)]);
        std::fs::write(&file, &whole).unwrap();
        let wheel = Wheel::open(&file).unwrap();
        assert_eq!(wheel.names().collect::<Vec<_>>(), ["a/one", "b"]);
        assert_eq!(wheel.read("a/one").unwrap(), b"1");
        assert_eq!(wheel.read("b").unwrap(), long);
        assert!(wheel.read("c").is_err());
        for cut in 0..whole.len() {
            std::fs::write(&file, &whole[..cut]).unwrap();
            assert!(Wheel::open(&file).is_err(), "{cut} bytes");
        }
        for at in 0..whole.len() {
            let mut other = whole.clone();
            other[at] ^= 0xff;
            std::fs::write(&file, &other).unwrap();
            // It may be read, but never panics.
            if let Ok(wheel) = Wheel::open(&file) {
                let names: Vec<String> = wheel.names().map(str::to_owned).collect();
                let _: Vec<_> = names.iter().map(|name| wheel.read(name)).collect();
            }
        }
    }
}
