//! A trace made ready: its files found and read once.

use std::path::{Path as FilePath, PathBuf};

use super::conversations::{self, Conversations};
use super::jobs::Jobs;
use super::merged::{Merged, Part};
use super::{Playback, Rows, TraceError, TraceInfo, TraceSpec, Users};
use crate::kernel::Streams;
use crate::spec::{Path, Problem};
use crate::workload::arrivals::CalendarStart;
use crate::workload::data_paths::{DataPaths, NotFound};
use crate::workload::users::ANONYMOUS;

/// A trace, or several that are merged, ready to be played any number of times.
#[derive(Debug)]
pub struct Recording {
    spec: TraceSpec,
    start: CalendarStart,
    files: Vec<PathBuf>,
    info: TraceInfo,
    /// By merged trace.
    names: Vec<Names>,
}

/// The numbers among all users of a trace's own, and of whoever it does not know; and that of
/// its first recorded model.
type Names = (Vec<u32>, Option<u32>, u32);

/// Why a trace cannot be played.
#[derive(Debug)]
pub enum RecordingError {
    /// The file is nowhere.
    NoFile {
        /// Where in the spec it is named.
        place: Path,
        /// The file, and where it was looked for.
        missing: NotFound,
    },
    /// The file cannot be read.
    Trace {
        /// Where in the spec it is named.
        place: Path,
        /// What is wrong with it.
        error: TraceError,
    },
    /// Recorded models that are named are not there.
    Models(Problem),
}

impl Recording {
    /// Finds the files of a checked spec and reads each once, for runs that start
    /// at `start` on the virtual calendar.
    ///
    /// # Errors
    /// A file that cannot be found or read, or has nothing to replay.
    ///
    /// # Panics
    /// If the spec did not pass its check.
    pub fn find(
        spec: &TraceSpec,
        paths: &DataPaths,
        start: CalendarStart,
    ) -> Result<Self, RecordingError> {
        let (mut files, mut infos) = (Vec::new(), Vec::new());
        for (i, part) in spec.parts().iter().enumerate() {
            let (format, named) = part.file().expect("a checked spec has a file");
            let of_part = match spec.merge {
                Some(_) => Path::default().join("merge").join(i),
                None => Path::default(),
            };
            let place = of_part.join(format);
            let nowhere =
                |missing: NotFound| RecordingError::NoFile { place: place.clone(), missing };
            let file = paths.find(named.file(), named.folder()).map_err(nowhere)?;
            let info =
                survey(part, &file).map_err(|error| RecordingError::Trace { place, error })?;
            let recorded: Vec<String> = info.models.iter().map(|it| it.recorded.clone()).collect();
            let unknown = part.models.as_ref().and_then(|models| models.unknown(&recorded));
            if let Some(problem) = unknown {
                return Err(RecordingError::Models(problem.within(&of_part.join("models"))));
            }
            infos.push(info);
            files.push(file);
        }
        let (info, names) = match &spec.merge {
            None => (infos.remove(0), Vec::new()),
            Some(merged) => merge(merged, &infos),
        };
        Ok(Recording { spec: spec.clone(), start, files, info, names })
    }

    /// What there is in it.
    pub fn info(&self) -> &TraceInfo {
        &self.info
    }

    /// Whether any of its rows are jobs.
    pub fn has_jobs(&self) -> bool {
        self.spec.has_jobs()
    }

    /// The requests of one run, from the beginning.
    ///
    /// # Errors
    /// If a file can no longer be opened.
    pub fn play(&self, streams: &Streams) -> Result<Playback, TraceError> {
        if self.spec.merge.is_none() {
            return play(&self.spec, &self.files[0], self.start, streams, "workload");
        }
        let parts = self.spec.parts().iter().zip(&self.files).zip(&self.names).enumerate();
        let parts = parts.map(|(i, ((spec, file), names))| {
            // Streams of its own: adding a trace leaves the draws of the others.
            let stream = format!("workload.trace.{i}");
            let playback = play(spec, file, self.start, streams, &stream)?;
            // Ids of blocks count from 0 in each file; those of two files are not
            // the same blocks.
            let salt = self.files.iter().position(|other| other == file).unwrap_or(i);
            let counts = spec.file().is_some_and(|(_, file)| file.counts_ids());
            let of_file = salt as u64;
            let salt = if counts { of_file } else { 0 };
            Ok(Part::new(playback, salt, of_file, names.clone()))
        });
        Ok(Playback::Merged(Box::new(Merged::new(parts.collect::<Result<_, TraceError>>()?))))
    }
}

/// One trace's requests.
fn play(
    spec: &TraceSpec,
    file: &FilePath,
    start: CalendarStart,
    streams: &Streams,
    name: &str,
) -> Result<Playback, TraceError> {
    if spec.has_jobs() {
        let stream = |part: &str| streams.stream(&format!("{name}.{part}"));
        let gaps = stream("arrivals");
        let arrivals = spec.arrivals.as_ref().map(|arrivals| arrivals.process(start));
        let keep = stream(if name == "workload" { "trace.keep" } else { "keep" });
        let rows = Rows::of_jobs(spec, file, keep, stream("think").bits())?;
        return Ok(Playback::Jobs(Box::new(Jobs::new(rows, arrivals, gaps))));
    }
    if spec.dialect().is_some() {
        let conversations = Conversations::open(spec, file, start, streams, name)?;
        return Ok(Playback::Conversations(Box::new(conversations)));
    }
    let name = if name == "workload" { "workload.trace" } else { name };
    let keep = streams.stream(&format!("{name}.keep"));
    Ok(Playback::Rows(Box::new(spec.open(file, keep)?)))
}

/// Reads one trace to its end.
fn survey(spec: &TraceSpec, file: &FilePath) -> Result<TraceInfo, TraceError> {
    let info = if spec.dialect().is_some() && !spec.has_jobs() {
        conversations::survey(spec, file)?
    } else {
        // A survey keeps all rows: nothing is drawn.
        let stream = Streams::new(0, 0).stream("workload.trace.keep");
        Rows::open(spec, file, stream)?.survey()?
    };
    if info.rows == Some(0) {
        return Err(TraceError::Empty { file: file.to_path_buf(), skipped: info.skipped });
    }
    Ok(info)
}

/// All together, and whom each trace's users are among them.
fn merge(specs: &[TraceSpec], infos: &[TraceInfo]) -> (TraceInfo, Vec<Names>) {
    let mut users = Users::new();
    let any_known =
        specs.iter().zip(infos).any(|(spec, info)| spec.label.is_some() || !info.users.is_empty());
    let mut models = 0;
    let names = specs.iter().zip(infos).map(|(spec, info)| {
        let first_model = models;
        models += info.models.len() as u32;
        let mut number = |name: String| users.insert_full(name).0 as u32;
        let known = info.users.iter().map(|user| match &spec.label {
            Some(label) => number(format!("{label}/{user}")),
            None => number(user.clone()),
        });
        let known: Vec<u32> = known.collect();
        let stranger = (any_known && known.is_empty())
            .then(|| number(spec.label.clone().unwrap_or_else(|| ANONYMOUS.to_owned())));
        (known, stranger, first_model)
    });
    let names = names.collect();
    let info = TraceInfo {
        rows: infos.iter().map(|info| info.rows).sum(),
        skipped: infos.iter().map(|info| info.skipped).sum(),
        first_bad: infos.iter().find_map(|info| info.first_bad.clone()),
        span: infos
            .iter()
            .map(|info| info.span)
            .collect::<Option<Vec<_>>>()
            .and_then(|spans| spans.into_iter().max()),
        users: users.into_iter().collect(),
        models: infos.iter().flat_map(|info| info.models.clone()).collect(),
        notes: infos.iter().flat_map(|info| info.notes.clone()).collect(),
    };
    (info, names)
}
