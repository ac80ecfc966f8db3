//! What must hold of any workflow: each ends once, no message is lost, and the way
//! that decided when it ended takes just as long as it did (asserted within).

use proptest::prelude::*;
use windtunnel::kernel::{Duration, Time};

use crate::driver::{Reply, plan, run_at};

/// A step as YAML: its body, and what may be done to it.
fn body(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("llm: { judge: { false_accept: 0.3, false_reject: 0.3 } }".to_owned()),
        Just("llm: { right: 0.6, system: 20 }".to_owned()),
        (0..3_u32, 0..3_u32).prop_map(|(places, fails)| {
            let places =
                if places > 0 { format!(", concurrency: {places}") } else { String::new() };
            format!(
                "tool: {{ latency: {{ exponential: {{ mean: 1s }} }}, cost: 1,
                    failure: 0.{fails}{places} }}"
            )
        }),
        Just("human: { think_time: 2s, people: 1 }".to_owned()),
        Just("input: true".to_owned()),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let inner = steps(depth - 1).prop_map(|steps| format!("steps: {{ {steps} }}"));
    prop_oneof![3 => leaf, 1 => inner].boxed()
}

fn extras() -> impl Strategy<Value = String> {
    let map = (1..5_u32, 0..4_usize, any::<bool>()).prop_map(|(items, join, cancel)| {
        let join = ["all", "any", "quorum", "{ at_least: 2 }"][join];
        format!("map: {{ items: {{ constant: {items} }}, join: {join}, cancel: {cancel}, concurrency: 2 }}")
    });
    let repeat = (1..4_u32, any::<bool>()).prop_map(|(max, fail)| {
        let on_max = if fail { "fail" } else { "keep" };
        format!("loop: {{ max: {max}, until: accepted, stop: 0.3, on_max: {on_max} }}")
    });
    let some = prop_oneof![
        3 => Just(String::new()),
        1 => map,
        1 => repeat,
        1 => Just("retries: 2, backoff: { base: 100ms }".to_owned()),
        1 => Just("deadline: 1500ms".to_owned()),
        1 => Just("on_failure: continue".to_owned()),
        1 => Just("chance: 0.5".to_owned()),
        1 => Just("compensate: { latency: 500ms }".to_owned()),
    ];
    prop::collection::vec(some, 1..3).prop_map(|all| {
        let mut kept: Vec<String> = all.into_iter().filter(|it| !it.is_empty()).collect();
        kept.dedup_by_key(|it| it.split(':').next().map(str::to_owned));
        kept.join(", ")
    })
}

/// Steps, each of which waits for some of those before it.
fn steps(depth: u32) -> BoxedStrategy<String> {
    let step = (body(depth), extras(), prop::collection::vec(any::<bool>(), 5), 0..3_usize);
    prop::collection::vec(step, 1..5)
        .prop_map(|all| {
            let text = |(index, (body, extras, waits, join)): (
                usize,
                &(String, String, Vec<bool>, usize),
            )| {
                let after: Vec<String> = (0..index)
                    .filter(|before| waits[*before])
                    .map(|before| format!("s{before}"))
                    .collect();
                let join = if after.is_empty() { "all" } else { ["all", "any", "quorum"][*join] };
                let extras = if extras.is_empty() { String::new() } else { format!(", {extras}") };
                format!(
                    "s{index}: {{ {body}, after: [{}], join: {join}{extras} }}",
                    after.join(", ")
                )
            };
            all.iter().enumerate().map(text).collect::<Vec<_>>().join(", ")
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_workflow_and_no_message_is_lost(
        steps in steps(2),
        limits in prop::collection::vec(any::<bool>(), 4),
        seed in 0..1000_u64,
    ) {
        let names = ["max_concurrent: 3, max_waiting: 5", "deadline: 20s", "max_calls: 12", "rpm: 60"];
        let limits: Vec<&str> =
            names.into_iter().zip(limits).filter(|(_, on)| *on).map(|(it, _)| it).collect();
        let limits = limits.iter().fold(String::new(), |all, it| all + it + ", ");
        let yaml = format!("workflows: {{ w: {{ {limits}steps: {{ {steps} }} }} }}");
        let plan = plan(&yaml);
        let times = (0..40).map(|number| Time(number * 700_000_000));
        let mut calls: u64 = 0;
        let done = run_at(&plan, seed, times, |_| {
            calls += 1;
            Reply { after: Duration::from_millis(137 * (calls % 11)), cost: 0.25, ..Reply::default() }
        });
        let calls = done.asked.len() as f64;
        let spent = done.tally.roots[1].spent;
        prop_assert!((spent.cost.usd() - calls * 0.25 - done.charged).abs() < 1e-6);
        prop_assert_eq!(spent.calls, done.asked.len() as u64);
        let of_steps: f64 = done.tally.steps.iter().map(|it| it.spent.cost.usd()).sum();
        // What undoes a step is counted to it as well.
        prop_assert!((of_steps - spent.cost.usd()).abs() < 1e-6);
        let ended = done.tally.roots[1].completed + done.tally.roots[1].failed.iter().sum::<u64>();
        prop_assert_eq!(ended, 40);
    }
}
