//! Recorded traces, streamed: one format a file.
//!
//! To add a format: a file with a reader whose `next_row` gives rows with
//! absolute stamps and says what is wrong with a bad one; then a field in
//! [`TraceSpec`] and a line in [`Reader`]. Order, offset, speed and the policy
//! for bad rows are the same for all formats ([`Rows`]). Conversations have no
//! times, which are drawn ([`conversations`]); several traces are merged by a
//! [`Playback`], which is what a run reads.

pub mod accesses;
mod azure;
mod bad_row;
mod bytes;
pub mod conversations;
mod detect;
mod error;
pub mod fit;
mod identity;
mod lines;
mod log;
mod merged;
pub mod mooncake;
mod objects;
mod playback;
mod position;
mod profile;
mod reader;
mod recording;
mod row;
mod rows;
mod spec;
mod stamp;
mod window;
pub mod write;
mod zstd;

pub use azure::AzureReader;
pub use bad_row::OnBadRow;
pub use conversations::Conversations;
pub use detect::{Detected, detect};
pub use error::TraceError;
pub use log::{CsvLog, JsonlLog, LogSpec, TimeUnit, Users};
pub use merged::Merged;
pub use mooncake::MooncakeReader;
pub use objects::{ObjectsReader, ObjectsSpec};
pub use playback::Playback;
pub use profile::{Profile, RankCorrelation};
pub use reader::Reader;
pub use recording::{Recording, RecordingError};
pub use row::Row;
pub use rows::{Rows, TraceInfo};
pub use spec::{Origin, TraceSpec};

pub(super) use bytes::open_at as open_bytes;
pub(super) use lines::Lines as TraceLines;
pub(super) use position::Position as TracePosition;
pub(super) use stamp::parse_stamp as parse_trace_stamp;
