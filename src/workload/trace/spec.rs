//! The `trace:` block of a workload.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::conversations::{self, Dialect};
use super::log::LogSpec;
use super::objects::ObjectsSpec;
use super::window::Window;
use super::{OnBadRow, mooncake};
use crate::kernel::Duration;
use crate::spec::{Fraction, Positive, Problems};
use crate::workload::arrivals::ArrivalsSpec;
use crate::workload::duration_distribution::SpanSpec;

/// A recorded trace: times and lengths of a real system's requests, from a file
/// of one of the formats. A file may be packed with gzip
/// or zstd. It is looked for beside the
/// experiment file, in the current folder, in `$WINDTUNNEL_DATA` and in
/// `../shared/data`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TraceSpec {
    /// A CSV file of the Azure LLM inference traces of 2023 or 2024
    /// (`TIMESTAMP,ContextTokens,GeneratedTokens`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure: Option<PathBuf>,
    /// A file of JSON lines of the Mooncake traces (`timestamp`, `input_length`,
    /// `output_length`, `hash_ids`). It knows which prompts begin alike, and
    /// which are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mooncake: Option<PathBuf>,
    /// A CSV file of the `BurstGPT` traces (`Timestamp,...,Request tokens,Response
    /// tokens,...`). Requests that failed have answers of no tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burstgpt: Option<PathBuf>,
    /// A request log of one's own: rows under a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csv: Option<LogSpec>,
    /// A request log of one's own: JSON objects, one a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jsonl: Option<LogSpec>,
    /// A cache trace as libCacheSim reads them: a CSV of times, objects and sizes,
    /// or `oracleGeneral`. Each object is a prompt, its size that of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub libcachesim: Option<ObjectsSpec>,
    /// Conversations as `ShareGPT` has them: objects with `conversations: [{from,
    /// value}]`, in a JSON list or one a line. Each user's turn is a request that
    /// sends all that came before. They have no times: see `arrivals` and `think_time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharegpt: Option<PathBuf>,
    /// Conversations as `OpenAI`'s API has them: objects with `messages: [{role,
    /// content}]`, or batch lines with these in `body`. As `sharegpt` otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openai: Option<PathBuf>,
    /// Agents' sessions as Applied Compute publishes them: a session a line, with lengths of
    /// answers and tools' outputs and how long tools took. Each is a job whose calls follow the
    /// answers. They have no times: see `arrivals`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_compute: Option<PathBuf>,
    /// The `requests.csv` of a run of this program, of one point and one replication: its
    /// sessions and workflows, each as a job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_csv: Option<PathBuf>,
    /// Whether what waited for an answer waits for it again (`closed`), or comes when it came
    /// (`open`). Files of Mooncake's format whose rows wait for each other must say which.
    /// Default for `requests_csv`: `closed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplaySpec>,
    /// Whether a row of a session in Mooncake's format is only what it adds to the prompt and the
    /// answer before it. Default: false, it is the whole prompt.
    #[serde(skip_serializing_if = "is_false")]
    pub deltas: bool,
    /// Several traces on one clock, each with its own part, speed and share; of
    /// requests at the same instant those of the first trace come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<Vec<TraceSpec>>,
    /// When conversations begin; default: `poisson: { rate: 20/s }`. When jobs begin: at a
    /// rate, or so many at once (`closed_loop`, `concurrency`); default: when they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<ArrivalsSpec>,
    /// From one turn of a conversation to the next. Default: `exponential: { mean:
    /// 30s }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub think_time: Option<SpanSpec>,
    /// Where the part that is replayed begins, in the trace's own time from its
    /// `origin`. Default: 0s.
    pub from: Duration,
    /// Where that part ends. Default: at the end of the trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
    /// Share of the requests (of conversations: of these) that is kept, each by
    /// chance: less load of the same pattern. Default: 1.
    pub keep: Fraction,
    /// How often it is replayed, round after round; 0 for ever. Default: 1.
    pub loops: u32,
    /// How much faster than recorded it is replayed. Default: 1.
    pub speed: Positive,
    /// Which of the trace's times is the run's 0s. Default: `first_row`.
    pub origin: Origin,
    /// What to do with a row that cannot be read. Default: `fail`.
    pub on_bad_row: OnBadRow,
    /// Of a merged trace: who asks where the trace does not know it, and what its
    /// users' names begin with: `chat` makes `ann` `chat/ann`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

impl Default for TraceSpec {
    fn default() -> Self {
        TraceSpec {
            azure: None,
            mooncake: None,
            burstgpt: None,
            csv: None,
            jsonl: None,
            libcachesim: None,
            sharegpt: None,
            openai: None,
            applied_compute: None,
            requests_csv: None,
            replay: None,
            deltas: false,
            merge: None,
            arrivals: None,
            think_time: None,
            from: Duration::ZERO,
            until: None,
            keep: Fraction::try_from(1.0).expect("1 is a fraction"),
            loops: 1,
            speed: Positive::try_from(1.0).expect("1 is positive"),
            origin: Origin::default(),
            on_bad_row: OnBadRow::default(),
            label: None,
        }
    }
}

/// Whether what waited for an answer waits for it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplaySpec {
    /// A request comes so long after the answers that it waited for as it did: a slower system
    /// takes longer.
    Closed,
    /// A request comes when it came, whether those answers are there or not.
    Open,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_false(it: &bool) -> bool {
    !*it
}

/// Which of a trace's times is a run's 0s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// That of the first row, whatever it is.
    #[default]
    FirstRow,
    /// The trace's own 0, as in traces that were written by `windtunnel trace
    /// generate`: what comes before the first row is replayed too.
    Zero,
}

impl TraceSpec {
    /// Reports a missing file name or one too many, a speed that leaves nothing
    /// of the times, and what would have no effect.
    pub fn check(&self, problems: &mut Problems) {
        if self.merge.is_some() {
            self.check_merge(problems);
            return;
        }
        if self.label.is_some() {
            problems.at("label", |p| {
                p.error_help(
                    "`label` has no effect here: the trace is not merged",
                    "remove it, or list the trace in `merge`",
                );
            });
        }
        self.check_one(problems);
    }

    /// The same for one trace, merged with others or not.
    fn check_one(&self, problems: &mut Problems) {
        self.check_file(problems);
        for (format, log) in [("csv", &self.csv), ("jsonl", &self.jsonl)] {
            if let Some(log) = log {
                problems.at(format, |p| log.check(p));
            }
        }
        if let Some(objects) = &self.libcachesim {
            problems.at("libcachesim", |p| objects.check(p));
        }
        if self.until.is_some_and(|until| until <= self.from) {
            problems.at("until", |p| p.error(format!("expected more than `from`, {}", self.from)));
        }
        if self.keep.get() == 0.0 {
            problems.at("keep", |p| p.error("expected more than 0: nothing would be left"));
        }
        if !(1e-6..=1e6).contains(&self.speed.get()) {
            problems.at("speed", |p| {
                p.error(format!("{} is out of range: expected 1e-6 to 1e6", self.speed.get()));
            });
        }
        self.check_times(problems);
        self.check_replay(problems);
        if let Some(arrivals) = &self.arrivals {
            problems.at("arrivals", |p| {
                arrivals.check(p);
                if !self.has_jobs() {
                    arrivals.check_open(p);
                }
            });
        }
        if let Some(think) = &self.think_time {
            problems.at("think_time", |p| think.check(p));
        }
    }

    /// Exactly one file.
    fn check_file(&self, problems: &mut Problems) {
        let named: Vec<_> = self.files().into_iter().flatten().collect();
        match named[..] {
            [] => problems.error_help(
                "the trace has no file",
                "such as `azure: trace.csv` or `mooncake: trace.jsonl.gz`",
            ),
            [(format, _, path)] if path.as_os_str().is_empty() => problems.at(format, |p| {
                if matches!(format, "csv" | "jsonl" | "libcachesim") {
                    p.at("file", |p| p.error("expected the name of a file"));
                } else {
                    p.error("expected the name of a file");
                }
            }),
            [_] => {}
            [(first, ..), .., (last, ..)] => problems.at(last, |p| {
                p.error_help(
                    format!("a trace is of one format, not both `{first}` and `{last}`"),
                    "keep one of them, or list both in `merge`",
                );
            }),
        }
    }

    /// Conversations have no times of their own, other traces have no others.
    fn check_times(&self, problems: &mut Problems) {
        let plain = TraceSpec::default();
        let (useless, why, help) = if self.has_jobs() {
            let from_file = self.arrivals.is_some() || self.applied_compute.is_some();
            let given = [
                ("think_time", self.think_time.is_some()),
                ("from", from_file && self.from != plain.from),
                ("until", from_file && self.until.is_some()),
                ("speed", from_file && self.speed != plain.speed),
                ("origin", from_file && self.origin != plain.origin),
            ];
            (given.to_vec(), "jobs begin as `arrivals` says, and pause as they did", "remove it")
        } else if self.dialect().is_some() {
            let given = [
                ("from", self.from != plain.from),
                ("until", self.until.is_some()),
                ("speed", self.speed != plain.speed),
                ("origin", self.origin != plain.origin),
            ];
            let why = "conversations have no times of their own";
            (given.to_vec(), why, "set `arrivals` and `think_time`")
        } else {
            let given =
                [("arrivals", self.arrivals.is_some()), ("think_time", self.think_time.is_some())];
            (given.to_vec(), "the trace brings its own times", "remove it")
        };
        for (field, _) in useless.into_iter().filter(|(_, given)| *given) {
            problems.at(field, |p| {
                p.error_help(format!("`{field}` has no effect here: {why}"), help);
            });
        }
    }

    /// Jobs that have no times are told when to begin, and no other trace is said to have jobs.
    fn check_replay(&self, problems: &mut Problems) {
        if self.applied_compute.is_some() && self.arrivals.is_none() {
            problems.error_help(
                "these jobs have no times of their own",
                "add `arrivals`, such as `arrivals: { poisson: { rate: 0.5/s } }`, or so many at \
                 once: `arrivals: { concurrency: { limit: 8 } }`",
            );
        }
        if self.applied_compute.is_some() && self.replay == Some(ReplaySpec::Open) {
            problems.at("replay", |p| {
                p.error_help(
                    "these jobs have no times that an open replay could go by",
                    "remove it",
                );
            });
        }
        let knows = self.mooncake.is_some() || self.has_jobs();
        if self.replay.is_some() && !knows {
            problems.at("replay", |p| {
                p.error_help(
                    "`replay` has no effect here: requests of this format wait for none",
                    "remove it",
                );
            });
        }
        if self.deltas && !(self.mooncake.is_some() && self.has_jobs()) {
            problems.at("deltas", |p| {
                p.error_help(
                    "`deltas` has no effect here: it is of sessions in Mooncake's format",
                    "remove it, or add `replay: closed`",
                );
            });
        }
    }

    /// Whether its rows are jobs, of which each call waits for others.
    pub fn has_jobs(&self) -> bool {
        let closed = self.replay == Some(ReplaySpec::Closed);
        self.applied_compute.is_some()
            || self.requests_csv.is_some()
            || (self.mooncake.is_some() && closed)
    }

    /// Each of the merged, and that nothing else is said beside them.
    fn check_merge(&self, problems: &mut Problems) {
        let merged = self.merge.as_deref().unwrap_or_default();
        if *self != (TraceSpec { merge: self.merge.clone(), ..TraceSpec::default() }) {
            problems.at("merge", |p| {
                p.error_help(
                    "each of the merged traces has its own file and settings: nothing else goes \
                     beside `merge`",
                    "such as `merge: [{ azure: a.csv, speed: 2 }, { mooncake: b.jsonl.gz }]`",
                );
            });
        }
        problems.at("merge", |p| {
            if merged.len() < 2 {
                p.error("expected at least two traces");
            }
            for (i, trace) in merged.iter().enumerate() {
                p.at(i, |p| {
                    if trace.merge.is_some() {
                        p.at("merge", |p| {
                            p.error_help(
                                "a merged trace is not merged itself",
                                "list all of them in one `merge`",
                            );
                        });
                        return;
                    }
                    if trace.has_jobs() {
                        p.error_help(
                            "jobs whose calls wait for each other cannot be merged",
                            "replay them alone, or write `replay: open`",
                        );
                    }
                    if trace.label.as_ref().is_some_and(String::is_empty) {
                        p.at("label", |p| p.error("expected a name"));
                    }
                    trace.check_one(p);
                });
            }
            let mut sizes = merged.iter().filter_map(TraceSpec::block_tokens);
            if let Some(first) = sizes.next()
                && let Some(other) = sizes.find(|size| *size != first)
            {
                p.error_help(
                    format!(
                        "traces with blocks of {first} and of {other} tokens cannot be merged: a \
                         prefix cache has blocks of one size"
                    ),
                    "Mooncake's blocks have 512 tokens, those of conversations 16",
                );
            }
        });
    }

    /// The format's key in the spec, the folder in which collections keep its
    /// files, and the file; of one trace that passed its check.
    pub(super) fn file(&self) -> Option<(&'static str, &'static str, &Path)> {
        self.files().into_iter().flatten().next()
    }

    /// The same for each format.
    fn files(&self) -> [Option<(&'static str, &'static str, &Path)>; 10] {
        [
            self.azure.as_deref().map(|path| ("azure", "azure-2023", path)),
            self.mooncake.as_deref().map(|path| ("mooncake", "mooncake", path)),
            self.burstgpt.as_deref().map(|path| ("burstgpt", "burstgpt", path)),
            self.csv.as_ref().map(|log| ("csv", ".", log.file.as_path())),
            self.jsonl.as_ref().map(|log| ("jsonl", ".", log.file.as_path())),
            self.libcachesim.as_ref().map(|it| ("libcachesim", "libcachesim", it.file.as_path())),
            self.sharegpt.as_deref().map(|path| ("sharegpt", "sharegpt", path)),
            self.openai.as_deref().map(|path| ("openai", "openai", path)),
            self.applied_compute.as_deref().map(|path| ("applied_compute", "agents", path)),
            self.requests_csv.as_deref().map(|path| ("requests_csv", "", path)),
        ]
    }

    /// The columns of a log.
    pub(super) fn log(&self) -> Option<LogSpec> {
        let burstgpt = self.burstgpt.clone().map(LogSpec::burstgpt);
        self.csv.clone().or_else(|| self.jsonl.clone()).or(burstgpt)
    }

    /// How conversations are written, if the trace is of these.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        match (&self.sharegpt, &self.openai) {
            (Some(_), _) => Some(Dialect::ShareGpt),
            (_, Some(_)) => Some(Dialect::OpenAi),
            _ => None,
        }
    }

    /// The traces: those that are merged, or this one.
    pub(super) fn parts(&self) -> &[TraceSpec] {
        self.merge.as_deref().unwrap_or(std::slice::from_ref(self))
    }

    /// How many tokens a block has, if the format knows the blocks of prompts.
    pub fn block_tokens(&self) -> Option<u32> {
        if let Some(merged) = &self.merge {
            return merged.iter().find_map(TraceSpec::block_tokens);
        }
        let conversations = self.dialect().map(|_| conversations::BLOCK_TOKENS);
        self.mooncake.as_ref().map(|_| mooncake::BLOCK_TOKENS).or(conversations)
    }

    /// Whether its rows know which prompt they are.
    pub fn knows_prompts(&self) -> bool {
        if let Some(merged) = &self.merge {
            return merged.iter().all(TraceSpec::knows_prompts);
        }
        self.mooncake.is_some()
            || self.has_jobs()
            || self.libcachesim.is_some()
            || self.dialect().is_some()
            || self.log().is_some_and(|log| log.prompt.is_some())
    }

    /// Whether its rows know who asks.
    pub fn knows_users(&self) -> bool {
        if let Some(merged) = &self.merge {
            return merged.iter().any(|trace| trace.label.is_some() || trace.knows_users());
        }
        self.log().is_some_and(|log| log.user.is_some())
    }

    /// The part that is replayed.
    pub(super) fn window(&self) -> Window {
        Window {
            from: self.from,
            until: self.until,
            keep: self.keep.get(),
            loops: (self.loops > 0).then_some(self.loops),
        }
    }
}
