//! A stream of text: UTF-8 is what all readers take, and any other bytes are refused
//! where they are.

use std::collections::VecDeque;
use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memchr2, memrchr};

/// Bytes that are no text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {why}")]
pub(in crate::workload) struct NotText {
    /// From 1.
    pub line: u64,
    /// In characters, from 1.
    pub column: u64,
    /// What is there, and what to do about it.
    pub why: String,
}

/// Passes on bytes that are UTF-8, without a byte order mark, and keeps count of lines,
/// which end with `\n`, `\r\n` or `\r`.
#[derive(Debug)]
pub(in crate::workload) struct TextStream<R> {
    bytes: R,
    /// Bytes that were read to look at the beginning, and how many of them were passed on.
    beginning: Vec<u8>,
    begun: bool,
    /// A character that the last block broke off.
    torn: Vec<u8>,
    /// How much was passed on.
    passed: u64,
    /// The line that comes next, from 1, and how many of its characters were passed on.
    line: u64,
    column: u64,
    in_line: bool,
    after_return: bool,
    /// Where lines that are not empty begin, if that is asked for: offset and number.
    starts: Option<VecDeque<(u64, u64)>>,
    wrong: Option<NotText>,
    /// The last byte so far that is no white space.
    last_sign: Option<u8>,
}

impl<R: Read> TextStream<R> {
    /// The text in `bytes`.
    pub fn new(bytes: R) -> Self {
        TextStream {
            bytes,
            beginning: Vec::new(),
            begun: false,
            torn: Vec::new(),
            passed: 0,
            line: 1,
            column: 0,
            in_line: false,
            after_return: false,
            starts: None,
            wrong: None,
            last_sign: None,
        }
    }

    /// The same, which remembers where lines begin until [`TextStream::line_from`] asks.
    pub fn with_lines(bytes: R) -> Self {
        TextStream { starts: Some(VecDeque::new()), ..TextStream::new(bytes) }
    }

    /// The number of the first line that is not empty and begins at `offset` or behind it;
    /// offsets may only grow.
    pub fn line_from(&mut self, offset: u64) -> Option<u64> {
        let starts = self.starts.as_mut()?;
        while starts.front()?.0 < offset {
            starts.pop_front();
        }
        starts.front().map(|(_, line)| *line)
    }

    /// The last byte that is no white space, of what was passed on.
    pub fn last_sign(&self) -> Option<u8> {
        self.last_sign
    }

    /// Looks at the first bytes: other encodings have a mark, or zeros where UTF-8 has none.
    fn begin(&mut self) -> io::Result<()> {
        (&mut self.bytes).take(4).read_to_end(&mut self.beginning)?;
        self.begun = true;
        if let Some(encoding) = encoding(&self.beginning) {
            return Err(self.refuse(format!(
                "the file is written in {encoding}: write it as UTF-8, such as by \
                 `iconv -f {encoding} -t UTF-8`"
            )));
        }
        if self.beginning.starts_with(b"\xef\xbb\xbf") {
            self.beginning.drain(..3);
        }
        Ok(())
    }

    #[cold]
    fn refuse(&mut self, why: String) -> io::Error {
        let wrong = NotText { line: self.line, column: self.column + 1, why };
        self.wrong = Some(wrong.clone());
        io::Error::new(io::ErrorKind::InvalidData, wrong)
    }

    /// How many of `bytes`, which follow what was passed on, are text; `None` for all.
    fn valid(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while !self.torn.is_empty() {
            let byte = bytes.get(at)?;
            self.torn.push(*byte);
            at += 1;
            match std::str::from_utf8(&self.torn) {
                Ok(_) => self.torn.clear(),
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Some(0),
            }
        }
        match std::str::from_utf8(&bytes[at..]) {
            Ok(_) => None,
            Err(error) if error.error_len().is_none() => {
                self.torn.extend_from_slice(&bytes[at + error.valid_up_to()..]);
                None
            }
            Err(error) => Some(at + error.valid_up_to()),
        }
    }

    /// Counts lines and characters in what is passed on.
    fn count(&mut self, bytes: &[u8]) {
        let sign = bytes.iter().rev().find(|byte| !byte.is_ascii_whitespace());
        self.last_sign = sign.copied().or(self.last_sign);
        if !self.after_return && memchr(b'\r', bytes).is_none() {
            self.count_newlines(bytes);
        } else {
            self.count_ends(bytes);
        }
    }

    /// The same where only `\n` ends lines.
    fn count_newlines(&mut self, bytes: &[u8]) {
        let mut begins = 0;
        if let Some(starts) = &mut self.starts {
            let mut in_line = self.in_line;
            for end in memchr_iter(b'\n', bytes) {
                if begins < end && !in_line {
                    starts.push_back((self.passed + begins as u64, self.line));
                }
                self.line += 1;
                (in_line, begins) = (false, end + 1);
            }
            if begins < bytes.len() && !in_line {
                starts.push_back((self.passed + begins as u64, self.line));
            }
        } else {
            self.line += memchr_iter(b'\n', bytes).count() as u64;
            begins = memrchr(b'\n', bytes).map_or(0, |last| last + 1);
        }
        if begins > 0 {
            (self.column, self.in_line) = (0, false);
        }
        let rest = &bytes[begins..];
        self.column += characters(rest);
        self.in_line |= !rest.is_empty();
        self.passed += bytes.len() as u64;
    }

    fn count_ends(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.after_return {
                self.after_return = false;
                if rest[0] == b'\n' {
                    self.passed += 1;
                    rest = &rest[1..];
                    continue;
                }
            }
            let end = memchr2(b'\n', b'\r', rest);
            let length = end.unwrap_or(rest.len());
            if length > 0
                && !self.in_line
                && let Some(starts) = &mut self.starts
            {
                starts.push_back((self.passed, self.line));
            }
            let Some(end) = end else {
                self.column += characters(rest);
                self.in_line = true;
                self.passed += rest.len() as u64;
                return;
            };
            self.in_line = false;
            self.after_return = rest[end] == b'\r';
            self.passed += end as u64 + 1;
            self.line += 1;
            self.column = 0;
            rest = &rest[end + 1..];
        }
    }
}

/// Characters in a text, the first of which may have begun before.
fn characters(text: &[u8]) -> u64 {
    text.iter().filter(|byte| !matches!(byte, 0x80..=0xbf)).count() as u64
}

/// The encoding that a file's first bytes show, if it is none that is read.
fn encoding(beginning: &[u8]) -> Option<&'static str> {
    match beginning {
        [0xff, 0xfe, 0, 0, ..] | [_, 0, 0, 0, ..] => Some("UTF-32LE"),
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, _, ..] => Some("UTF-32BE"),
        [0xff, 0xfe, ..] => Some("UTF-16LE"),
        [0xfe, 0xff, ..] => Some("UTF-16BE"),
        [first, 0, ..] if *first > 0 => Some("UTF-16LE"),
        [0, second, ..] if *second > 0 => Some("UTF-16BE"),
        _ => None,
    }
}

impl<R: Read> Read for TextStream<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(wrong) = &self.wrong {
            return Err(io::Error::new(io::ErrorKind::InvalidData, wrong.clone()));
        }
        if !self.begun {
            self.begin()?;
        }
        let read = if self.beginning.is_empty() {
            self.bytes.read(out)?
        } else {
            let length = self.beginning.len().min(out.len());
            out[..length].copy_from_slice(&self.beginning[..length]);
            self.beginning.drain(..length);
            length
        };
        if read == 0 && !self.torn.is_empty() && !out.is_empty() {
            // It was counted as it began.
            self.column = self.column.saturating_sub(1);
            return Err(self.refuse("the file ends within a character".to_owned()));
        }
        let Some(valid) = self.valid(&out[..read]) else {
            self.count(&out[..read]);
            return Ok(read);
        };
        self.count(&out[..valid]);
        let mut found = out[valid];
        // A character that the last block broke off, and that is none.
        if valid == 0
            && let Some(first) = self.torn.first()
        {
            found = *first;
            self.column = self.column.saturating_sub(1);
        }
        let error = self.refuse(format!(
            "the byte 0x{found:02X} is not UTF-8: is the file written in Latin-1 or \
             Windows-1252? write it as UTF-8, such as by `iconv -f WINDOWS-1252 -t UTF-8`"
        ));
        // What came before is read first.
        if valid == 0 { Err(error) } else { Ok(valid) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many bytes at a time.
    struct Drops<'b>(&'b [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(out.len());
            out[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn read(bytes: &[u8], at_once: usize) -> (Vec<u8>, Option<NotText>) {
        let mut stream = TextStream::new(Drops(bytes, at_once));
        let mut text = Vec::new();
        let mut block = [0; 64];
        loop {
            match stream.read(&mut block) {
                Ok(0) => return (text, None),
                Ok(read) => text.extend_from_slice(&block[..read]),
                Err(error) => {
                    let inner = error.into_inner().unwrap();
                    return (text, Some(*inner.downcast::<NotText>().unwrap()));
                }
            }
        }
    }

    #[test]
    fn text_passes_and_other_bytes_are_refused_where_they_are() {
        for at_once in 1..9 {
            let text = "a\u{e4}\u{20ac}\u{1f600}\r\nb\rc\n".as_bytes();
            assert_eq!(read(text, at_once), (text.to_vec(), None));
            let marked = [b"\xef\xbb\xbf", text].concat();
            assert_eq!(read(&marked, at_once), (text.to_vec(), None));
            for (bytes, line, column) in [
                (&b"ab\xe9,c"[..], 1, 3),
                (b"ab\r\n\xc3\xa4x\xe9", 2, 3),
                (b"ab\rcd\rx\xff", 3, 2),
                (b"\xffabcd", 1, 1),
            ] {
                let wrong = read(bytes, at_once).1.expect("no UTF-8");
                assert_eq!((wrong.line, wrong.column), (line, column), "{bytes:?} {at_once}");
            }
            assert!(read(b"abc\xe2\x82", at_once).1.unwrap().why.contains("ends within"));
        }
    }

    #[test]
    fn other_encodings_are_named() {
        for (bytes, name) in [
            (&b"\xff\xfet\0i\0"[..], "UTF-16LE"),
            (b"t\0i\0m\0e\0", "UTF-16LE"),
            (b"\xfe\xff\0t\0i", "UTF-16BE"),
            (b"\0t\0i", "UTF-16BE"),
            (b"t\0\0\0i\0\0\0", "UTF-32LE"),
        ] {
            let wrong = read(bytes, 3).1.expect("no UTF-8");
            assert!(wrong.why.contains(&format!("iconv -f {name} ")), "{name}: {}", wrong.why);
        }
    }

    #[test]
    fn lines_are_found_by_where_they_begin_whatever_ends_them() {
        for ends in ["\n", "\r\n", "\r"] {
            for at_once in 1..7 {
                let text = ["ab", "", "", "\u{e4}", "d", ""].join(ends);
                let mut stream = TextStream::with_lines(Drops(text.as_bytes(), at_once));
                io::copy(&mut stream, &mut io::sink()).unwrap();
                let second = text.find('\u{e4}').unwrap() as u64;
                assert_eq!(stream.line_from(0), Some(1));
                assert_eq!(stream.line_from(2), Some(4), "{ends:?} {at_once}");
                assert_eq!(stream.line_from(second), Some(4));
                assert_eq!(stream.line_from(second + 1), Some(5));
                assert_eq!(stream.line_from(text.len() as u64), None);
            }
        }
    }
}
