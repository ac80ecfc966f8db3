//! Files of spans, as OTLP's JSON or as an object with a list of `spans`, one span at a time.

use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::nested::{Nested, Paths};
use crate::workload::trace::input::position::Position;

/// What calls a model, by `gen_ai.operation.name`.
pub(super) const CALLS: [&str; 4] = ["chat", "text_completion", "generate_content", "completion"];

/// Where spans are.
const SPANS: Paths = &[
    &[
        &["resourceSpans", "resource_spans"],
        &["scopeSpans", "scope_spans", "instrumentationLibrarySpans"],
        &["spans"],
    ],
    &[&["spans"]],
];

#[derive(Deserialize)]
struct File {
    #[serde(default, rename = "resourceSpans", alias = "resource_spans")]
    _resources: Option<Vec<Resource>>,
    #[serde(default, rename = "spans")]
    _spans: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(
        default,
        rename = "scopeSpans",
        alias = "scope_spans",
        alias = "instrumentationLibrarySpans"
    )]
    _scopes: Vec<Scope>,
}

#[derive(Deserialize)]
struct Scope {
    #[serde(default, rename = "spans")]
    _spans: Vec<IgnoredAny>,
}

/// Goes through the spans of a file in its order, and holds one of them at a time.
#[derive(Debug)]
pub(super) struct SpanFile {
    spans: Nested,
    /// Spans so far.
    all: u64,
    /// Those of them that were calls of models, of which there must be one.
    pub calls: u64,
}

impl SpanFile {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let check = |text: &str| serde_json::from_str(text).map(|_: File| ());
        Ok(SpanFile { spans: Nested::open(path, SPANS, check)?, all: 0, calls: 0 })
    }

    /// How many spans came before the one that comes next.
    pub fn place(&self) -> u64 {
        self.all
    }

    /// The next span as it is written, with its line.
    ///
    /// # Errors
    /// If the file cannot be read, or it ends and none was the call of a model.
    pub fn advance(&mut self) -> Result<Option<(u64, &str)>, TraceError> {
        if self.spans.advance()? {
            self.all += 1;
            return Ok(Some((self.spans.position().line, self.spans.item())));
        }
        let file = Position { line: 0, ..self.spans.position().clone() };
        if self.spans.documents() == 0 {
            return Err(file.empty());
        }
        if self.calls == 0 {
            return Err(file.format(format!(
                "none of the {} spans is the call of a model: none has `gen_ai.operation.name` of \
                 {} or its tokens",
                self.all,
                CALLS.join(", ")
            )));
        }
        Ok(None)
    }

    /// The span cannot be read.
    pub fn refuse(&self, why: String) -> TraceError {
        self.spans.position().bad_row(why)
    }
}
