//! What workflows do at their limits, one case each.

use windtunnel::kernel::{Duration, Time};
use windtunnel::orchestration::Reason;

use crate::driver::{Done, Reply, plan, run_alone, run_at};

fn second(_: &windtunnel::workload::Incoming) -> Reply {
    Reply { after: Duration::from_secs(1), cost: 1.0, ..Reply::default() }
}

fn one(yaml: &str) -> Done {
    run_alone(&plan(yaml), 1, second)
}

fn reason(done: &Done) -> Option<Reason> {
    done.ends[0].0.outcome.err()
}

#[test]
fn a_deadline_ends_a_workflow_and_what_is_under_way_is_called_off() {
    let done = one("workflows: { w: { deadline: 3s, steps: {
        a: { tool: { latency: 2s } }, b: { after: a, tool: { latency: 2s } } } } }");
    assert_eq!(reason(&done), Some(Reason::Deadline));
    assert_eq!(done.spans(), [3.0]);
    assert_eq!(done.tally.messages.called_off, 1);
}

#[test]
fn a_step_that_takes_too_long_may_be_survived() {
    let done = one("workflows: { w: { steps: {
        a: { tool: { latency: 9s }, deadline: 2s, on_failure: continue },
        b: { after: a, when: { a: failed }, tool: { latency: 1s } } } } }");
    assert_eq!(reason(&done), None);
    assert_eq!(done.spans(), [3.0]);
}

#[test]
fn what_was_done_is_undone_in_the_other_order() {
    let done = one("workflows: { w: { steps: {
        a: { tool: { latency: 1s, cost: 1 }, compensate: { latency: 4s, cost: 10 } },
        b: { after: a, tool: { latency: 1s }, compensate: { latency: 5s, cost: 100 } },
        c: { after: b, tool: { latency: 1s, failure: 1 }, compensate: { cost: 1000 } } } } }");
    assert_eq!(reason(&done), Some(Reason::Tool));
    assert_eq!(done.spans(), [12.0], "3 s there, 5 and 4 s back");
    assert!((done.charged - 111.0).abs() < 1e-9, "what failed is not undone");
}

#[test]
fn a_workflow_stops_at_its_calls_and_its_money() {
    let steps = "steps: { a: { llm: {}, loop: { max: 10 } } }";
    let done = one(&format!("workflows: {{ w: {{ max_calls: 4, {steps} }} }}"));
    assert_eq!((reason(&done), done.asked.len()), (Some(Reason::Calls), 4));
    let done = one(&format!("workflows: {{ w: {{ max_cost: 2.5, {steps} }} }}"));
    assert_eq!((reason(&done), done.asked.len()), (Some(Reason::Cost), 3));
    assert!((done.tally.roots[1].spent.wasted.usd() - 3.0).abs() < 1e-9, "all was in vain");
}

#[test]
fn an_agent_has_a_budget_of_its_own() {
    // Each round costs a dollar; what survives goes on with what it has.
    let done = one("workflows: { w: { steps: {
        team: { max_cost: 3.5, on_failure: continue, steps: {
            a: { llm: {}, loop: { max: 10 } } } },
        b: { after: team, when: { team: failed }, llm: {} } } } }");
    assert_eq!((reason(&done), done.asked.len()), (None, 5));
    assert_eq!(done.spans(), [5.0]);
}

#[test]
fn runaways_and_deadlocks_are_named() {
    let done = one("workflows: { w: { steps: { a: { llm: { right: 0 },
        loop: { max: 5, until: right, on_max: fail } } } } }");
    assert_eq!((reason(&done), done.asked.len()), (Some(Reason::Runaway), 5));
    let done = one("workflows: { w: { steps: { a: { llm: {},
        map: { items: { constant: 4 }, chance: 0 }, loop: { max: 5 } } } } }");
    assert_eq!((reason(&done), done.asked.len()), (Some(Reason::Deadlock), 0));
}

#[test]
fn hand_offs_go_from_one_to_the_next_until_the_end() {
    let done = one("workflows: { w: { steps: { team: {
        steps: { a: { llm: {} }, b: { llm: {} }, c: { llm: {} } },
        loop: { hand_off: { a: { c: 1 }, c: { b: 1 }, b: { end: 1 } } } } } } }");
    assert_eq!((reason(&done), done.asked.len()), (None, 3));
    let plan = plan("workflows: { w: { steps: { a: {} } } }");
    assert_eq!(plan.names().collect::<Vec<_>>(), ["request", "w"]);
}

#[test]
fn few_run_at_a_time_few_wait_and_the_rest_is_turned_away() {
    let plan = plan(
        "workflows: { w: { max_concurrent: 1, max_waiting: 2,
        steps: { a: { tool: { latency: 1s } } } } }",
    );
    let done = run_at(&plan, 1, [Time::ZERO; 5], second);
    let mut ends: Vec<(u64, f64, bool)> = done
        .ends
        .iter()
        .map(|(end, at)| (end.number, at.as_secs_f64(), end.outcome == Err(Reason::Full)))
        .collect();
    ends.sort_by_key(|end| end.0);
    let expected =
        [(0, 1.0, false), (1, 2.0, false), (2, 3.0, false), (3, 0.0, true), (4, 0.0, true)];
    assert_eq!(ends, expected);
}

#[test]
fn a_budget_of_all_of_a_kind_turns_away_until_the_next_begins() {
    let plan = plan(
        "workflows: { w: { max_budget: 2, budget_duration: 1h,
        steps: { a: { llm: {} } } } }",
    );
    let times = [0, 60, 120, 3600].map(Time::from_secs);
    let done = run_at(&plan, 1, times, second);
    let turned_away: Vec<u64> = done
        .ends
        .iter()
        .filter(|(end, _)| end.outcome == Err(Reason::Budget))
        .map(|(end, _)| end.number)
        .collect();
    assert_eq!(turned_away, [2]);
}

#[test]
fn calls_wait_for_their_steps_and_their_workflows_limits() {
    // Places: two at a time, one second each.
    let plan_ = plan(
        "workflows: { w: { steps: { a: { llm: {}, concurrency: 2,
        map: { items: { constant: 6 } } } } } }",
    );
    assert_eq!(run_alone(&plan_, 1, second).spans(), [3.0]);
    // 60 a minute: the first 60 at once, then one a second.
    let plan_ = plan(
        "workflows: { w: { rpm: 60, steps: { a: { llm: {},
        map: { items: { constant: 70 } } } } } }",
    );
    let done = run_alone(&plan_, 1, second);
    assert_eq!(done.spans(), [11.0]);
    let blocked = done.tally.roots[1].spent.blocked_ns[1] as f64 / 1e9;
    assert!((blocked - 55.0).abs() < 1e-6, "1 + 2 + ... + 10 s: {blocked}");
}

#[test]
fn what_is_kept_is_not_done_again() {
    let plan = plan(
        "workflows: { w: { steps: {
        a: { tool: { latency: 1s, output: { constant: 50 } }, input: false, memo: { ttl: 1h } },
        b: { after: a, llm: {}, memo: {} } } } }",
    );
    let times = [0, 10, 20, 4000].map(Time::from_secs);
    let done = run_at(&plan, 1, times, second);
    // `a` reads nothing of the question; `b` reads it, and is asked each time.
    assert_eq!(done.spans(), [2.0, 1.0, 1.0, 2.0]);
    assert_eq!(done.step(&plan, "a").memo_hits, 2);
    assert_eq!(done.step(&plan, "b").memo_hits, 0);
}

#[test]
fn what_a_workflow_does_is_the_same_however_fast_it_goes() {
    let plan = plan("workflows: { w: { agent: { react: { stop: 0.3 } } } }");
    let quick = run_alone(&plan, 500, |_| Reply::default());
    let slow = run_alone(&plan, 500, |asked| Reply {
        after: Duration::from_millis(asked.input_decitokens),
        ..Reply::default()
    });
    let asked = |done: &Done| -> Vec<u64> { done.asked.iter().map(|it| it.prompt.0).collect() };
    assert_eq!(asked(&quick), asked(&slow));
}

#[test]
fn who_loses_a_race_goes_on_in_vain_where_it_is_not_called_off() {
    let yaml = |cancel: bool| {
        format!(
            "workflows: {{ w: {{ steps: {{ a: {{ llm: {{}},
                map: {{ items: {{ constant: 2 }}, join: any, cancel: {cancel} }} }} }} }} }}"
        )
    };
    let mut calls = 0;
    let done = run_alone(&plan(&yaml(false)), 1, |_| {
        calls += 1;
        Reply { after: Duration::from_secs(calls), cost: 1.0, ..Reply::default() }
    });
    assert_eq!(done.spans(), [1.0]);
    assert!((done.tally.roots[1].spent.cost.usd() - 2.0).abs() < 1e-9);
    assert!((done.tally.roots[1].spent.wasted.usd() - 1.0).abs() < 1e-9);
}
