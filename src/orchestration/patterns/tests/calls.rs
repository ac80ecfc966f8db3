//! How many calls of models steps are expected to make, by walking them.

use crate::orchestration::patterns::{StepSpec, Steps};
use crate::orchestration::step::{Does, LoopSpec};

/// Calls of models that these steps make on average, where each round of a loop with
/// `until` ends it with chance `until`.
pub(super) fn expected(steps: &Steps, until: f64) -> f64 {
    steps.iter().map(|(name, step)| reached(steps, name) * times(step, until)).sum()
}

/// The chance that a step is not left out. Steps that depend on outcomes no pattern has,
/// nor steps with several before them, of which some may be left out, that make calls.
fn reached(steps: &Steps, name: &str) -> f64 {
    let step = &steps[name];
    assert!(step.when.is_empty(), "no pattern has steps that depend on outcomes");
    let share = |chooser: &StepSpec| {
        let weight = chooser.choose.get(name)?.get();
        Some(weight / chooser.choose.values().map(|it| it.get()).sum::<f64>())
    };
    let chosen: f64 = steps.values().filter_map(share).product();
    let before = step.after.iter().map(|before| reached(steps, before)).reduce(f64::max);
    chosen * step.chance.get() * before.unwrap_or(1.0)
}

/// Calls of a step in all its items and rounds.
fn times(step: &StepSpec, until: f64) -> f64 {
    let items = step
        .map
        .as_ref()
        .map_or(1.0, |map| map.chance.get() * map.items.mean().expect("a checked number of items"));
    match &step.repeat {
        None => items * body(step, until),
        Some(repeat) if !repeat.hand_off.is_empty() => handed_over(step, repeat, until),
        Some(repeat) => rounds(repeat, until) * items * body(step, until),
    }
}

/// Calls of what a step does once.
fn body(step: &StepSpec, until: f64) -> f64 {
    match &step.does {
        Does::Llm(_) => 1.0,
        Does::Agent(agent) => expected(&agent.steps(), until),
        Does::Steps(steps) => expected(steps, until),
        _ => 0.0,
    }
}

/// Rounds of a loop: each is reached if none before it was the last.
fn rounds(repeat: &LoopSpec, until: f64) -> f64 {
    let until = if repeat.until.is_some() { until } else { 0.0 };
    let goes_on = (1.0 - until) * (1.0 - repeat.stop.get());
    (0..repeat.max).map(|round| goes_on.powi(round as i32)).sum()
}

/// Calls of agents that hand over to each other, round by round.
fn handed_over(step: &StepSpec, repeat: &LoopSpec, until: f64) -> f64 {
    let steps = step.inner().expect("steps among which it is handed over");
    let calls: Vec<f64> = steps.values().map(|inner| body(inner, until)).collect();
    let mut has_it = vec![0.0; calls.len()];
    has_it[steps.get_index_of(repeat.hand_off.keys().next().unwrap()).unwrap()] = 1.0;
    let mut sum = 0.0;
    for _ in 0..repeat.max {
        sum += has_it.iter().zip(&calls).map(|(share, calls)| share * calls).sum::<f64>();
        let mut next = vec![0.0; calls.len()];
        for (from, to) in &repeat.hand_off {
            let share = has_it[steps.get_index_of(from).unwrap()];
            let all: f64 = to.values().map(|weight| weight.get()).sum();
            for (name, weight) in to.iter().filter(|(name, _)| *name != "end") {
                next[steps.get_index_of(name).unwrap()] += share * weight.get() / all;
            }
        }
        has_it = next;
    }
    sum
}
