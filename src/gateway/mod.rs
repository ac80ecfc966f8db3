//! The gateway before the models: who goes first where not all can.
//!
//! | means | room |
//! |---|---|
//! | a bounded queue, and its order | [`queue`] |
//!
//! What a gateway does where models fail is in [`serving::resilience`](crate::serving::resilience),
//! whom it lets spend how much in [`cost`](crate::cost).

pub mod queue;
mod spec;

pub use spec::GatewaySpec;
