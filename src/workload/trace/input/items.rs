//! The items of a JSON list, or of lines of JSON, one at a time.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use memchr::{memchr, memchr_iter, memchr2};

use super::bytes;
use super::error::TraceError;
use super::lines::Lines;
use super::position::Position;
use super::text::TextStream;

/// The largest item in bytes.
pub(super) const LARGEST: usize = 1 << 26;

/// Reads a file item by item: those of a list, if it begins with one, else its
/// lines.
#[derive(Debug)]
pub(in crate::workload::trace) enum Items {
    List(List),
    Lines(Lines),
}

impl Items {
    pub fn open(file: &Path) -> Result<Self, TraceError> {
        let mut list = List::open(file)?;
        if list.begins()? { Ok(Items::List(list)) } else { Ok(Items::Lines(Lines::open(file)?)) }
    }

    /// Goes to the next item; false at the end.
    pub fn advance(&mut self) -> Result<bool, TraceError> {
        match self {
            Items::List(list) => list.advance(),
            Items::Lines(lines) => lines.advance_to_text(),
        }
    }

    /// The item that [`Items::advance`] came to.
    pub fn item(&self) -> &[u8] {
        match self {
            Items::List(list) => &list.item,
            Items::Lines(lines) => lines.line(),
        }
    }

    /// Where it begins.
    pub fn position(&self) -> &Position {
        match self {
            Items::List(list) => &list.position,
            Items::Lines(lines) => lines.position(),
        }
    }
}

/// A JSON list, of which one item at a time is in memory. What an item holds is not
/// looked at, besides its brackets and texts.
pub(in crate::workload::trace) struct List {
    input: BufReader<TextStream<Box<dyn Read + Send>>>,
    item: Vec<u8>,
    /// Where the item begins.
    position: Position,
    /// The line that the input has come to.
    line: u64,
    after_return: bool,
    /// Whether an item was looked for, and whether the list has ended.
    begun: bool,
    ended: bool,
}

/// Where in an item a scan has come to.
#[derive(Clone, Copy, Default)]
pub(super) struct Scan {
    /// Brackets and braces that are open.
    depth: usize,
    in_text: bool,
    escaped: bool,
    begun: bool,
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("position", &self.position).finish_non_exhaustive()
    }
}

impl List {
    fn open(file: &Path) -> Result<Self, TraceError> {
        let (position, stream) = bytes::open_at(file)?;
        let input = BufReader::with_capacity(1 << 16, TextStream::new(stream));
        Ok(List {
            input,
            item: Vec::new(),
            position,
            line: 1,
            after_return: false,
            begun: false,
            ended: false,
        })
    }

    /// Whether the file is a list; goes behind its bracket.
    fn begins(&mut self) -> Result<bool, TraceError> {
        let begins = self.peek()? == Some(b'[');
        if begins {
            self.input.consume(1);
        }
        Ok(begins)
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Result<Option<u8>, TraceError> {
        loop {
            let ahead = self.input.fill_buf().map_err(|error| self.position.io(error))?;
            let skipped = ahead.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let found = ahead.get(skipped).copied();
            self.line += newlines(&ahead[..skipped], &mut self.after_return);
            self.input.consume(skipped);
            if found.is_some() || skipped == 0 {
                return Ok(found);
            }
        }
    }

    fn advance(&mut self) -> Result<bool, TraceError> {
        self.item.clear();
        if self.ended {
            return Ok(false);
        }
        let mut first = self.peek()?;
        self.position.line = self.line;
        if self.begun {
            match first {
                Some(b',') => {
                    self.input.consume(1);
                    first = self.peek()?;
                    self.position.line = self.line;
                    if first == Some(b']') {
                        let why = "a comma before the list's end: an item is missing";
                        return Err(self.position.format(why.to_owned()));
                    }
                }
                Some(b']') | None => {}
                Some(_) => {
                    let why = "expected `,` or `]` between the items of the list";
                    return Err(self.position.format(why.to_owned()));
                }
            }
        }
        self.begun = true;
        match first {
            Some(b']') => return self.ends(),
            Some(_) => {}
            None => return Err(self.torn()),
        }
        let mut scan = Scan::default();
        loop {
            let ahead = self.input.fill_buf().map_err(|error| self.position.io(error))?;
            if ahead.is_empty() {
                return Err(self.torn());
            }
            let end = scan.end_of_item(ahead);
            let taken = end.unwrap_or(ahead.len());
            self.line += newlines(&ahead[..taken], &mut self.after_return);
            self.item.extend_from_slice(&ahead[..taken]);
            self.input.consume(taken);
            if end.is_some() {
                return Ok(true);
            }
            if self.item.len() > LARGEST {
                let why = format!("an item of more than {LARGEST} bytes: no conversation");
                let error = io::Error::new(io::ErrorKind::InvalidData, why);
                return Err(self.position.io(error));
            }
        }
    }

    /// Behind the bracket that closes the list there is nothing.
    fn ends(&mut self) -> Result<bool, TraceError> {
        self.ended = true;
        self.input.consume(1);
        let found = self.peek()?;
        self.position.line = self.line;
        if found.is_some() {
            let why = "there is more behind the list: expected one list, or a value a line";
            return Err(self.position.format(why.to_owned()));
        }
        Ok(false)
    }

    /// The file ends before the list does.
    #[cold]
    fn torn(&self) -> TraceError {
        self.position.format("the file ends within the list that begins it: it is torn".to_owned())
    }
}

/// How many lines end in `bytes`: with `\n`, `\r\n` or `\r`.
pub(super) fn newlines(bytes: &[u8], after_return: &mut bool) -> u64 {
    if !*after_return && memchr(b'\r', bytes).is_none() {
        return memchr_iter(b'\n', bytes).count() as u64;
    }
    let ends = bytes.iter().map(|byte| {
        let second = std::mem::replace(after_return, *byte == b'\r') && *byte == b'\n';
        u64::from(matches!(byte, b'\n' | b'\r') && !second)
    });
    ends.sum()
}

impl Scan {
    /// Where in `bytes` the item ends, if it does: behind its last bracket or
    /// quotation mark, or before the comma or bracket behind a number.
    pub fn end_of_item(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            if self.in_text {
                if std::mem::take(&mut self.escaped) {
                    at += 1;
                    continue;
                }
                let found = memchr2(b'"', b'\\', &bytes[at..])?;
                at += found;
                (self.in_text, self.escaped) = (bytes[at] == b'\\', bytes[at] == b'\\');
                at += 1;
                continue;
            }
            match bytes[at] {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' if self.depth == 1 => return Some(at + 1),
                // A brace that nothing opened is an item, and a bad one.
                b'}' if self.depth == 0 && !self.begun => return Some(at + 1),
                b',' | b']' | b'}' if self.depth == 0 => return Some(at),
                _ => {}
            }
            self.begun = true;
            at += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Result<Vec<(u64, String)>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut items = Items::open(file.path()).map_err(|error| error.to_string())?;
        let mut all = vec![];
        while items.advance().map_err(|error| error.to_string())? {
            all.push((items.position().line, String::from_utf8(items.item().to_vec()).unwrap()));
        }
        Ok(all)
    }

    #[test]
    fn a_list_is_split_at_its_own_commas() {
        let found =
            items("\u{feff} [\n{\"a\": \"]},\\\"\",\n \"b\": [1, {}]} , 5,\"x,\"\n,[]\n]\n");
        let wanted =
            [(2, "{\"a\": \"]},\\\"\",\n \"b\": [1, {}]}"), (3, "5"), (3, "\"x,\"\n"), (4, "[]")];
        assert_eq!(found.unwrap(), wanted.map(|(line, item)| (line, item.to_owned())));
        assert_eq!(items("[]").unwrap(), []);
        assert_eq!(items("[}, }]").unwrap().len(), 2);
        for (text, line, why) in [
            ("[1,\n2] x", 2, "there is more behind the list"),
            ("[1]\r\r[2]", 3, "there is more behind the list"),
            ("[{}\n{}]", 2, "expected `,` or `]` between"),
            ("[1,\n]", 2, "a comma before the list's end: an item is missing"),
        ] {
            let error = items(text).unwrap_err();
            assert!(error.contains(&format!(":{line}: {why}")), "{text}: {error}");
        }
    }

    #[test]
    fn other_files_are_read_by_lines() {
        let found = items("{\"a\": 1}\r\n\n{\"b\": \n").unwrap();
        assert_eq!(found, [(1, "{\"a\": 1}".to_owned()), (3, "{\"b\": ".to_owned())]);
        assert_eq!(items("").unwrap(), []);
    }

    #[test]
    fn items_are_whole_across_the_buffers_end() {
        let wanted: Vec<String> = (0..5000).map(|i| format!("{{\"n\": \"{i:>40}\"}}")).collect();
        let found = items(&format!("[{}]", wanted.join(","))).unwrap();
        assert!(found.iter().map(|(_, item)| item).eq(&wanted));
    }

    #[test]
    fn a_torn_list_is_an_error() {
        for text in ["[", "[{}", "[{}, {\"a\": \"", "[{},"] {
            assert!(items(text).unwrap_err().contains("torn"), "{text}");
        }
    }
}
