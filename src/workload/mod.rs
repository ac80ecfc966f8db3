//! Who asks what, when: the requests that drive a simulation.
//!
//! One of three sources, chosen in the experiment's `workload:` block:
//! - **arrivals** (the default): a random process says when ([`arrivals`]), a
//!   population of prompts says what ([`prompts`]), distributions say how long
//!   ([`lengths`]), a population of users says who ([`users`]);
//! - a **trace**: a recorded system's times and lengths, streamed from its file
//!   ([`trace`]);
//! - **requests**: a short list in the experiment file itself.
//!
//! A [`WorkloadSpec`] is checked and made into a [`Plan`] once per sweep point;
//! the plan gives each replication a [`Source`], which yields [`Incoming`]
//! requests in the order of their times.
//!
//! ```
//! use windtunnel::kernel::Streams;
//! use windtunnel::workload::{DataPaths, Plan, WorkloadSpec};
//!
//! let spec: WorkloadSpec = serde_json::from_str(r#"{
//!     "arrivals": { "poisson": { "rate": "20/s" } },
//!     "prompts": { "zipf": { "count": 10000, "exponent": 0.9 } },
//!     "tokens": { "input": { "constant": 300 } }
//! }"#).unwrap();
//! let plan = Plan::new(&spec, &DataPaths::default()).unwrap();
//! let first = plan.source(&Streams::new(42, 0)).unwrap().next().unwrap().unwrap();
//! assert_eq!((first.input_decitokens, first.chars), (3000, 1200));
//! ```
//!
//! Each part draws from a random stream of its own (`workload.arrivals`,
//! `workload.prompts`, `workload.tokens.input`, `workload.tokens.output`,
//! `workload.users`, `workload.shared_prefix`, `workload.payloads`), so that changing one leaves the draws of the others.

mod alias;
pub mod arrivals;
pub(crate) mod blocks;
mod client_plans;
mod clients;
mod columns;
mod data_paths;
pub mod duration_distribution;
mod error;
pub(crate) mod incoming;
pub mod lengths;
mod listed;
pub mod measured;
mod params;
pub mod payloads;
mod plan;
mod prompt_sampler;
pub mod prompts;
mod python;
mod recorded;
mod session;
mod shared_prefix;
mod source;
mod spec;
mod synthetic;
pub mod text;
mod texts_under_way;
mod tokens;
pub mod trace;
pub mod users;
mod waiting_clients;

pub use alias::Alias;
pub use blocks::{BlocksId, PromptParts};
pub use clients::ClientSpec;
pub use data_paths::{DataPaths, NotFound};
pub use duration_distribution::{Span, SpanSpec};
pub use error::WorkloadError;
pub use incoming::{
    CallId, Incoming, IntentId, ProfileId, PromptId, PromptSize, SloClassId, UserId,
};
pub use listed::RequestSpec;
pub use params::Profile;
pub(crate) use params::ProfileKey;
pub use plan::Plan;
pub use python::{PyNumber, python_repr};
pub use recorded::{CallDraft, Opening, RecordedCall, RecordedJob, SentText};
pub use session::{OnFailure, SessionSpec};
pub use shared_prefix::{SharedPrefixSpec, SystemPromptSpec, ZipfPrefixSpec};
pub use source::Source;
pub use spec::WorkloadSpec;
pub use tokens::TokensSpec;
pub use trace::{TraceError, TraceInfo};
pub(crate) use trace::{TracePosition, TraceTable, read_text, read_unique, text_of, typed_rows};
pub use users::User;
pub use waiting_clients::{FollowUp, SessionEnd, ThreadId};
