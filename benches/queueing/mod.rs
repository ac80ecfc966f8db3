//! M/M/c on two kernels: the same station, the same random numbers, and so the
//! same customers; only the clock and the event list differ.

pub mod nexo;
pub mod ours;

/// A queueing system.
#[derive(Clone, Copy)]
pub struct Shop {
    /// Its name in the report.
    pub name: &'static str,
    /// Number of servers.
    pub servers: u32,
    /// Mean seconds between arrivals.
    pub gap: f64,
    /// Mean seconds of service.
    pub service: f64,
}

/// Both at a load of 0.8.
pub const SHOPS: [Shop; 2] = [
    Shop { name: "M/M/1", servers: 1, gap: 1.0, service: 0.8 },
    Shop { name: "M/M/16", servers: 16, gap: 1.0, service: 12.8 },
];

/// What both kernels must agree on: arrivals, services begun, nanoseconds waited.
pub type Outcome = (u64, u64, u128);
