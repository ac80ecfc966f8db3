//! Recorded traces, streamed: one format a file.
//!
//! A format is a file in `formats` and a line in its list: a reader whose rows have absolute
//! stamps, and that says what is wrong with a bad one. Order, offset, speed and the policy
//! for bad rows are the same for all formats ([`Rows`]). Conversations have no
//! times, which are drawn ([`conversations`]); several traces are merged by a
//! [`Playback`], which is what a run reads.

pub mod accesses;
mod asked_models;
mod bad_row;
pub mod conversations;
pub mod fit;
mod formats;
mod identity;
mod input;
mod jobs;
mod measured;
mod measured_profile;
mod merged;
mod playback;
mod profile;
mod recording;
mod replay;
mod row;
mod rows;
mod scout;
mod spec;
mod unused;
mod window;
pub mod write;

pub use asked_models::{AskedModel, AskedModelsSpec};
pub use bad_row::OnBadRow;
pub use conversations::Conversations;
pub use formats::azure::AzureReader;
pub use formats::beginning::Beginning;
pub use formats::format::Given;
pub use formats::log::{CsvLog, JsonlLog, LogSpec, TimeUnit};
pub use formats::mooncake::{MooncakeReader, MooncakeSpec};
pub use formats::objects::{ObjectsReader, ObjectsSpec};
pub use formats::users::Users;
pub use input::error::TraceError;
pub use input::table::delimiter;
pub use jobs::{Jobs, Successor};
pub use measured::{Measured, Status};
pub use measured_profile::{MeasuredProfile, ModelProfile};
pub use merged::Merged;
pub use playback::Playback;
pub use profile::{Profile, RankCorrelation};
pub use recording::{Recording, RecordingError};
pub use replay::ReplaySpec;
pub use row::Row;
pub use rows::{Rows, TraceInfo};
pub use spec::{Origin, TraceSpec};

pub(crate) use formats::log::count;
pub(crate) use input::document::read_text;
pub(crate) use input::position::Position as TracePosition;
pub(crate) use input::table::Table as TraceTable;
pub(crate) use input::typed_rows;
pub(crate) use input::unique::read_unique;

pub(super) use input::bytes::open_at as open_bytes;
pub(super) use input::json;
pub(super) use input::lines::Lines as TraceLines;
pub(super) use input::stamp::parse_stamp as parse_trace_stamp;

/// How a file begins, from which its format is told.
///
/// # Errors
/// If the file cannot be read, is empty, or is no text.
pub fn beginning(path: &std::path::Path) -> Result<Beginning, TraceError> {
    Beginning::of(path)
}

/// A stream of text, UTF-8 without a byte order mark: other bytes are refused with line and
/// column.
pub(crate) fn text_of(bytes: impl std::io::Read) -> impl std::io::Read {
    input::text::TextStream::new(bytes)
}
