//! Model servers: how long an answer takes.
//!
//! A request that reached a model is [`Work`]; the model's [`Latency`] makes of
//! it a [`Service`]: how long a server is busy with it and when the first token
//! comes. How many requests a server takes at a time, and how many may wait, is
//! in its [`ServerSpec`]; the queue itself is a station of the kernel.

pub mod balance;
pub mod engine;
pub mod faults;
pub mod fleet;
pub mod groups;
pub mod latency;
mod model;
mod output;
mod replica;
pub mod resilience;
mod server;
pub mod step;

pub use balance::BalanceSpec;
pub use faults::{Faults, FaultsSpec};
pub use fleet::{AutoscaleSpec, Fleet};
pub use groups::GroupSpec;
pub use latency::{Latency, LatencySpec, Service, Work};
pub use model::ModelSpec;
pub use output::seed_output_tokens;
pub use replica::Replica;
pub use resilience::ResilienceSpec;
pub use server::{Abort, ServerSpec};
