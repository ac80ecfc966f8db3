//! The items of lists that lie within JSON documents, one at a time.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::bytes;
use super::error::TraceError;
use super::items::{LARGEST, Scan, newlines};
use super::position::Position;
use super::text::TextStream;

/// Where the lists are: names of fields from the outside in, the value of each of which is a
/// list; what lies between two is an object of the list. A name may have several spellings.
pub(in crate::workload::trace) type Paths = &'static [&'static [&'static [&'static str]]];

/// Reads documents that follow each other, or are the items of a list, and holds one item of
/// the lists in them and what stands around those items.
pub(in crate::workload::trace) struct Nested {
    input: BufReader<TextStream<Box<dyn Read + Send>>>,
    around: Around,
    item: Vec<u8>,
    /// Where the item begins.
    position: Position,
    /// The most bytes of both that were held at once.
    #[cfg(test)]
    most_held: usize,
}

/// What stands around the items.
#[expect(clippy::struct_excessive_bools, reason = "where a byte stands, each by itself")]
struct Around {
    paths: Paths,
    /// Says what is wrong with a document, in which each item is `0`.
    check: fn(&str) -> serde_json::Result<()>,
    /// What is open, from the outside in.
    open: Vec<Open>,
    /// Whether the innermost of that is one of the lists.
    in_list: bool,
    /// The document so far, with `0` for each item.
    frame: Vec<u8>,
    in_text: bool,
    escaped: bool,
    /// Where in `frame` the name began that was read last.
    name: usize,
    outside: Outside,
    documents: u64,
    /// The line on which the document begins, and that which the input has come to.
    begins: u64,
    now: Position,
    after_return: bool,
}

/// An object or a list that is open.
#[derive(Clone, Copy, Debug)]
struct Open {
    is_list: bool,
    /// The paths that lead here, a bit each, and how many of their names were met.
    paths: u32,
    met: usize,
    /// Those that lead on by the name that was read last.
    by_name: u32,
}

/// What may come between documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outside {
    /// Nothing but documents.
    Documents,
    /// A document of a list.
    Item,
    /// A comma, or the end of the list.
    Comma,
}

impl fmt::Debug for Nested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nested").field("position", &self.position).finish_non_exhaustive()
    }
}

impl Nested {
    /// Opens a file, plain or packed.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(
        file: &Path,
        paths: Paths,
        check: fn(&str) -> serde_json::Result<()>,
    ) -> Result<Self, TraceError> {
        let (position, stream) = bytes::open_at(file)?;
        Ok(Nested {
            input: BufReader::with_capacity(1 << 16, TextStream::new(stream)),
            around: Around {
                paths,
                check,
                open: Vec::new(),
                in_list: false,
                frame: Vec::new(),
                in_text: false,
                escaped: false,
                name: 0,
                outside: Outside::Documents,
                documents: 0,
                begins: 1,
                now: Position { line: 1, ..position.clone() },
                after_return: false,
            },
            item: Vec::new(),
            position,
            #[cfg(test)]
            most_held: 0,
        })
    }

    /// The item that [`Nested::advance`] came to.
    pub fn item(&self) -> &str {
        // The stream gives nothing but text, and items end at signs of one byte.
        std::str::from_utf8(&self.item).unwrap_or_default()
    }

    /// Where it begins.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// How many documents there were so far.
    pub fn documents(&self) -> u64 {
        self.around.documents
    }

    /// Goes to the next item; false at the end of the file.
    ///
    /// # Errors
    /// If the file cannot be read or a document is none, apart from its items.
    pub fn advance(&mut self) -> Result<bool, TraceError> {
        loop {
            let around = &mut self.around;
            let ahead = self.input.fill_buf().map_err(|error| self.position.io(error))?;
            if ahead.is_empty() {
                let ended = around.open.is_empty() && around.outside == Outside::Documents;
                return if ended { Ok(false) } else { Err(around.torn()) };
            }
            // Up to an item, or the buffer's end.
            let mut taken = 0;
            let mut item = false;
            for byte in ahead {
                if around.in_list && !byte.is_ascii_whitespace() && !matches!(byte, b',' | b']') {
                    item = true;
                    break;
                }
                taken += 1;
                around.see(*byte)?;
            }
            self.input.consume(taken);
            if item {
                self.read_item()?;
                return Ok(true);
            }
        }
    }

    fn read_item(&mut self) -> Result<(), TraceError> {
        let around = &mut self.around;
        self.item.clear();
        self.position.line = around.now.line;
        let mut scan = Scan::default();
        loop {
            let ahead = self.input.fill_buf().map_err(|error| self.position.io(error))?;
            if ahead.is_empty() {
                return Err(around.torn());
            }
            let end = scan.end_of_item(ahead);
            let taken = end.unwrap_or(ahead.len());
            around.now.line += newlines(&ahead[..taken], &mut around.after_return);
            self.item.extend_from_slice(&ahead[..taken]);
            self.input.consume(taken);
            if self.item.len() > LARGEST {
                return Err(self.position.format(format!("an item of more than {LARGEST} bytes")));
            }
            if end.is_some() {
                break;
            }
        }
        around.frame.push(b'0');
        // So that what is wrong with the document has the right line.
        let ends = (around.now.line - self.position.line) as usize;
        around.frame.resize(around.frame.len() + ends, b'\n');
        #[cfg(test)]
        {
            self.most_held = self.most_held.max(self.item.len() + around.frame.len());
        }
        Ok(())
    }
}

impl Around {
    /// Whether what is open is one of the lists.
    fn is_list(&self) -> bool {
        self.open.last().is_some_and(|open| {
            let mut paths = self.paths.iter().enumerate();
            open.is_list && paths.any(|(at, it)| open.paths >> at & 1 == 1 && it.len() == open.met)
        })
    }

    /// One byte that is of no item.
    fn see(&mut self, byte: u8) -> Result<(), TraceError> {
        self.now.line += newlines(&[byte], &mut self.after_return);
        if self.open.is_empty() {
            return self.see_outside(byte);
        }
        self.frame.push(byte);
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b'"' => {
                self.in_text = true;
                self.name = self.frame.len();
            }
            b':' => self.named(),
            b'{' | b'[' => self.opens(byte == b'['),
            b'}' | b']' => {
                self.open.pop();
                self.in_list = self.is_list();
                if self.open.is_empty() {
                    return self.end_document();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn see_outside(&mut self, byte: u8) -> Result<(), TraceError> {
        self.outside = match (byte, self.outside) {
            (byte, outside) if byte.is_ascii_whitespace() => outside,
            (b'[', Outside::Documents) | (b',', Outside::Comma) => Outside::Item,
            (b']', Outside::Comma | Outside::Item) => Outside::Documents,
            (b'{', outside) if outside != Outside::Comma => {
                self.documents += 1;
                self.begins = self.now.line;
                self.frame.clear();
                self.frame.push(byte);
                let paths = ((1_u64 << self.paths.len()) - 1) as u32;
                self.open.push(Open { is_list: false, paths, met: 0, by_name: 0 });
                outside
            }
            _ => {
                let found = char::from(byte);
                return Err(self.now.format(format!("expected an object, found `{found}`")));
            }
        };
        Ok(())
    }

    /// A colon: the text before it was a name.
    fn named(&mut self) {
        let written = self.frame[self.name..self.frame.len() - 1].trim_ascii_end();
        let name = written.strip_suffix(b"\"").unwrap_or(written);
        if let Some(open) = self.open.last_mut() {
            open.by_name = 0;
            for (at, path) in self.paths.iter().enumerate() {
                let spellings = path.get(open.met).copied().unwrap_or_default();
                let leads = spellings.iter().any(|spelling| spelling.as_bytes() == name);
                open.by_name |= u32::from(leads) << at & open.paths;
            }
        }
    }

    fn opens(&mut self, is_list: bool) {
        let Some(outer) = self.open.last_mut() else { return };
        let (paths, met) = match (outer.is_list, is_list) {
            // A field's list, and an object of it.
            (false, true) => (std::mem::take(&mut outer.by_name), outer.met + 1),
            (true, false) => (outer.paths, outer.met),
            _ => (0, 0),
        };
        self.open.push(Open { is_list, paths, met, by_name: 0 });
        self.in_list = self.is_list();
    }

    fn end_document(&mut self) -> Result<(), TraceError> {
        if self.outside == Outside::Item {
            self.outside = Outside::Comma;
        }
        let text = std::str::from_utf8(&self.frame).unwrap_or_default();
        (self.check)(text).map_err(|error| {
            let line = self.begins + (error.line() as u64).saturating_sub(1);
            // Columns are those of the document without its items.
            let said = error.to_string();
            let why = said.rsplit_once(" at line ").map_or(&*said, |(why, _)| why);
            Position { line, ..self.now.clone() }.format(why.to_owned())
        })
    }

    /// The file ends before a document does.
    #[cold]
    fn torn(&self) -> TraceError {
        self.now.format("the file ends within a document: it is torn".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    use super::*;

    const PATHS: Paths = &[&[&["groups", "sets"], &["parts"]], &[&["parts"]]];

    fn open(text: &str) -> Nested {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let check = |text: &str| serde_json::from_str::<IgnoredAny>(text).map(|_| ());
        Nested::open(file.path(), PATHS, check).unwrap()
    }

    fn items(text: &str) -> Result<Vec<(u64, String)>, String> {
        let mut nested = open(text);
        let mut all = vec![];
        while nested.advance().map_err(|error| error.to_string())? {
            all.push((nested.position().line, nested.item().to_owned()));
        }
        Ok(all)
    }

    #[test]
    fn items_are_found_however_a_document_is_laid_out() {
        let one = r#"{"a": {"parts": [9]}, "groups": [{"parts": [1, {"b": "]},"}], "x": [[8]]}, 5,
            {"id": "parts", "parts" : ["two",
            [3]]}], "parts": [4]}"#;
        let wanted = [(1, "1"), (1, "{\"b\": \"]},\"}"), (2, "\"two\""), (3, "[3]"), (3, "4")];
        let wanted = wanted.map(|(line, item)| (line, item.to_owned()));
        assert_eq!(items(one).unwrap(), wanted);
        let twice = format!("\u{feff}[{one},\r\n{one}]\n");
        assert_eq!(items(&twice).unwrap().len(), 10);
        assert_eq!(items(&twice).unwrap()[5].0, 4);
        assert_eq!(items("{\"sets\": [{\"parts\": [1]}]}\n\n{\"parts\": []}\n").unwrap().len(), 1);
        assert_eq!(items("").unwrap(), []);
        assert_eq!(items("[]").unwrap(), []);
    }

    #[test]
    fn what_is_around_items_must_be_json() {
        for (text, wanted) in [
            ("{\"parts\": [1,\n2}", "torn"),
            ("{\"parts\": [[1] 2]}", ":1: expected `,` or `]`"),
            ("{\"parts\": [{}{}]}", ":1: invalid number"),
            ("{\"parts\": [1,,2]}", ":1: expected value"),
            ("{\"parts\": [{\n}],\n \"b\": }", ":3: expected value"),
            ("{\"parts\": [1]", "torn"),
            ("[{\"parts\": [1]}", "torn"),
            ("[{} {}]", ":1: expected an object, found `{`"),
            ("5", ":1: expected an object, found `5`"),
        ] {
            let said = items(text).unwrap_err();
            assert!(said.contains(wanted), "{text}: {said}");
        }
    }

    #[test]
    fn no_more_is_held_of_lines_of_documents_than_the_longest() {
        let line = |items: usize| format!("{{\"parts\": [{}]}}\n", vec!["[7]"; items].join(", "));
        let mut nested = open(&format!("{}{}", line(10).repeat(50_000), line(20)));
        let mut count = 0;
        while nested.advance().unwrap() {
            count += 1;
        }
        assert_eq!(count, 50_000 * 10 + 20);
        assert!(nested.most_held < 100, "{} bytes", nested.most_held);
    }
}
