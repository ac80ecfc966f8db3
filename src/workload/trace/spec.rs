//! The `trace:` block of a workload.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::asked_models::AskedModelsSpec;
use super::bad_row::OnBadRow;
use super::formats::beginning::Beginning;
use super::formats::format::{Dialect, Format, Given, TraceFile};
use super::formats::log::LogSpec;
use super::formats::mooncake::MooncakeSpec;
use super::formats::objects::ObjectsSpec;
use super::formats::{
    applied_compute, azure, blis, conversations, formats, guidellm, litellm, log, mooncake,
    objects, otel, requests_csv, vllm,
};
use super::replay::ReplaySpec;
use super::window::Window;
use crate::kernel::Duration;
use crate::spec::{Fraction, Positive, Problems};
use crate::workload::arrivals::ArrivalsSpec;
use crate::workload::duration_distribution::SpanSpec;

macro_rules! trace_spec {
    ($($(#[$doc:meta])* $key:ident: $spec:ty => $format:ty,)*) => {
        /// A recorded trace: times and lengths of a real system's requests, from a file
        /// of one of the formats. A file may be packed with gzip
        /// or zstd. It is looked for beside the
        /// experiment file, in the current folder, in `$WINDTUNNEL_DATA` and in
        /// `../shared/data`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct TraceSpec {
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $key: Option<$spec>,
            )*
            /// Several traces on one clock, each with its own part, speed and share; of
            /// requests at the same instant those of the first trace come first.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub merge: Option<Vec<TraceSpec>>,
            /// When conversations begin; default: `poisson: { rate: 20/s }`. When jobs begin: at
            /// a rate, or so many at once (`closed_loop`, `concurrency`); default: when they did.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub arrivals: Option<ArrivalsSpec>,
            /// From one turn of a conversation to the next; where each waits for the answer before
            /// it (`replay: closed`), from that to the next, if messages have no times. Default:
            /// `exponential: { mean: 30s }`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub think_time: Option<SpanSpec>,
            /// Of conversations with `replay: closed`: how long tools take whose calls and results
            /// have no times. Default: `exponential: { mean: 1s }`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub tool_time: Option<SpanSpec>,
            /// Whether what waited for an answer waits for it again (`closed`), or comes when it
            /// came (`open`). Default: `closed` for `applied_compute`, `otel` and `requests_csv`,
            /// else `open`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub replay: Option<ReplaySpec>,
            /// Which of the experiment's models the calls of recorded jobs ask: those of the same
            /// names (`by_name`), or by a map from recorded names (`{ gpt-4o: large }`). What
            /// neither knows is left to the experiment, as is everything by default.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub models: Option<AskedModelsSpec>,
            /// Whether a row of a session in Mooncake's format is only what it adds to the prompt
            /// and the answer before it. Default: false, it is the whole prompt.
            #[serde(skip_serializing_if = "is_false")]
            pub deltas: bool,
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
                    $($key: None,)*
                    merge: None,
                    arrivals: None,
                    think_time: None,
                    tool_time: None,
                    replay: None,
                    models: None,
                    deltas: false,
                    from: Duration::ZERO,
                    until: None,
                    keep: Fraction::percent(100),
                    loops: 1,
                    speed: Positive::ONE,
                    origin: Origin::default(),
                    on_bad_row: OnBadRow::default(),
                    label: None,
                }
            }
        }

        impl TraceSpec {
            /// The names of all formats.
            pub const FORMATS: &[&str] = &[$(stringify!($key)),*];

            /// Each file that is named, with the name of its format.
            fn chosen(&self) -> Vec<(&'static str, Box<dyn TraceFile>)> {
                let mut chosen: Vec<(&'static str, Box<dyn TraceFile>)> = Vec::new();
                $(
                    if let Some(spec) = &self.$key {
                        chosen.push((stringify!($key), Box::new(<$format>::of(spec.clone()))));
                    }
                )*
                chosen
            }

            /// The format of a file that begins so.
            pub fn detect(beginning: &Beginning) -> Option<&'static str> {
                $(
                    if <$format>::detect(beginning) {
                        return Some(stringify!($key));
                    }
                )*
                None
            }

            /// The trace that a file of a format is.
            pub fn given(format: &str, given: &Given, beginning: &Beginning) -> Option<TraceSpec> {
                let mut spec = TraceSpec::default();
                match format {
                    $(stringify!($key) => {
                        spec.$key = Some(<$format>::given(given, beginning));
                    })*
                    _ => return None,
                }
                // Its requests are looked at one by one.
                spec.replay = spec.has_jobs().then_some(ReplaySpec::Open);
                Some(spec)
            }
        }
    };
}

formats!(trace_spec);

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
        for (format, file) in self.chosen() {
            problems.at(format, |p| file.check(p));
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
        for (field, span) in [("think_time", &self.think_time), ("tool_time", &self.tool_time)] {
            if let Some(span) = span {
                problems.at(field, |p| span.check(p));
            }
        }
    }

    /// Exactly one file.
    fn check_file(&self, problems: &mut Problems) {
        let named = self.chosen();
        match &named[..] {
            [] => problems.error_help(
                "the trace has no file",
                "such as `azure: trace.csv` or `mooncake: trace.jsonl.gz`",
            ),
            [(format, file)] if file.file().as_os_str().is_empty() => problems.at(*format, |p| {
                if file.is_map() {
                    p.at("file", |p| p.error("expected the name of a file"));
                } else {
                    p.error("expected the name of a file");
                }
            }),
            [_] => {}
            [(first, _), .., (last, _)] => problems.at(*last, |p| {
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
            (
                self.useless_for_jobs(),
                "jobs begin as `arrivals` says, and pause as they did",
                "remove it",
            )
        } else if self.dialect().is_some() {
            let given = [
                ("from", self.from != plain.from),
                ("until", self.until.is_some()),
                ("speed", self.speed != plain.speed),
                ("origin", self.origin != plain.origin),
                ("tool_time", self.tool_time.is_some()),
            ];
            let why = "conversations have no times of their own";
            (given.to_vec(), why, "set `arrivals` and `think_time`, or write `replay: closed`")
        } else {
            let given = [
                ("arrivals", self.arrivals.is_some()),
                ("think_time", self.think_time.is_some()),
                ("tool_time", self.tool_time.is_some()),
            ];
            (given.to_vec(), "the trace brings its own times", "remove it")
        };
        for (field, _) in useless.into_iter().filter(|(_, given)| *given) {
            problems.at(field, |p| {
                p.error_help(format!("`{field}` has no effect here: {why}"), help);
            });
        }
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
                    "Mooncake's blocks have 512 tokens unless `block_tokens` says otherwise, those \
                     of texts 16",
                );
            }
        });
    }

    /// The format's key in the spec, and the file; of one trace that passed its check.
    pub(super) fn file(&self) -> Option<(&'static str, Box<dyn TraceFile>)> {
        self.chosen().into_iter().next()
    }

    /// How conversations are written, if the trace is of these.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        self.file()?.1.dialect()
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
        self.file()?.1.block_tokens()
    }

    /// Whether its rows know which prompt they are.
    pub fn knows_prompts(&self) -> bool {
        if let Some(merged) = &self.merge {
            return merged.iter().all(TraceSpec::knows_prompts);
        }
        self.file().is_some_and(|(_, file)| file.knows_prompts())
    }

    /// Whether its rows know who asks.
    pub fn knows_users(&self) -> bool {
        if let Some(merged) = &self.merge {
            return merged.iter().any(|trace| trace.label.is_some() || trace.knows_users());
        }
        self.file().is_some_and(|(_, file)| file.knows_users())
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
