//! From the fields of a row, as texts, to a row.

use std::sync::Arc;

use super::spec::{COLUMNS, Column, LogSpec, TimeUnit};
use crate::kernel::Duration;
use crate::workload::incoming::MAX_TOKENS;
use crate::workload::trace::formats::format::Session;
use crate::workload::trace::formats::users::{Users, intern};
use crate::workload::trace::input::number::{scaled, whole};
use crate::workload::trace::input::shown;
use crate::workload::trace::input::stamp::parse_stamp;
use crate::workload::trace::measured::{Measured, Status};
use crate::workload::trace::{Row, identity, unused};

/// The fields of a row by [`Column`]; `None` where a row has none.
pub(super) type Fields<'f> = [Option<&'f [u8]>; COLUMNS];

/// What is kept from one row to the next.
#[derive(Debug, Default)]
pub(super) struct State {
    pub users: Users,
    /// The blocks of the row read last.
    pub blocks: Vec<u64>,
    /// The session that it is of, nothing if of none.
    pub session: String,
    /// Whether any was.
    pub has_sessions: bool,
    /// What was measured of it.
    pub measured: Measured,
    pub gaps: WholeSeconds,
    /// Rows whose prompt, and whose user, is empty.
    unknown_prompts: u64,
    unknown_users: u64,
}

impl State {
    /// What to say of the rows so far.
    pub fn notes(&self, spec: &LogSpec) -> Vec<String> {
        let mut notes: Vec<String> = self.gaps.note(spec).into_iter().collect();
        if let (Some(name), 1..) = (&spec.prompt, self.unknown_prompts) {
            let rows = self.unknown_prompts;
            notes.push(format!(
                "`{name}` is empty in {rows} rows: each such prompt counts as one of its own"
            ));
        }
        if let (Some(name), 1..) = (&spec.user, self.unknown_users) {
            let rows = self.unknown_users;
            notes.push(format!(
                "`{name}` is empty in {rows} rows: nobody is known to ask there, and `users:` of the \
                 workload says who does"
            ));
        }
        notes
    }
}

/// Whether times that are read as seconds look like milliseconds.
#[derive(Debug, Default)]
pub(super) struct WholeSeconds {
    rows: u64,
    first: u64,
    last: u64,
    broken: bool,
}

impl WholeSeconds {
    #[inline]
    fn see(&mut self, stamp: u64) {
        if self.rows == 0 {
            self.first = stamp;
        }
        self.rows += 1;
        self.last = stamp;
        self.broken = self.broken || !stamp.is_multiple_of(1_000_000_000);
    }

    /// What to say of them.
    pub fn note(&self, spec: &LogSpec) -> Option<String> {
        let gap = self.last.saturating_sub(self.first) / self.rows.saturating_sub(1).max(1);
        let gap = gap / 1_000_000_000;
        (self.rows >= 10 && !self.broken && gap >= 100 && spec.unit == TimeUnit::S).then(|| {
            format!(
                "the requests come {gap} s after one another, all on whole seconds: if `{}` is in \
                 milliseconds, say `unit: ms`",
                spec.time
            )
        })
    }
}

impl State {
    /// The session of the row read last, and when its answer had ended.
    pub fn session(&self, row: &Row) -> Option<Session<'_>> {
        let end = self.measured.e2e.map(|e2e| row.stamp.saturating_add(e2e.as_nanos()));
        (!self.session.is_empty()).then_some(Session { name: &self.session, end })
    }

    /// What to say of sessions that are not heeded.
    pub fn session_note(&self, spec: &LogSpec) -> Option<String> {
        let name = spec.session.as_ref().filter(|_| self.has_sessions)?;
        Some(unused::dependency(name, "sessions"))
    }
}

/// Makes a row of its fields.
#[inline]
pub(super) fn row(
    spec: &LogSpec,
    state: &mut State,
    fields: &Fields<'_>,
    line: u64,
) -> Result<Row, String> {
    let name = |column: Column| spec.columns()[column as usize].1.unwrap_or_default();
    let field = |column: Column| {
        fields[column as usize]
            .map(<[u8]>::trim_ascii)
            .ok_or_else(|| format!("there is no `{}`", name(column)))
    };
    let tokens = |column: Column| {
        let text = field(column)?;
        count(text).ok_or_else(|| bad_count(name(column), text))
    };
    let time = field(Column::Time)?;
    let stamp = stamp(time, spec.unit).ok_or_else(|| bad_time(&spec.time, time, spec.unit))?;
    let input_tokens = tokens(Column::Input)?;
    let mut output_tokens = match fields[Column::Output as usize].map(<[u8]>::trim_ascii) {
        // Known to be unknown.
        Some([]) => None,
        _ => Some(tokens(Column::Output)?),
    };
    let mut prompt = match &spec.prompt {
        Some(_) => match field(Column::Prompt)? {
            // Not known: it is one of its own.
            [] => {
                state.unknown_prompts += 1;
                Some(identity::of_unknown(stamp, line))
            }
            text => Some(identity::of_text(text)),
        },
        None => None,
    };
    let user = match &spec.user {
        Some(_) => match field(Column::User)? {
            [] => {
                state.unknown_users += 1;
                None
            }
            name => Some(intern(&mut state.users, name)),
        },
        None => None,
    };
    state.blocks.clear();
    if let (Some(_), Some(size)) = (&spec.blocks, spec.block_tokens) {
        identity::parse_blocks(field(Column::Blocks)?, &mut state.blocks)?;
        let (full, all) = (input_tokens / size, input_tokens.div_ceil(size));
        let found = state.blocks.len();
        if found < full as usize || found > all as usize {
            return Err(format!(
                "{input_tokens} tokens have {all} blocks of {size} tokens; {} has {found}",
                name(Column::Blocks)
            ));
        }
        prompt = prompt.or_else(|| Some(identity::of_blocks(input_tokens, &state.blocks)));
    }
    state.measured.status = Status::Unknown;
    if spec.measures() {
        measured(spec, &mut state.measured, fields)?;
        if state.measured.status.is_failed() {
            output_tokens = None;
        }
    }
    if spec.session.is_some() {
        state.session.clear();
        state.session.push_str(&String::from_utf8_lossy(field(Column::Session)?));
        state.has_sessions |= !state.session.is_empty();
    }
    state.gaps.see(stamp);
    Ok(Row { stamp, input_tokens, output_tokens, prompt, user })
}

/// What was measured of it; empty fields are not known.
fn measured(spec: &LogSpec, measured: &mut Measured, fields: &Fields<'_>) -> Result<(), String> {
    let columns = spec.columns();
    let name = |column: Column| columns[column as usize].1.unwrap_or_default();
    let field = |column: Column| {
        let text = fields[column as usize].map(<[u8]>::trim_ascii);
        text.filter(|text| !text.is_empty())
    };
    let duration = |column: Column| {
        let Some(text) = field(column) else { return Ok(None) };
        let read = scaled(text, spec.unit_of(name(column)).decimals());
        let read = read.map(|(nanos, _)| Duration(nanos));
        read.map(Some).ok_or_else(|| bad_number(name(column), text))
    };
    let model = field(Column::Model).map(String::from_utf8_lossy);
    *measured = Measured {
        model: match (model, measured.model.take()) {
            (Some(model), Some(last)) if *model == *last => Some(last),
            (model, _) => model.map(Arc::from),
        },
        ttft: duration(Column::Ttft)?,
        tpot: duration(Column::Tpot)?,
        e2e: duration(Column::E2e)?,
        cost: match field(Column::Cost) {
            Some(text) => Some(money(text).ok_or_else(|| bad_number(name(Column::Cost), text))?),
            None => None,
        },
        cached_tokens: match field(Column::Cached) {
            Some(text) => Some(count(text).ok_or_else(|| bad_count(name(Column::Cached), text))?),
            None => None,
        },
        cache_hit: None,
        status: field(Column::Status).map_or(Status::Unknown, |text| {
            Status::of(name(Column::Status), &String::from_utf8_lossy(text))
        }),
    };
    Ok(())
}

/// A whole number of tokens; some logs write it with a point (`12.0`).
pub(crate) fn count(text: &[u8]) -> Option<u32> {
    whole(text).filter(|n| *n <= u64::from(MAX_TOKENS)).map(|n| n as u32)
}

/// US dollars.
pub(in crate::workload::trace) fn money(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?.trim().trim_start_matches('$');
    text.parse().ok().filter(|cost: &f64| cost.is_finite() && *cost >= 0.0)
}

/// Nanoseconds, exact to the last digit; those beyond a nanosecond are cut off.
#[inline]
pub(in crate::workload::trace) fn stamp(text: &[u8], unit: TimeUnit) -> Option<u64> {
    // `2.5e-05` has the sign of a date in the same place.
    if let [digits @ .., b'-'] = text.get(..5).unwrap_or_default()
        && digits.iter().all(u8::is_ascii_digit)
    {
        return parse_stamp(text);
    }
    scaled(text, unit.decimals()).map(|(nanos, _)| nanos)
}

/// Why a time cannot be read, with a guess where its unit is another.
#[cold]
pub(in crate::workload::trace) fn bad_time(name: &str, found: &[u8], unit: TimeUnit) -> String {
    let mut why = format!(
        "{name} is `{}`: expected a number of 0 or more, or a time such as 2026-01-31T12:00:00Z",
        shown(found)
    );
    // Since 1970 it is some 1.7e9 s.
    if let Some((number, _)) = scaled(found, 0) {
        let meant = match number {
            0..=199_999_999_999 => None,
            200_000_000_000..=199_999_999_999_999 => Some(("milliseconds", "ms", TimeUnit::Ms)),
            200_000_000_000_000..=199_999_999_999_999_999 => {
                Some(("microseconds", "us", TimeUnit::Us))
            }
            _ => Some(("nanoseconds", "ns", TimeUnit::Ns)),
        };
        if let Some((units, short, _)) = meant.filter(|(.., meant)| *meant != unit) {
            why = format!(
                "{name} is `{}`, which is out of range: if it is in {units} since 1970, say `unit: \
                 {short}`",
                shown(found)
            );
        }
    }
    why
}

#[cold]
pub(in crate::workload::trace) fn bad_count(name: &str, found: &[u8]) -> String {
    format!("{name} is `{}`: expected a whole number from 0 to {MAX_TOKENS}", shown(found))
}

#[cold]
pub(in crate::workload::trace) fn bad_number(name: &str, found: &[u8]) -> String {
    format!("{name} is `{}`: expected a number of 0 or more", shown(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_in_every_unit() {
        for (text, unit, nanos) in [
            ("0", TimeUnit::S, Some(0)),
            ("1.5", TimeUnit::S, Some(1_500_000_000)),
            ("1700158546.68059001", TimeUnit::S, Some(1_700_158_546_680_590_010)),
            ("0.1234567899", TimeUnit::S, Some(123_456_789)),
            ("1e-05", TimeUnit::S, Some(10_000)),
            ("2.5e-05", TimeUnit::S, Some(25_000)),
            ("1e3", TimeUnit::S, Some(1_000_000_000_000)),
            ("12.25", TimeUnit::Ms, Some(12_250_000)),
            ("7", TimeUnit::Us, Some(7000)),
            ("7.9", TimeUnit::Ns, Some(7)),
            ("1700158546680590017", TimeUnit::Ns, Some(1_700_158_546_680_590_017)),
            ("1970-01-01T00:00:02Z", TimeUnit::Ms, Some(2_000_000_000)),
            ("-1", TimeUnit::S, None),
            (".5", TimeUnit::S, Some(500_000_000)),
            (".", TimeUnit::S, None),
            ("2026-01-31 12:00:00 UTC", TimeUnit::S, Some(1_769_860_800_000_000_000)),
            ("1.x", TimeUnit::S, None),
            ("99999999999", TimeUnit::S, None),
        ] {
            assert_eq!(stamp(text.as_bytes(), unit), nanos, "{text} {unit:?}");
        }
    }

    #[test]
    fn a_unit_that_was_not_said_is_guessed() {
        for (text, unit) in [
            ("1700158546680", Some("ms")),
            ("1700158546680.5", Some("ms")),
            ("1700158546680590", Some("us")),
            ("1700158546680590017", Some("ns")),
            ("-5", None),
        ] {
            let why = bad_time("ts", text.as_bytes(), TimeUnit::S);
            assert!(why.starts_with(&format!("ts is `{text}`")), "{why}");
            match unit {
                Some(unit) => assert!(why.ends_with(&format!("say `unit: {unit}`")), "{why}"),
                None => assert!(why.contains("expected a number of 0 or more"), "{why}"),
            }
        }
    }

    #[test]
    fn counts_are_whole() {
        assert_eq!([count(b"12"), count(b"12.0"), count(b"12.5")], [Some(12), Some(12), None]);
        assert_eq!([count(b""), count(b"-3"), count(b"9999999999")], [None; 3]);
    }
}
