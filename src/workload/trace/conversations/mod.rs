//! Conversations: real texts without times.
//!
//! Each user's turn is a request: its prompt is all that was said before, each
//! message on a line of its own without white space at its ends, and its answer what
//! the assistant said next. A conversation begins when the arrival process says so;
//! each further turn follows a pause after the one before. Only the conversations
//! under way are in memory.

mod dialogue;

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dialogue::Dialogue;

use super::bad_row::OnBadRow;
use super::formats::format::Dialect;
use super::input::error::TraceError;
use super::input::items::Items;
use super::row::Row;
use super::rows::TraceInfo;
use super::spec::TraceSpec;
use crate::kernel::time::NANOS_PER_SEC;
use crate::kernel::{Duration, Stream, Streams, Time};
use crate::workload::arrivals::{Arrivals, CalendarStart};
use crate::workload::duration_distribution::{ExponentialSpanSpec, Span, SpanSpec};
use crate::workload::recorded::SentText;

/// Reads conversations, one after another.
#[derive(Debug)]
struct Dialogues {
    dialect: Dialect,
    items: Items,
    on_bad_row: OnBadRow,
    skipped: u64,
    first_bad: Option<String>,
    /// Whether this is the first time round: bad ones are counted once.
    first_time: bool,
    /// Those in which nobody asks anything.
    without_turn: u64,
}

impl Dialogues {
    fn open(spec: &TraceSpec, file: &Path) -> Result<Self, TraceError> {
        let dialect = spec.dialect().expect("a spec of conversations");
        let (items, on_bad_row) = (Items::open(file)?, spec.on_bad_row);
        let first_bad = None;
        let (skipped, without_turn) = (0, 0);
        let first_time = true;
        Ok(Dialogues { dialect, items, on_bad_row, skipped, first_bad, first_time, without_turn })
    }

    /// Begins again.
    fn again(&mut self, file: &Path) -> Result<(), TraceError> {
        self.items = Items::open(file)?;
        self.first_time = false;
        Ok(())
    }

    /// The next conversation in which a user asks something.
    fn next(&mut self) -> Result<Option<Dialogue>, TraceError> {
        while self.items.advance()? {
            let error = match self.dialect.read(self.items.item()) {
                Ok(said) => {
                    let dialogue = Dialogue::new(&said);
                    if dialogue.turns() > 0 {
                        return Ok(Some(dialogue));
                    }
                    self.without_turn += 1;
                    continue;
                }
                Err(why) => self.items.position().bad_row(why),
            };
            if self.on_bad_row == OnBadRow::Fail {
                return Err(error);
            }
            self.skipped += u64::from(self.first_time);
            self.first_bad.get_or_insert_with(|| error.to_string());
        }
        Ok(None)
    }
}

/// Reads all conversations of a file once and tells what there was.
///
/// # Errors
/// If the file cannot be read, or at a bad conversation unless those are skipped.
pub(super) fn survey(spec: &TraceSpec, file: &Path) -> Result<TraceInfo, TraceError> {
    let mut dialogues = Dialogues::open(spec, file)?;
    let mut rows = 0;
    while let Some(dialogue) = dialogues.next()? {
        rows += dialogue.turns() as u64;
    }
    Ok(TraceInfo {
        // A file without a turn has none however often it is read.
        rows: if rows == 0 { Some(0) } else { spec.window().loops.map(|n| rows * u64::from(n)) },
        skipped: dialogues.skipped,
        first_bad: dialogues.first_bad,
        span: None,
        users: Vec::new(),
        models: Vec::new(),
        notes: match dialogues.without_turn {
            0 => Vec::new(),
            1 => vec!["a conversation in which no user says anything is left out".to_owned()],
            n => vec![format!("{n} conversations in which no user says anything are left out")],
        },
    })
}

/// Conversations on the virtual clock.
#[derive(Debug)]
pub struct Conversations {
    spec: TraceSpec,
    file: PathBuf,
    dialogues: Dialogues,
    round: u32,
    arrivals: Arrivals,
    /// When conversations begin, how long users think, which are kept.
    begins: Stream,
    pauses: Stream,
    keeps: Stream,
    think: Span,
    /// The conversation that begins next; `None` before the first and after the
    /// last.
    coming: Option<Turn>,
    ended: bool,
    /// The next turn of each conversation under way.
    under_way: BinaryHeap<Turn>,
    begun: u64,
    /// The turn given last.
    last: Option<Turn>,
}

/// A turn at its time.
#[derive(Clone, Debug)]
struct Turn {
    at: Time,
    /// Which conversation it is, in the order of their beginnings.
    number: u64,
    dialogue: Arc<Dialogue>,
    /// Which of its turns, from 0.
    place: usize,
}

/// The earliest is the greatest, as a heap wants it; of turns at the same instant
/// that of the older conversation.
impl Ord for Turn {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Turn {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Turn {}

impl Conversations {
    /// The conversations of the file at `path`, in a run that starts at `start` on
    /// the virtual calendar, with random streams named after `name`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn open(
        spec: &TraceSpec,
        file: &Path,
        start: CalendarStart,
        streams: &Streams,
        name: &str,
    ) -> Result<Self, TraceError> {
        let stream = |part: &str| streams.stream(&format!("{name}.{part}"));
        Ok(Conversations {
            dialogues: Dialogues::open(spec, file)?,
            round: 0,
            arrivals: spec.arrivals.clone().unwrap_or_default().process(start),
            begins: stream("arrivals"),
            pauses: stream("think"),
            keeps: stream("keep"),
            think: spec.think_time.clone().unwrap_or_else(default_think).distribution(),
            spec: spec.clone(),
            file: file.to_path_buf(),
            coming: None,
            ended: false,
            under_way: BinaryHeap::new(),
            begun: 0,
            last: None,
        })
    }

    /// The next turn of any conversation, and its time.
    ///
    /// # Errors
    /// If the file cannot be read, or at a bad conversation unless those are
    /// skipped.
    pub fn next_row(&mut self) -> Result<Option<(Time, Row)>, TraceError> {
        if self.coming.is_none() && !self.ended {
            self.coming = self.begin()?;
            self.ended = self.coming.is_none();
        }
        let running_first = match (self.under_way.peek(), &self.coming) {
            (Some(running), Some(coming)) => running > coming,
            (running, _) => running.is_some(),
        };
        let turn = if running_first { self.under_way.pop() } else { self.coming.take() };
        let Some(turn) = turn else { return Ok(None) };
        if turn.place + 1 < turn.dialogue.turns() {
            let at = turn.at + self.think.draw(&mut self.pauses);
            self.under_way.push(Turn { at, place: turn.place + 1, ..turn.clone() });
        }
        let row = turn.dialogue.row(turn.place, turn.at);
        let at = turn.at;
        self.last = Some(turn);
        Ok(Some((at, row)))
    }

    /// The next conversation that is kept, at its first turn.
    fn begin(&mut self) -> Result<Option<Turn>, TraceError> {
        let window = self.spec.window();
        let dialogue = loop {
            match self.dialogues.next()? {
                Some(dialogue) if window.keeps(&mut self.keeps) => break dialogue,
                Some(_) => {}
                None if window.loops.is_none_or(|loops| self.round + 1 < loops) => {
                    self.round += 1;
                    self.dialogues.again(&self.file)?;
                }
                None => return Ok(None),
            }
        };
        let Some(at) = self.arrivals.next_at(&mut self.begins) else { return Ok(None) };
        self.begun += 1;
        Ok(Some(Turn { at, number: self.begun, dialogue: Arc::new(dialogue), place: 0 }))
    }

    /// The ids of the prompt's blocks of the turn given last.
    pub fn blocks(&self) -> &[u64] {
        self.last.as_ref().map_or(&[], |last| last.dialogue.blocks(last.place))
    }

    /// The prompt of the turn given last.
    pub fn text(&self) -> Option<SentText> {
        let last = self.last.as_ref()?;
        Some(last.dialogue.text(last.place))
    }

    /// How many bad conversations were left out so far.
    pub fn skipped(&self) -> u64 {
        self.dialogues.skipped
    }
}

/// Between two turns.
fn default_think() -> SpanSpec {
    SpanSpec::Exponential(ExponentialSpanSpec { mean: Duration(30 * NANOS_PER_SEC) })
}
