//! What is common to all formats: order, offset, speed, parts, bad rows.

use std::path::{Path, PathBuf};

use super::asked_models::AskedModel;
use super::bad_row::OnBadRow;
use super::formats::format::RowReader;
use super::formats::job_reader::JobReader;
use super::formats::listed::Listing;
use super::input::error::TraceError;
use super::measured::{Measured, failures};
use super::row::Row;
use super::scout::Scout;
use super::spec::{Origin, TraceSpec};
use super::window::{Place, Window};
use crate::kernel::{Duration, Stream, Time};
use crate::workload::RecordedJob;

/// The rows of a trace on the virtual clock: the first at 0, the others after
/// it, each `speed` times as early as recorded.
#[derive(Debug)]
pub struct Rows {
    spec: TraceSpec,
    window: Window,
    file: PathBuf,
    reader: Box<dyn RowReader>,
    /// Tells rows whose times are far ahead of all others, where bad rows are left out.
    scout: Option<Scout>,
    /// How much faster than recorded; `None` for exactly as recorded.
    speed: Option<f64>,
    /// Draws which rows are kept.
    stream: Stream,
    /// Names what is drawn of jobs.
    key: u64,
    /// What is the run's 0s of its clock, and the latest good row's stamp.
    first: Option<u64>,
    latest: u64,
    /// The line of that row.
    latest_line: u64,
    /// What is added to the time of this round's rows, in recorded nanoseconds.
    offset: u64,
    /// The last row's time within its part, in recorded nanoseconds, and how many
    /// rows its round has had.
    within: u64,
    of_round: u64,
    round: u32,
    skipped: u64,
    first_bad: Option<String>,
}

impl TraceSpec {
    /// Opens a file of the format that the spec names, which has times.
    ///
    /// # Errors
    /// If the file cannot be read or is of another format.
    pub fn open(&self, path: &Path, stream: Stream) -> Result<Rows, TraceError> {
        Rows::open(self, path, stream)
    }
}

impl Origin {
    /// The time, on the trace's own clock, of a run's 0s; `first` is its first row.
    fn of(self, first: Row) -> u64 {
        match self {
            Origin::FirstRow => first.stamp,
            Origin::Zero => 0,
        }
    }
}

/// What reading a trace once tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceInfo {
    /// Good rows of the part that is replayed, over all rounds, kept or not; `None`
    /// if they never end.
    pub rows: Option<u64>,
    /// Bad rows that were left out.
    pub skipped: u64,
    /// The first bad row, if any: file, line and what is wrong.
    pub first_bad: Option<String>,
    /// From the first row to the last of the last round, at the speed of replay;
    /// `None` where the rows never end, or where their times are drawn.
    pub span: Option<Duration>,
    /// Who asks, by the order of their first request, if the trace knows.
    pub users: Vec<String>,
    /// The models that calls of jobs asked, if the trace knows, and which of the experiment's these
    /// may be.
    pub models: Vec<AskedModel>,
    /// What there is in it that matters and is not used, with what would use it.
    pub notes: Vec<String>,
}

/// A reader of the file at `path`, which is of the format that the spec names.
fn open(
    spec: &TraceSpec,
    path: &Path,
    key: u64,
    round: u32,
) -> Result<Box<dyn RowReader>, TraceError> {
    match spec.file() {
        Some((_, file)) if spec.has_jobs() => {
            let options = spec.job_options(key, round);
            Ok(Box::new(JobReader::new(file.open_jobs(path, options)?, options.as_recorded)))
        }
        Some((_, file)) if spec.goes_by_times() => by_times(file.open(path)?, path),
        Some((_, file)) => file.open(path),
        None => Err(TraceError::Empty { file: path.to_path_buf(), skipped: 0 }),
    }
}

/// All rows of a file in the order of their times.
fn by_times(mut reader: Box<dyn RowReader>, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
    let mut listing = Listing::new(path);
    loop {
        match reader.next_row() {
            Ok(Some(row)) => {
                let line = reader.position().line;
                listing.push(line, Ok((row, Measured::default())), reader.blocks());
            }
            Ok(None) => return Ok(Box::new(listing.reader())),
            Err(TraceError::BadRow { line, why, .. }) => listing.push(line, Err(why), &[]),
            Err(error) => return Err(error),
        }
    }
}

/// One that reads ahead, if bad rows are left out.
fn scout(spec: &TraceSpec, path: &Path) -> Result<Option<Scout>, TraceError> {
    let skips = spec.on_bad_row == OnBadRow::Skip;
    skips.then(|| open(spec, path, 0, 0).map(Scout::new)).transpose()
}

impl Rows {
    /// The rows of the file at `path`, of which `stream` says which are kept.
    ///
    /// # Errors
    /// If the file cannot be read or is of another format.
    pub fn open(spec: &TraceSpec, path: &Path, stream: Stream) -> Result<Self, TraceError> {
        Rows::of_jobs(spec, path, stream, 0)
    }

    /// The same; `key` names what is drawn of jobs.
    ///
    /// # Errors
    /// As [`Rows::open`].
    pub(super) fn of_jobs(
        spec: &TraceSpec,
        path: &Path,
        stream: Stream,
        key: u64,
    ) -> Result<Self, TraceError> {
        let speed = spec.speed.get();
        Ok(Rows {
            reader: open(spec, path, key, 0)?,
            scout: scout(spec, path)?,
            spec: spec.clone(),
            window: spec.window(),
            file: path.to_path_buf(),
            speed: (speed.to_bits() != 1f64.to_bits()).then_some(speed),
            stream,
            key,
            first: None,
            latest: 0,
            latest_line: 0,
            offset: 0,
            within: 0,
            of_round: 0,
            round: 0,
            skipped: 0,
            first_bad: None,
        })
    }

    /// The next good row and its time.
    ///
    /// # Errors
    /// If the file cannot be read, or at a bad row unless those are skipped.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<(Time, Row)>, TraceError> {
        loop {
            match self.reader.next_row().and_then(|row| self.in_order(row)) {
                Ok(Some(row)) => {
                    self.latest = row.stamp;
                    self.latest_line = self.reader.position().line;
                    let at =
                        row.stamp - *self.first.get_or_insert_with(|| self.spec.origin.of(row));
                    match self.window.place(at) {
                        Place::Before => {}
                        Place::Within => {
                            self.within = at - self.window.from.as_nanos();
                            self.of_round += 1;
                            if self.window.keeps(&mut self.stream) {
                                return Ok(Some((self.on_clock(), row)));
                            }
                        }
                        Place::Behind if self.again()? => {}
                        Place::Behind => return Ok(None),
                    }
                }
                Ok(None) => {
                    if !self.again()? {
                        return Ok(None);
                    }
                }
                Err(error) => self.bad(error)?,
            }
        }
    }

    /// The ids of the prompt's blocks of the row read last, in their order; none
    /// where the format does not know them.
    #[inline]
    pub fn blocks(&self) -> &[u64] {
        self.reader.blocks()
    }

    /// What the job of the row read last does, where rows are jobs.
    #[inline]
    pub fn take_job(&mut self) -> Option<RecordedJob> {
        self.reader.take_job()
    }

    /// What was measured of the row read last, where the format knows that.
    #[inline]
    pub fn measured(&self) -> Option<&Measured> {
        self.reader.measured()
    }

    /// What the rows read so far have that matters and is not used, and what would use it.
    pub fn notes(&self) -> Vec<String> {
        self.reader.notes()
    }

    /// A user's name, by the number that rows have.
    pub fn user_name(&self, user: u32) -> Option<&str> {
        Some(self.reader.users()?.get_index(user as usize)?.as_str())
    }

    /// What is the run's 0s on the trace's own clock, in nanoseconds; `None` before
    /// the first row.
    pub fn zero(&self) -> Option<u64> {
        self.first
    }

    /// How many bad rows were left out so far.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The first bad row that was left out: file, line and what is wrong.
    pub fn first_bad(&self) -> Option<&str> {
        self.first_bad.as_deref()
    }

    /// Who asked so far, by the order of their first request, if the trace knows.
    pub fn users(&self) -> Vec<String> {
        self.reader.users().map(|users| users.iter().cloned().collect()).unwrap_or_default()
    }

    /// The models that calls of jobs asked so far.
    fn asked_models(&self) -> Vec<AskedModel> {
        let asked = |name: &str| self.spec.models.as_ref().map(|models| models.of(name));
        let models = self.reader.models().into_iter().flatten();
        models.map(|name| AskedModel { recorded: name.to_string(), asked: asked(name) }).collect()
    }

    /// Reads one round to its end and tells what there was.
    ///
    /// # Errors
    /// As [`Rows::next_row`].
    pub fn survey(mut self) -> Result<TraceInfo, TraceError> {
        let loops = self.spec.window().loops;
        self.window = Window { keep: 1.0, loops: Some(1), ..self.window };
        let (mut rows, mut failed) = (0u64, 0u64);
        while self.next_row()?.is_some() {
            rows += 1;
            failed += u64::from(self.measured().is_some_and(|it| it.status.is_failed()));
        }
        let mut notes = self.notes();
        if failed > 0 {
            notes.push(failures(failed, rows));
        }
        let round = self.round_length();
        let span = |loops: u32| {
            let recorded = round.saturating_mul(u64::from(loops) - 1).saturating_add(self.within);
            Duration(self.scaled(recorded))
        };
        Ok(TraceInfo {
            rows: loops.map(|loops| rows * u64::from(loops)),
            skipped: self.skipped,
            first_bad: self.first_bad.clone(),
            // The calls of jobs come when others have been answered.
            span: loops.map(span).filter(|_| !self.spec.has_jobs()),
            users: self.users(),
            models: self.asked_models(),
            notes,
        })
    }

    /// Begins again, if the part is replayed once more: after the end of the part,
    /// or, where only its last row is known, after a mean gap.
    #[cold]
    fn again(&mut self) -> Result<bool, TraceError> {
        let more = self.window.loops.is_none_or(|loops| self.round + 1 < loops);
        if !more || self.of_round == 0 {
            return Ok(false);
        }
        self.round += 1;
        self.offset = self.offset.saturating_add(self.round_length());
        self.reader = open(&self.spec, &self.file, self.key, self.round)?;
        self.scout = scout(&self.spec, &self.file)?;
        (self.first, self.latest, self.within, self.of_round) = (None, 0, 0, 0);
        Ok(true)
    }

    /// How long a round lasts, in recorded nanoseconds.
    fn round_length(&self) -> u64 {
        let window = &self.window;
        let gap = self.within / self.of_round.saturating_sub(1).max(1);
        let all = self.within.saturating_add(gap.max(1));
        window.until.map_or(all, |until| until.as_nanos() - window.from.as_nanos())
    }

    #[inline]
    fn in_order(&mut self, row: Option<Row>) -> Result<Option<Row>, TraceError> {
        let Some(Row { stamp, .. }) = row else { return Ok(row) };
        if let Some(scout) = &mut self.scout
            && let Some(why) = scout.is_ahead(stamp, self.latest)
        {
            return Err(self.reader.position().bad_row(why));
        }
        if stamp < self.latest {
            let line = self.latest_line;
            let why =
                format!("the row's time is before that of line {line}: rows go by their times");
            return Err(self.reader.position().bad_row(why));
        }
        Ok(row)
    }

    /// The time of the row read last; exact at the recorded speed.
    #[inline]
    fn on_clock(&self) -> Time {
        Time(self.scaled(self.offset.saturating_add(self.within)))
    }

    #[inline]
    fn scaled(&self, nanos: u64) -> u64 {
        // The cast saturates; below 2^53 ns (104 days) nothing is lost.
        self.speed.map_or(nanos, |speed| (nanos as f64 / speed + 0.5) as u64)
    }

    #[cold]
    fn bad(&mut self, error: TraceError) -> Result<(), TraceError> {
        match (&error, self.spec.on_bad_row) {
            (TraceError::BadRow { .. }, OnBadRow::Skip) => {
                // A later round's bad rows are those of the first.
                self.skipped += u64::from(self.round == 0);
                self.first_bad.get_or_insert_with(|| error.to_string());
                Ok(())
            }
            _ => Err(error),
        }
    }
}
