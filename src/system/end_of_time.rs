//! What to tell of a run whose virtual time ended before its work.

use super::event::Event;
use super::run_error::RunError;

/// That the next event would come after the end of virtual time.
pub fn end_of_time(next: Option<&Event>) -> RunError {
    let (what, settings) = match next {
        Some(Event::Arrive) => ("the next arrival", "`workload`"),
        Some(Event::Follow(_)) => ("the next request of a client that thinks", "`workload`"),
        Some(Event::Advance(_)) => (
            "the end of a request's stage",
            "the stages of `pipeline`, the latencies of `cache` and `models`, and `cost.levers`",
        ),
        Some(Event::Wake(_)) => ("what a workflow waits for", "`orchestration`"),
        Some(Event::Scale(_) | Event::Replica(_) | Event::Slowdown(_)) => {
            ("the next change of the replicas", "the fleets and faults under `models`")
        }
        Some(Event::Divide) => ("the next division of places", "`cost.allocate`"),
        Some(Event::Retry(_) | Event::Hedge(_) | Event::Timeout(_)) => {
            ("the next attempt at a request", "`resilience` and `cost.budgets`")
        }
        _ => ("a model's answer", "the latencies and engines under `models`"),
    };
    RunError::EndOfTime { what, settings: settings.to_owned() }
}
