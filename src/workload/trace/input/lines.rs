//! The lines of a file in constant memory, and where each of them is.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use memchr::memchr2;

use super::bytes;
use super::error::TraceError;
use super::position::Position;
use super::text::TextStream;

/// The buffer's size, unless a line is longer.
const BUFFER: usize = 64 * 1024;

/// The longest line: a file of longer ones is no trace.
const LONGEST: usize = 16 * 1024 * 1024;

/// Reads a file, plain or packed, line by line; the last line may lack its
/// end; `\n`, `\r\n` and `\r` end lines.
pub(in crate::workload) struct Lines<R = Box<dyn Read + Send>> {
    file: TextStream<R>,
    buffer: Vec<u8>,
    /// What was read and not yet returned.
    ahead: Range<usize>,
    line: Range<usize>,
    /// Where that line is; its number is 0 before the first.
    position: Position,
    at_end: bool,
}

impl<R> fmt::Debug for Lines<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("position", &self.position).finish_non_exhaustive()
    }
}

impl Lines {
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        Ok(Lines::new(bytes::open_at(path)?.1, path))
    }
}

impl<R: Read> Lines<R> {
    /// The lines of `bytes`, which are the file's.
    pub fn new(bytes: R, path: &Path) -> Self {
        let (position, file) = (Position::before(path), TextStream::new(bytes));
        let buffer = vec![0; BUFFER];
        Lines { file, buffer, ahead: 0..0, line: 0..0, position, at_end: false }
    }

    /// The line that [`Lines::advance`] came to, without its newline.
    #[inline]
    pub fn line(&self) -> &[u8] {
        &self.buffer[self.line.clone()]
    }

    /// Where that line is.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Goes to the next line that is not empty; false at the end of the file.
    #[inline]
    pub fn advance_to_text(&mut self) -> Result<bool, TraceError> {
        loop {
            if !self.advance()? {
                return Ok(false);
            }
            let line = self.line();
            if line.first().is_some_and(|byte| !byte.is_ascii_whitespace())
                || !line.trim_ascii_start().is_empty()
            {
                return Ok(true);
            }
        }
    }

    /// Goes to the next line; false at the end of the file.
    #[inline]
    pub fn advance(&mut self) -> Result<bool, TraceError> {
        let mut searched = 0;
        loop {
            let ahead = &self.buffer[self.ahead.clone()];
            if let Some(found) = memchr2(b'\n', b'\r', &ahead[searched..]) {
                let end = searched + found;
                // What follows a `\r` says whether the line's end has a second byte.
                if ahead[end] == b'\n' || end + 1 < ahead.len() || self.at_end {
                    let two = ahead[end] == b'\r' && ahead.get(end + 1) == Some(&b'\n');
                    let newline = if two { 2 } else { 1 };
                    self.take(end, newline);
                    return Ok(true);
                }
                searched = end;
            } else {
                searched = ahead.len();
            }
            if self.at_end {
                let left = searched > 0;
                if left {
                    self.take(searched, 0);
                }
                return Ok(left);
            }
            if let Err(error) = self.refill() {
                return Err(self.position.io(error));
            }
        }
    }

    /// Makes the next `length` bytes the present line.
    fn take(&mut self, length: usize, newline: usize) {
        let end = self.ahead.start + length;
        self.line = self.ahead.start..end;
        self.ahead.start = end + newline;
        self.position.line += 1;
    }

    /// Reads on behind what is left, which moves to the buffer's beginning.
    fn refill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.ahead.clone(), 0);
        self.ahead = 0..self.ahead.len();
        if self.ahead.end == LONGEST {
            let line = self.position.line + 1;
            let why = format!("line {line} is longer than {LONGEST} bytes: not a trace");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        if self.ahead.end == self.buffer.len() {
            self.buffer.resize(2 * self.ahead.end, 0);
        }
        let read = loop {
            match self.file.read(&mut self.buffer[self.ahead.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.ahead.end += read;
        self.at_end = read == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn lines(text: &[u8]) -> Result<Vec<Vec<u8>>, TraceError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut lines = Lines::open(file.path())?;
        let mut all = vec![];
        while lines.advance()? {
            all.push(lines.line().to_vec());
        }
        assert_eq!(lines.position().line, all.len() as u64);
        Ok(all)
    }

    #[test]
    fn all_kinds_of_line_ends_are_read() {
        assert_eq!(lines(b"").unwrap(), [b""; 0]);
        assert_eq!(lines(b"a\nb").unwrap(), [b"a", b"b"]);
        assert_eq!(lines(b"a\r\nb\r\n").unwrap(), [b"a", b"b"]);
        assert_eq!(lines(b"a\r\nb\r").unwrap(), [b"a", b"b"]);
        assert_eq!(lines(b"a\rb\r\rc").unwrap(), [&b"a"[..], b"b", b"", b"c"]);
        assert_eq!(lines(b"\n\nc\n").unwrap(), [&b""[..], b"", b"c"]);
    }

    #[test]
    fn lines_across_the_buffers_end_stay_whole() {
        for ends in [&b"\n"[..], b"\r\n", b"\r"] {
            let wanted: Vec<Vec<u8>> =
                (0..40_000).map(|i| format!("line {i}").into_bytes()).collect();
            assert_eq!(lines(&wanted.join(ends)).unwrap(), wanted);
        }
        let long = vec![b'x'; 5 * BUFFER - 1];
        assert_eq!(lines(&[&long[..], b"\ny"].concat()).unwrap(), [long, b"y".to_vec()]);
    }

    #[test]
    fn gzip_is_unpacked_member_by_member_and_a_torn_file_is_an_error() {
        let pack = |text: &[u8]| {
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(text).unwrap();
            packed.finish().unwrap()
        };
        let packed = [pack(b"a\nb"), pack(b"c\nd\n")].concat();
        assert_eq!(lines(&packed).unwrap(), [&b"a"[..], b"bc", b"d"]);
        assert!(lines(&packed[..packed.len() - 3]).is_err());
    }

    #[test]
    fn a_file_without_lines_is_refused_and_not_loaded() {
        let error = lines(&vec![b'x'; LONGEST + 1]).unwrap_err();
        assert!(error.to_string().contains("line 1 is longer"), "{error}");
    }
}
