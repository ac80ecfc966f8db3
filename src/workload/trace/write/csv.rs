//! Our own rows, as [`LogSpec`](crate::workload::trace::LogSpec) reads them by
//! default, with columns `prompt`, `user` and what was measured where they are known.

use std::io::{self, Write};

use super::format::{Format, Knows, WrittenRow};
use super::losses::Losses;
use super::measured::{COLUMNS, texts};
use crate::kernel::time::NANOS_PER_SEC;
use crate::workload::trace::measured::Measured;

#[derive(Debug)]
pub(super) struct Csv(pub Knows);

impl Format for Csv {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let Knows { prompts, users, .. } = self.0;
        out.write_all(b"timestamp,input_tokens,output_tokens")?;
        out.write_all(if prompts { b",prompt" } else { b"" })?;
        out.write_all(if users { b",user" } else { b"" })?;
        if self.0.measured {
            write!(out, ",{}", COLUMNS.join(","))?;
        }
        out.write_all(b"\n")
    }

    fn row(
        &mut self,
        row: &WrittenRow<'_>,
        out: &mut dyn Write,
        lost: &mut Losses,
    ) -> io::Result<()> {
        lost.blocks(row);
        let (seconds, nanos) = (row.stamp / NANOS_PER_SEC, row.stamp % NANOS_PER_SEC);
        write!(out, "{seconds}.{nanos:09},{},", row.input_tokens)?;
        if let Some(output) = row.output_tokens {
            write!(out, "{output}")?;
        }
        if self.0.prompts {
            write!(out, ",{}", row.prompt.unwrap_or_default().0)?;
        }
        if self.0.users {
            out.write_all(b",")?;
            quoted(row.user.unwrap_or_default(), out)?;
        }
        if self.0.measured {
            let nothing = Measured::default();
            for text in texts(row.measured.unwrap_or(&nothing), lost) {
                out.write_all(b",")?;
                quoted(&text.unwrap_or_default().0, out)?;
            }
        }
        out.write_all(b"\n")
    }
}

/// A field, between quotation marks where it must be (RFC 4180).
fn quoted(field: &str, out: &mut dyn Write) -> io::Result<()> {
    if field.contains(['"', ',', '\n', '\r']) {
        return write!(out, "\"{}\"", field.replace('"', "\"\""));
    }
    out.write_all(field.as_bytes())
}
