//! Patterns as files have them, the steps that they stand for, and how many calls of
//! models these make: as many as the pattern's documentation says.

mod calls;

use indexmap::IndexMap;

use super::*;
use crate::orchestration::spec::OrchestrationSpec;
use calls::expected;

/// The pattern of a file.
fn read(yaml: &str) -> AgentSpec {
    let value: serde_yaml::Value = serde_yaml::from_str(yaml).expect("YAML");
    serde_yaml::with::singleton_map_recursive::deserialize(value).expect("a pattern")
}

/// What is wrong with a file whose one workflow is this pattern.
fn problems(yaml: &str) -> Vec<String> {
    let agent = Some(Box::new(read(yaml)));
    let workflow = crate::orchestration::WorkflowSpec { agent, ..Default::default() };
    let workflows = IndexMap::from([("w".to_owned(), workflow)]);
    let spec = OrchestrationSpec { workflows, ..OrchestrationSpec::default() };
    let mut problems = Problems::default();
    spec.check(&["gpt"], None, &mut problems);
    problems.list().iter().map(|it| format!("{}: {}", it.path, it.message)).collect()
}

/// Calls of models that the pattern makes on average; a loop's round meets its `until`
/// with this chance.
fn calls_until(yaml: &str, until: f64) -> f64 {
    assert_eq!(problems(yaml), [""; 0], "{yaml}");
    expected(&read(yaml).steps(), until)
}

fn calls(yaml: &str) -> f64 {
    calls_until(yaml, 0.0)
}

#[track_caller]
fn assert_close(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 1e-9 * wanted.abs().max(1.0), "{found} is not {wanted}");
}

/// Rounds of which each is the last with chance `s`, but at most `most`.
fn rounds(s: f64, most: i32) -> f64 {
    (1.0 - (1.0 - s).powi(most)) / s
}

#[test]
fn every_pattern_has_defaults_that_are_sound() {
    for name in AgentSpec::NAMES {
        let yaml = format!("{name}: {{}}");
        let agent = read(&yaml);
        assert_eq!(agent.name(), *name);
        assert_eq!(problems(&yaml), [""; 0], "{name}");
        assert!(calls_until(&yaml, 0.5) >= 1.0, "{name} asks no model");
    }
}

#[test]
fn a_pattern_is_written_as_it_is_read() {
    for name in AgentSpec::NAMES {
        let agent = read(&format!("{name}: {{}}"));
        let written = serde_yaml::with::singleton_map_recursive::serialize(
            &agent,
            serde_yaml::value::Serializer,
        );
        let again = serde_yaml::with::singleton_map_recursive::deserialize(written.unwrap());
        assert_eq!(agent, again.unwrap(), "{name}");
    }
}

#[test]
fn a_pattern_refuses_keys_that_it_does_not_know() {
    for name in AgentSpec::NAMES {
        let value = serde_yaml::from_str(&format!("{name}: {{ nonsense: 1 }}")).unwrap();
        let agent = serde_yaml::with::singleton_map_recursive::deserialize::<
            AgentSpec,
            serde_yaml::Value,
        >(value);
        assert!(agent.unwrap_err().to_string().contains("nonsense"), "{name}");
    }
}

#[test]
fn react_asks_once_a_turn() {
    assert_close(calls("react: { stop: 0.2, max_turns: 25 }"), rounds(0.2, 25));
    assert_close(calls_until("react: { until_right: true, stop: 0.0 }", 0.25), rounds(0.25, 25));
}

#[test]
fn a_chain_asks_each_agent_once() {
    let yaml = "chain: { agents: { a: {}, b: { agent: { voting: { samples: 7 } } }, c: {} } }";
    assert_close(calls(yaml), 9.0);
    let steps = read("chain: { agents: { a: {}, b: {}, c: {} }, reads: all }").steps();
    assert!(steps["a"].after.is_empty());
    assert_eq!(steps["c"].after.0, ["b"]);
    assert_eq!(steps["c"].reads.as_ref().unwrap().0, ["a", "b"]);
    assert_eq!(read(yaml).steps()["c"].reads, None, "only what it comes after");
}

#[test]
fn members_keep_to_their_limits() {
    let limits = "limits: { concurrency: 2, rpm: 30, tpm: 9000, deadline: 20s, retries: 3 }";
    for (yaml, name) in [
        (format!("chain: {{ agents: {{ a: {{ {limits} }} }} }}"), "a"),
        (format!("router: {{ routes: {{ a: {{ {limits} }} }} }}"), "a"),
        (format!("voting: {{ voter: {{ {limits} }} }}"), "vote"),
    ] {
        assert_eq!(problems(&yaml), [""; 0], "{yaml}");
        let step = &read(&yaml).steps()[name];
        let wait = (step.concurrency, step.rpm, step.tpm);
        assert_eq!(wait, (Some(2), Some(30), Some(9000)), "{yaml}");
        let fail = (step.deadline, step.retries);
        assert_eq!(fail, (Some(crate::kernel::Duration::from_secs(20)), 3), "{yaml}");
    }
    let swarm = read(&format!("hand_off: {{ agents: {{ a: {{ {limits} }} }} }}")).steps();
    assert_eq!(swarm["turns"].inner().unwrap()["a"].rpm, Some(30));
    let none = problems("chain: { agents: { a: { tool: { latency: 1s }, limits: { rpm: 1 } } } }");
    assert!(none[0].contains("it limits calls of models, and this step makes none"), "{none:?}");
}

#[test]
fn a_router_asks_once_and_then_who_it_chose() {
    let yaml = "router:
  routes:
    cheap: { weight: 3, llm: { model: gpt } }
    team: { weight: 1, agent: { voting: { samples: 5 } } }
    lookup: { weight: 4, tool: { latency: 1s } }";
    assert_close(calls(yaml), 1.0 + (3.0 + 5.0) / 8.0);
}

#[test]
fn voting_asks_for_each_sample() {
    assert_close(calls("voting: { samples: 40 }"), 40.0);
    assert_close(calls("voting: { samples: 3, voter: { agent: { chain: {} } } }"), 9.0);
}

#[test]
fn map_reduce_asks_for_each_part_and_for_the_whole() {
    assert_close(calls("map_reduce: { items: { constant: 10 } }"), 11.0);
    let drawn = "map_reduce: { split: {}, items: { uniform: { min: 2, max: 8 } } }";
    assert_close(calls(drawn), 1.0 + 5.0 + 1.0);
    assert!(!read(drawn).steps()["map"].input, "a part is not the whole");
}

#[test]
fn a_planner_asks_for_plans_their_steps_and_a_summary() {
    assert_close(calls("planner_executor: { steps: { constant: 4 } }"), 6.0);
    let yaml = "planner_executor: { replan: 0.25, max_plans: 3, order: parallel, \
                steps: { uniform: { min: 1, max: 5 } } }";
    assert_close(calls(yaml), (1.0 - 0.25_f64.powi(3)) / 0.75 * (1.0 + 3.0) + 1.0);
    let in_turn = yaml.replace("parallel", "in_turn");
    assert_close(calls(&in_turn), calls(yaml));
}

#[test]
fn work_in_turn_is_drawn_as_often_as_its_number() {
    let chances = |steps: &str| {
        let agent = read(&format!("planner_executor: {{ steps: {steps} }}"));
        let steps = agent.steps();
        let plans = steps["plans"].inner().unwrap()["execute"].inner().unwrap();
        assert_eq!(plans["all"].after.0.len(), plans.len() - 1, "it reads all of them");
        plans.values().map(|step| step.chance.get()).collect::<Vec<_>>()
    };
    assert_eq!(chances("{ constant: 3 }"), [1.0; 4]);
    // Of 2, 3 and 4, alike: a third step follows two times in three, a fourth one in two.
    let found = chances("{ uniform: { min: 2, max: 4 } }");
    for (found, wanted) in found.iter().zip([1.0, 1.0, 2.0 / 3.0, 0.5, 1.0]) {
        assert_close(*found, wanted);
    }
    let steps = read("planner_executor: { steps: { constant: 3 } }").steps();
    let execute = &steps["plans"].inner().unwrap()["execute"];
    assert_eq!(execute.after.0, ["plan"]);
    assert!(execute.inner().unwrap()["1"].after.is_empty());
    assert_eq!(execute.inner().unwrap()["3"].after.0, ["2"]);
    assert_eq!(execute.inner().unwrap()["3"].reads.as_ref().unwrap().0, ["1", "2"]);
}

#[test]
fn an_evaluator_asks_twice_a_round() {
    // a = p (1 - false_reject) + (1 - p) false_accept
    let a = 0.6 * (1.0 - 0.1) + 0.4 * 0.2;
    let yaml = "evaluator_optimizer: { false_accept: 0.2, false_reject: 0.1, max_rounds: 4 }";
    assert_close(calls_until(yaml, a), 2.0 * rounds(a, 4));
}

#[test]
fn a_supervisor_asks_itself_and_its_workers_each_round() {
    let yaml = "supervisor: { stop: 0.4, max_rounds: 6, workers: { constant: 3 } }";
    assert_close(calls(yaml), rounds(0.4, 6) * 4.0 + 1.0);
    let judged = "supervisor: { judge: {}, max_rounds: 6, order: in_turn }";
    assert_close(calls_until(judged, 0.3), rounds(0.3, 6) * 5.0 + 1.0);
}

#[test]
fn a_hierarchy_asks_each_lead_twice_and_each_worker_once() {
    for (depth, fan_out) in [(1, 4), (2, 3), (3, 2), (4, 1), (5, 10)] {
        let leads: u64 = (0..depth).map(|level| fan_out_to(fan_out, level)).sum();
        let workers = fan_out_to(fan_out, depth);
        let yaml = format!("hierarchical: {{ depth: {depth}, fan_out: {fan_out} }}");
        assert_close(calls(&yaml), (2 * leads + workers) as f64);
    }
}

fn fan_out_to(fan_out: u64, level: u32) -> u64 {
    fan_out.pow(level)
}

#[test]
fn a_debate_asks_each_agent_each_round() {
    let all = "debate: { agents: 3, rounds: 4, until_agreed: false, judge: {} }";
    assert_close(calls(all), 13.0);
    assert_close(calls_until("debate: { agents: 3, rounds: 4 }", 0.5), 3.0 * rounds(0.5, 4));
}

#[test]
fn hand_offs_are_a_markov_chain() {
    // triage -> { sales, support } -> end with 0.8, else triage again: each visit to
    // triage brings one more turn, and there are 1 / 0.8 of them.
    assert_close(calls("hand_off: { max_turns: 1000 }"), 2.0 / 0.8);
    assert_close(calls("hand_off: { max_turns: 1, on_max: keep }"), 1.0);
}

#[test]
fn a_blackboard_asks_those_who_have_something_to_say() {
    let yaml = "blackboard: { agents: 6, contribute: 0.25, max_rounds: 8 }";
    // Each agent speaks and is right with 0.25 x 0.4.
    let s = 1.0 - (1.0 - 0.25 * 0.4_f64).powi(6);
    assert_close(calls_until(yaml, s), 6.0 * 0.25 * rounds(s, 8));
}

#[test]
fn what_is_wrong_with_a_pattern_is_said_at_its_place() {
    let one = |yaml: &str, wanted: &str| {
        let found = problems(yaml);
        assert!(found.iter().any(|it| it == wanted), "{found:#?}");
    };
    let at = "workflows.w.agent";
    for (yaml, place, what) in [
        ("react: { max_turns: 0 }", "react.max_turns", "expected at least 1 turn"),
        ("chain: { agents: {} }", "chain.agents", "expected at least 1 agent"),
        ("router: { routes: {} }", "router.routes", "expected at least 1 route"),
        (
            "router: { routes: { route: {} } }",
            "router.routes.route",
            "the pattern itself has the name `route`",
        ),
        ("voting: { samples: 0 }", "voting.samples", "expected at least 1 sample"),
        ("voting: { samples: 3, join: { at_least: 4 } }", "voting.join", "there are only 3"),
        ("map_reduce: { join: { at_least: 5 } }", "map_reduce.join", "there are only 4"),
        (
            "planner_executor: { steps: { uniform: { min: 1, max: 200 } } }",
            "planner_executor.steps",
            "200 one after another are too many",
        ),
        (
            "evaluator_optimizer: { evaluate: { judge: {} } }",
            "evaluator_optimizer.evaluate.judge",
            "how often it errs is said of the pattern",
        ),
        ("supervisor: { max_rounds: 0 }", "supervisor.max_rounds", "expected at least 1 round"),
        ("hierarchical: { depth: 11 }", "hierarchical.depth", "11 levels of leads are too many"),
        (
            "hierarchical: { depth: 9, fan_out: 9 }",
            "hierarchical.fan_out",
            "9^9 workers are too many",
        ),
        ("debate: { agents: 1 }", "debate.agents", "one agent alone agrees with itself"),
        (
            "hand_off: { agents: { end: {} } }",
            "hand_off.agents.end",
            "the pattern itself has the name `end`",
        ),
        ("blackboard: { contribute: 0.0 }", "blackboard.contribute", "nobody would ever speak"),
    ] {
        one(yaml, &format!("{at}.{place}: {what}"));
    }
}

#[test]
fn what_is_wrong_with_a_patterns_steps_is_said_of_the_pattern() {
    let found = problems("chain: { agents: { a: { llm: { model: gtp } } } }");
    assert_eq!(
        found,
        ["workflows.w.agent.chain: steps.a.llm.model: unknown model `gtp`"],
        "the step is named"
    );
    let found = problems("chain: { agents: { a: { llm: {}, tool: { latency: 1s } } } }");
    assert!(found[0].ends_with("steps.a: a step does one thing: it has `llm` and `tool`"));
    let ring = "hand_off: { agents: { a: { to: { b: 1 } }, b: { to: { a: 1 } } } }";
    assert!(
        problems(ring)[0].ends_with("agents hand over to each other for ever: a -> b -> a"),
        "{:?}",
        problems(ring)
    );
}
