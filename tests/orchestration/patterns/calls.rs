//! How many calls patterns make, and how often they are right, in closed form.

use windtunnel::orchestration::Reason;

use super::bench::Runs;

/// Workflows in each test.
const MANY: u64 = 20_000;

/// Rounds of which each is the last with chance `s`, but at most `most`.
fn rounds(s: f64, most: i32) -> f64 {
    (1.0 - (1.0 - s).powi(most)) / s
}

fn choose(n: i32, k: i32) -> f64 {
    (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product()
}

/// The chance that more than half of `n` are right (Condorcet's jury).
fn majority(n: i32, p: f64) -> f64 {
    (n / 2 + 1..=n).map(|k| choose(n, k) * p.powi(k) * (1.0 - p).powi(n - k)).sum()
}

#[test]
fn voting_is_right_as_often_as_a_jurys_majority() {
    for (n, p) in [(1, 0.7), (3, 0.7), (5, 0.6), (9, 0.6), (9, 0.4), (41, 0.55)] {
        let runs = Runs::of(
            &format!(
                "voting: {{ samples: {n}, alternatives: 1, voter: {{ llm: {{ right: {p} }} }} }}"
            ),
            MANY / 2,
        );
        runs.assert_right(majority(n, p));
        runs.assert_calls(f64::from(n));
    }
}

#[test]
fn wrong_voters_who_disagree_lose() {
    // Of three that all say something else the first one counts. Two wrong ones differ
    // with 3/4 where there are 4 ways to be wrong.
    let p: f64 = 0.45;
    let q = 1.0 - p;
    let runs = Runs::of(
        "voting: { samples: 3, alternatives: 4, voter: { llm: { right: 0.45 } } }",
        2 * MANY,
    );
    runs.assert_right(p.powi(3) + 3.0 * p.powi(2) * q + 3.0 * p * q.powi(2) * 0.75 / 3.0);
}

#[test]
fn the_best_of_n_is_right_if_any_is() {
    let runs = Runs::of("voting: { samples: 4, pick: best, voter: { llm: { right: 0.3 } } }", MANY);
    runs.assert_right(1.0 - 0.7_f64.powi(4));
}

#[test]
fn a_chain_is_right_if_each_is_or_who_comes_later_sees_it() {
    let runs = Runs::of(
        "chain: { agents: { a: { llm: { right: 0.8 } }, b: { llm: { right: 0.9, recovers: 0.4 } } } }",
        MANY,
    );
    runs.assert_right(0.8 * 0.9 + 0.2 * 0.4);
    runs.assert_calls(2.0);
}

#[test]
fn a_router_takes_routes_by_weight() {
    let runs = Runs::of(
        "router: { route: { right: 0.9 }, routes: {
            few: { weight: 3, llm: { right: 1.0 } },
            many: { weight: 1, agent: { voting: { samples: 5 } } } } }",
        MANY,
    );
    runs.assert_calls(1.0 + 0.75 + 0.25 * 5.0);
    runs.assert_right(0.9);
    runs.assert_mean("few", |ran| f64::from(u8::from(ran.prompts.len() == 2)), 0.75);
}

#[test]
fn map_reduce_needs_all_parts() {
    let runs = Runs::of(
        "map_reduce: { split: { right: 1.0 }, items: { uniform: { min: 2, max: 6 } },
           map: { llm: { right: 0.9 } }, reduce: { right: 1.0 } }",
        MANY,
    );
    runs.assert_calls(1.0 + 4.0 + 1.0);
    runs.assert_right((2..=6).map(|parts| 0.9_f64.powi(parts)).sum::<f64>() / 5.0);
    assert!(runs.ran.iter().all(|ran| ran.seconds == 3.0), "parts are read at once");
}

#[test]
fn a_planner_plans_anew_by_chance() {
    for order in ["parallel", "in_turn"] {
        let runs = Runs::of(
            &format!(
                "planner_executor: {{ steps: {{ uniform: {{ min: 1, max: 5 }} }}, order: {order},
                    replan: 0.3, max_plans: 3, execute: {{ llm: {{ right: 0.9 }} }} }}"
            ),
            MANY,
        );
        runs.assert_calls(rounds(0.7, 3) * (1.0 + 3.0) + 1.0);
        // Only the last plan's steps are in the summary.
        runs.assert_right((1..=5).map(|steps| 0.9_f64.powi(steps)).sum::<f64>() / 5.0);
    }
}

#[test]
fn an_evaluator_goes_on_until_it_accepts() {
    let (p, false_accept, false_reject, most) = (0.5, 0.2, 0.1, 3);
    let runs = Runs::of(
        "evaluator_optimizer: { generate: { llm: { right: 0.5 } }, false_accept: 0.2,
            false_reject: 0.1, max_rounds: 3 }",
        2 * MANY,
    );
    let accepts_right = p * (1.0 - false_reject);
    let accepts = accepts_right + (1.0 - p) * false_accept;
    runs.assert_calls(2.0 * rounds(accepts, most));
    // Accepted in some round, or not accepted in the last one and right all the same.
    let kept = (1.0 - accepts).powi(most - 1) * p * false_reject;
    runs.assert_right(accepts_right * rounds(accepts, most) + kept);
}

#[test]
fn an_evaluator_that_never_accepts_is_a_runaway() {
    let runs = Runs::of(
        "evaluator_optimizer: { generate: { llm: { right: 0.5 } }, max_rounds: 2, on_max: fail }",
        MANY,
    );
    runs.assert_share("runaway", |ran| ran.outcome == Err(Reason::Runaway), 0.25);
}

#[test]
fn a_supervisor_gives_work_until_it_stops_or_accepts() {
    let by_chance = Runs::of(
        "supervisor: { supervise: { right: 1.0 }, workers: { constant: 3 }, stop: 0.4, max_rounds: 6,
            worker: { llm: { right: 0.9 } } }",
        MANY,
    );
    by_chance.assert_calls(rounds(0.4, 6) * 4.0 + 1.0);
    by_chance.assert_right(0.9_f64.powi(3));
    for order in ["parallel", "in_turn"] {
        let judged = Runs::of(
            &format!(
                "supervisor: {{ supervise: {{ right: 1.0 }}, workers: {{ constant: 2 }},
                    worker: {{ llm: {{ right: 0.6 }} }}, order: {order}, judge: {{}},
                    max_rounds: 4 }}"
            ),
            MANY,
        );
        let s = 0.36;
        judged.assert_calls(rounds(s, 4) * 4.0 + 1.0);
        judged.assert_right(1.0 - (1.0_f64 - s).powi(4));
    }
}

#[test]
fn a_hierarchy_asks_every_lead_and_every_worker() {
    for (depth, fan_out) in [(1, 5), (2, 3), (3, 2), (4, 1)] {
        let leads: i32 = (0..depth).map(|level| i32::pow(fan_out, level)).sum();
        let workers = i32::pow(fan_out, depth as u32);
        let agent = |order: &str| {
            format!(
                "hierarchical: {{ depth: {depth}, fan_out: {fan_out}, order: {order},
                    worker: {{ llm: {{ right: 0.95 }} }} }}"
            )
        };
        let runs = Runs::of(&agent("parallel"), MANY / 10);
        runs.assert_calls(f64::from(2 * leads + workers));
        runs.assert_right(0.95_f64.powi(workers));
        let levels = 2.0 * f64::from(depth) + 1.0;
        assert!(runs.ran.iter().all(|ran| ran.seconds == levels), "levels are one after another");
        let in_turn = Runs::of(&agent("in_turn"), 10);
        in_turn.assert_calls(f64::from(2 * leads + workers));
        assert!(in_turn.ran.iter().all(|ran| ran.seconds == ran.calls()), "one at a time");
    }
}

#[test]
fn a_debate_asks_all_in_every_round() {
    let all = Runs::of("debate: { agents: 4, rounds: 3, until_agreed: false, judge: {} }", 100);
    assert!(all.ran.iter().all(|ran| ran.calls() == 13.0 && ran.seconds == 4.0));
}

#[test]
fn a_debate_ends_when_all_agree() {
    let (p, q): (f64, f64) = (0.6, 0.4);
    let agree = p.powi(2) + q.powi(2);
    let stubborn = Runs::of(
        "debate: { agents: 2, rounds: 5, conformity: 0.0, alternatives: 1,
            debater: { llm: { right: 0.6 } } }",
        MANY,
    );
    stubborn.assert_calls(2.0 * rounds(agree, 5));
    // The first of two who differ counts in the end.
    let differ = (1.0 - agree).powi(5);
    stubborn.assert_right((1.0 - differ) * p.powi(2) / agree + differ * 0.5);
    let conforming = Runs::of(
        "debate: { agents: 2, rounds: 5, conformity: 1.0, alternatives: 1,
            debater: { llm: { right: 0.6 } } }",
        MANY,
    );
    conforming.assert_calls(2.0 * (1.0 + (1.0 - agree)));
    conforming.assert_right(p);
}

#[test]
fn conformity_keeps_what_most_said_first() {
    // Two rounds of three: in the second, each takes over the majority or answers anew.
    let (p, c): (f64, f64) = (0.7, 0.6);
    let runs = Runs::of(
        "debate: { agents: 3, rounds: 2, until_agreed: false, conformity: 0.6, alternatives: 1,
            debater: { llm: { right: 0.7 } } }",
        MANY,
    );
    let first = majority(3, p);
    let after_right = majority(3, c + (1.0 - c) * p);
    let after_wrong = majority(3, (1.0 - c) * p);
    runs.assert_right(first * after_right + (1.0 - first) * after_wrong);
}

#[test]
fn hand_offs_take_as_many_turns_as_the_fundamental_matrix_says() {
    let runs = Runs::of(
        "hand_off: { max_turns: 10000, agents: {
            triage: { to: { billing: 5, tech: 4, end: 1 } },
            billing: { to: { triage: 2, end: 8 } },
            tech: { to: { triage: 1, billing: 3, tech: 2, end: 4 } } } }",
        MANY,
    );
    let turns = visits([[0.0, 0.5, 0.4], [0.2, 0.0, 0.0], [0.1, 0.3, 0.2]]);
    runs.assert_calls(turns.iter().sum());
    for (name, wanted) in ["triage", "billing", "tech"].into_iter().zip(turns) {
        let found = runs.runs_of(&format!("turns/{name}")) / MANY as f64;
        assert!((found / wanted - 1.0).abs() < 0.02, "{name}: {found} is not {wanted}");
    }
}

/// The first row of (I - Q)^-1, by summing the powers of Q.
fn visits(q: [[f64; 3]; 3]) -> [f64; 3] {
    let (mut has_it, mut sum) = ([1.0, 0.0, 0.0], [0.0; 3]);
    for _ in 0..1000 {
        let mut next = [0.0; 3];
        for (from, row) in has_it.iter().zip(q) {
            next.iter_mut().zip(row).for_each(|(to, share)| *to += from * share);
        }
        sum.iter_mut().zip(has_it).for_each(|(sum, share)| *sum += share);
        has_it = next;
    }
    sum
}

#[test]
fn hand_offs_that_do_not_end_are_runaways() {
    // By default the second agent ends it with 0.8.
    let runs = Runs::of("hand_off: { max_turns: 2 }", MANY);
    runs.assert_share("runaway", |ran| ran.outcome == Err(Reason::Runaway), 0.2);
    let kept = Runs::of("hand_off: { max_turns: 2, on_max: keep }", 100);
    assert!(kept.ran.iter().all(|ran| ran.outcome == Ok(true)));
}

#[test]
fn a_blackboard_to_which_nobody_adds_is_a_deadlock() {
    let (n, c, p) = (3, 0.3, 0.25);
    let runs = Runs::of(
        "blackboard: { agents: 3, contribute: 0.3, max_rounds: 10000,
            agent: { llm: { right: 0.25 } } }",
        MANY,
    );
    let silent = (1.0_f64 - c).powi(n);
    let solved = 1.0 - (1.0_f64 - c * p).powi(n);
    let last = silent + solved;
    runs.assert_share("deadlock", |ran| ran.outcome == Err(Reason::Deadlock), silent / last);
    runs.assert_right(solved / last);
    runs.assert_calls(f64::from(n) * c / last);
    assert_eq!(Reason::NAMES[Reason::Deadlock.index()], "deadlock");
}

#[test]
fn a_blackboard_is_read_until_it_is_right() {
    let runs = Runs::of(
        "blackboard: { agents: 4, contribute: 1.0, max_rounds: 3, on_max: fail,
            agent: { llm: { right: 0.2 } } }",
        MANY,
    );
    let s = 1.0 - 0.8_f64.powi(4);
    runs.assert_calls(4.0 * rounds(s, 3));
    runs.assert_right(1.0 - (1.0 - s).powi(3));
    let runaway = |ran: &super::bench::Ran| ran.outcome == Err(Reason::Runaway);
    runs.assert_share("runaway", runaway, (1.0 - s).powi(3));
}

#[test]
fn react_takes_turns_until_it_stops_or_is_right() {
    let stops = Runs::of("react: { stop: 0.2, max_turns: 8 }", MANY);
    stops.assert_calls(rounds(0.2, 8));
    let right = Runs::of("react: { stop: 0.0, until_right: true, think: { right: 0.3 } }", MANY);
    right.assert_calls(rounds(0.3, 25));
}
