//! What is in the prompts of patterns' calls: what was said before is read again, and
//! each answer has 100 tokens.

use super::bench::{GIVEN, Runs};

/// The prompts of the one run of a pattern, beyond what the workflow was given.
fn prompts(agent: &str) -> Vec<u32> {
    let runs = Runs::of(agent, 1);
    runs.ran[0].prompts.iter().map(|tokens| tokens - GIVEN).collect()
}

#[test]
fn a_react_agents_conversation_grows_by_each_turn() {
    let found = prompts(
        "react: { stop: 0.0, max_turns: 4, think: { system: 1000 },
            tool: { latency: 1s, output: { constant: 300 } } }",
    );
    assert_eq!(found, [1000, 1400, 1800, 2200]);
}

#[test]
fn a_chain_reads_the_one_before_or_all() {
    let agents = "agents: { a: {}, b: {}, c: {}, d: {} }";
    assert_eq!(prompts(&format!("chain: {{ {agents} }}")), [0, 100, 100, 100]);
    assert_eq!(prompts(&format!("chain: {{ {agents}, reads: all }}")), [0, 100, 200, 300]);
}

#[test]
fn steps_of_a_plan_read_the_plan_and_in_turn_each_other() {
    let in_turn = "planner_executor: { steps: { constant: 3 } }";
    assert_eq!(prompts(in_turn), [0, 100, 200, 300, 300], "the summary reads the steps");
    let parallel = "planner_executor: { steps: { constant: 3 }, order: parallel }";
    assert_eq!(prompts(parallel), [0, 100, 100, 100, 300]);
}

#[test]
fn a_new_plan_reads_all_that_came_of_the_old_one() {
    let found = prompts(
        "planner_executor: { steps: { constant: 2 }, order: parallel, replan: 1.0, max_plans: 2 }",
    );
    assert_eq!(found, [0, 100, 100, 300, 400, 400, 200]);
}

#[test]
fn a_next_attempt_reads_the_last_and_what_was_said_of_it() {
    let agent = |context: &str| {
        prompts(&format!(
            "evaluator_optimizer: {{ generate: {{ llm: {{ right: 0.0 }} }}, max_rounds: 3,
                context: {context} }}"
        ))
    };
    assert_eq!(agent("grow"), [0, 100, 200, 300, 400, 500]);
    assert_eq!(agent("fresh"), [0, 100, 0, 100, 0, 100]);
}

#[test]
fn a_supervisor_reads_what_earlier_rounds_brought() {
    let found = prompts("supervisor: { workers: { constant: 2 }, stop: 0.0, max_rounds: 2 }");
    assert_eq!(found, [0, 100, 100, 300, 400, 400, 200], "and answers with the last round's");
}

#[test]
fn leads_read_only_those_right_below() {
    let found = prompts("hierarchical: { depth: 2, fan_out: 2 }");
    // Who is below reads what was delegated to those above.
    let leads = [0, 100, 100];
    let workers = [200; 4];
    let reports = [300, 300, 200];
    assert_eq!(found[..3], leads);
    assert_eq!(found[3..7], workers);
    assert_eq!(found[7..], reports);
}

#[test]
fn debaters_read_all_of_the_round_before() {
    let found =
        prompts("debate: { agents: 3, rounds: 3, until_agreed: false, judge: { system: 7 } }");
    assert_eq!(found, [0, 0, 0, 300, 300, 300, 600, 600, 600, 107]);
}

#[test]
fn parts_are_read_without_the_whole() {
    let runs = Runs::of("map_reduce: { items: { constant: 3 } }", 1);
    assert_eq!(runs.ran[0].prompts, [1000, 1000, 1000, 300]);
    let found = prompts("map_reduce: { split: {}, input: true, items: { constant: 2 }, map: {} }");
    assert_eq!(found, [0, 100, 100, 200 - GIVEN]);
}

#[test]
fn a_board_is_read_by_all() {
    let found = prompts(
        "blackboard: { agents: 2, contribute: 1.0, max_rounds: 3, agent: { llm: { right: 0.0 } } }",
    );
    assert_eq!(found, [0, 0, 200, 200, 400, 400]);
}

#[test]
fn who_takes_over_has_all_that_was_said() {
    let found = prompts(
        "hand_off: { agents: { a: { to: { b: 1 } }, b: { to: { c: 1 } }, c: { llm: { system: 30 } } } }",
    );
    assert_eq!(found, [0, 100, 230]);
}
