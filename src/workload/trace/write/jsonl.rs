//! Our own rows as JSON objects, one a line. Times are texts, as a JSON number
//! would lose their last digits.

use std::io::{self, Write};

use super::format::{Format, Knows, WrittenRow};
use super::losses::Losses;
use super::measured::{COLUMNS, texts};
use crate::kernel::time::NANOS_PER_SEC;
use crate::workload::trace::measured::Measured;

#[derive(Debug)]
pub(super) struct Jsonl(pub Knows);

impl Format for Jsonl {
    fn row(
        &mut self,
        row: &WrittenRow<'_>,
        out: &mut dyn Write,
        lost: &mut Losses,
    ) -> io::Result<()> {
        lost.blocks(row);
        let (seconds, nanos) = (row.stamp / NANOS_PER_SEC, row.stamp % NANOS_PER_SEC);
        write!(
            out,
            "{{\"timestamp\": \"{seconds}.{nanos:09}\", \"input_tokens\": {}, \"output_tokens\": ",
            row.input_tokens
        )?;
        match row.output_tokens {
            Some(output) => write!(out, "{output}")?,
            None => out.write_all(b"null")?,
        }
        if self.0.prompts {
            write!(out, ", \"prompt\": {}", row.prompt.unwrap_or_default().0)?;
        }
        if self.0.users {
            out.write_all(b", \"user\": ")?;
            serde_json::to_writer(&mut *out, row.user.unwrap_or_default())?;
        }
        if self.0.measured {
            let nothing = Measured::default();
            let texts = texts(row.measured.unwrap_or(&nothing), lost);
            for (column, text) in COLUMNS.into_iter().zip(texts) {
                write!(out, ", \"{column}\": ")?;
                match text {
                    None => out.write_all(b"null")?,
                    Some((number, true)) => out.write_all(number.as_bytes())?,
                    Some((text, false)) => serde_json::to_writer(&mut *out, &text)?,
                }
            }
        }
        out.write_all(b"}\n")
    }
}
