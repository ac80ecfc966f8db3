//! Workflows as files have them, and what is wrong with bad ones.

use super::*;
use crate::orchestration::JoinSpec;
use crate::spec::{Problems, Severity};

fn read(yaml: &str) -> Result<OrchestrationSpec, String> {
    let value: serde_yaml::Value = serde_yaml::from_str(yaml).map_err(|error| error.to_string())?;
    serde_yaml::with::singleton_map_recursive::deserialize(value).map_err(|error| error.to_string())
}

/// What is wrong with a file, each with its place.
fn problems(yaml: &str) -> Vec<String> {
    let spec = read(yaml).expect("workflows");
    let mut problems = Problems::default();
    spec.check(&["gpt-4", "llama"], Some(&["batch".to_owned()]), &mut problems);
    let list = problems.into_list().into_iter();
    list.map(|it| match it.help {
        Some(help) => format!("{}: {} ({help})", it.path, it.message),
        None => format!("{}: {}", it.path, it.message),
    })
    .collect()
}

/// What is wrong with the steps of the workflow `w`, each with its place among them.
fn of_steps(steps: &str) -> Vec<String> {
    let found = problems(&format!("workflows: {{ w: {{ steps: {steps} }} }}"));
    let inner = found.iter().map(|it| it.strip_prefix("workflows.w.steps").unwrap_or(it));
    inner.map(|it| it.trim_start_matches('.').to_owned()).collect()
}

#[test]
fn a_sound_workflow_has_no_problems() {
    let yaml = "
workflows:
  research:
    steps:
      plan: { llm: { system: 500, prompt: { constant: 100 }, model: gpt-4 } }
      search: { tool: web, after: plan, map: { items: { uniform: { min: 1, max: 5 } } } }
      read: { retrieval: { documents: 3 }, after: plan, retries: 2 }
      draft: { llm: {}, after: [search, read], join: any }
      check: { llm: { judge: { false_accept: 0.1 } }, after: draft }
      approve: { human: { think_time: 5m }, after: check, when: { check: rejected } }
      publish: { workflow: other, after: [check, approve] }
    deadline: 10m
    max_cost: $1
  other: { agent: { voting: {} } }
  recorded: { wfcommons: { file: montage.json, kinds: { mAdd: { llm: {} } } } }
tools: { web: { latency: 1s, concurrency: 4 } }
mix: { research: 2, request: 8 }
by_class: { batch: other }";
    assert_eq!(problems(yaml), [""; 0]);
}

#[test]
fn a_workflow_is_one_thing() {
    assert_eq!(
        problems("workflows: {}"),
        [": there is no workflow (such as `workflows: { w: { steps: … } }`)"]
    );
    let none = "workflows.w: it has no steps (expected `steps`, `agent` or `wfcommons`)";
    assert_eq!(problems("workflows: { w: {} }"), [none]);
    assert_eq!(
        problems("workflows: { w: { steps: { a: {} }, agent: { chain: {} } } }"),
        ["workflows.w: expected one of `steps`, `agent` and `wfcommons`"]
    );
    assert_eq!(
        problems("workflows: { request: { agent: { chain: {} } } }"),
        ["workflows.request: `request` is a plain request (choose another name)"]
    );
}

#[test]
fn names_that_are_none_are_told_with_the_nearest() {
    assert_eq!(
        of_steps("{ draft: {}, a: { after: draff } }"),
        ["a.after: unknown step `draff` (did you mean `draft`?)"]
    );
    assert_eq!(
        of_steps("{ draft: {}, a: { reads: [draff] } }"),
        ["a.reads: unknown step `draff` (did you mean `draft`?)"]
    );
    assert_eq!(
        of_steps("{ a: { when: { b: right } }, c: { choose: { d: 1 } } }").len(),
        2,
        "all at once"
    );
    assert_eq!(
        of_steps("{ a: { llm: { model: gpt4 } } }"),
        ["a.llm.model: unknown model `gpt4` (did you mean `gpt-4`?)"]
    );
    assert_eq!(
        of_steps("{ a: { tool: web } }"),
        ["a.tool: unknown tool `web` (there is no tool in this file)"]
    );
    assert_eq!(
        of_steps("{ a: { workflow: ww } }"),
        ["a.workflow: unknown workflow `ww` (did you mean `w`?)"]
    );
    let mixed = problems(
        "{ workflows: { flow: { agent: { chain: {} } } }, mix: { flaw: 1 },
           by_class: { bach: flow, batch: reqest } }",
    );
    assert_eq!(
        mixed,
        [
            "mix.flaw: unknown workflow `flaw` (did you mean `flow`?)",
            "by_class.bach: unknown SLO class `bach` (did you mean `batch`?)",
            "by_class.batch: unknown workflow `reqest` (did you mean `request`?)",
        ]
    );
}

#[test]
fn circles_are_named() {
    let steps = of_steps("{ a: {}, b: { after: [a, d] }, c: { after: b }, d: { after: c } }");
    assert_eq!(steps, [": steps wait for each other: b -> d -> c -> b"]);
    let chosen = of_steps("{ a: { after: b }, b: { when: { c: succeeded } }, c: { reads: a } }");
    assert_eq!(chosen, [": steps wait for each other: a -> b -> c -> a"]);
    let chooses = of_steps("{ a: { after: b, choose: { b: 1 } }, b: {} }");
    assert_eq!(chooses, [": steps wait for each other: a -> b -> a"]);
    let within = problems(
        "workflows:
  a: { steps: { x: { workflow: b } } }
  b: { steps: { y: { steps: { z: { workflow: a } } } } }",
    );
    assert_eq!(within, ["workflows.a: the workflow is within itself: a -> b -> a"]);
}

#[test]
fn a_step_does_one_thing() {
    assert_eq!(
        of_steps("{ a: { llm: {}, human: {} } }"),
        ["a: a step does one thing: it has `llm` and `human`"]
    );
    let limits = of_steps("{ a: { tool: { latency: 1s }, rpm: 10 } }");
    assert!(limits[0].starts_with("a.rpm: it limits calls of models"), "{limits:?}");
    assert!(read("workflows: { w: { steps: { a: { lm: {} } } } }").unwrap_err().contains("`lm`"));
}

#[test]
fn numbers_that_make_no_sense_are_told() {
    for (steps, wanted) in [
        ("{ a: { llm: { max_tokens: 0 } } }", "a.llm.max_tokens: expected at least 1 token"),
        ("{ a: { llm: { prompt: { constant: 0 } } } }", "a.llm.prompt.constant: "),
        ("{ a: { llm: {}, map: { alternatives: 0 } } }", "a.map.alternatives: expected at least 1"),
        (
            "{ a: { llm: {}, map: { items: { uniform: { min: 1, max: 20000 } } } } }",
            "a.map.items: expected at most 10000 items",
        ),
        ("{ a: { llm: {}, map: { concurrency: 0 } } }", "a.map.concurrency: no item would ever"),
        ("{ a: { llm: {}, loop: { max: 0 } } }", "a.loop.max: expected at least 1"),
        ("{ a: { llm: {}, loop: { until: agreed } } }", "a.loop.until: only items of a `map`"),
        ("{ a: { llm: {}, deadline: 0s } }", "a.deadline: expected a time longer than 0"),
        ("{ a: { llm: {}, memo: { capacity: 0 } } }", "a.memo.capacity: expected room"),
        ("{ a: { tool: { concurrency: 0 } } }", "a.tool.concurrency: no call would ever"),
        ("{ a: { human: { people: 0 } } }", "a.human.people: nobody would ever answer"),
        ("{ a: { choose: { b: 0 } }, b: {} }", "a.choose: all weights are 0"),
    ] {
        let found = of_steps(steps);
        assert!(found.len() == 1 && found[0].starts_with(wanted), "{steps}: {found:#?}");
    }
}

#[test]
fn hand_offs_that_never_end_are_told() {
    let step = |more: &str| {
        format!(
            "{{ a: {{ steps: {{ x: {{}}, y: {{}} }}, loop: {{ {more}
                hand_off: {{ x: {{ y: 1 }}, y: {{ x: 1, end: 0 }} }} }} }} }}"
        )
    };
    let failing = of_steps(&step("on_max: fail, "));
    assert_eq!(
        failing,
        ["a.loop.hand_off: agents hand over to each other for ever: x -> y -> x \
          (give one of them a way to `end`)"]
    );
    let kept = read(&format!("workflows: {{ w: {{ steps: {} }} }}", step(""))).unwrap();
    let mut problems = Problems::default();
    kept.check(&[], None, &mut problems);
    assert_eq!(problems.list().len(), 1);
    assert_eq!(problems.list()[0].severity, Severity::Warning, "`max` ends it");
    let unknown = of_steps("{ a: { steps: { x: {} }, loop: { hand_off: { x: { xx: 1 } } } } }");
    assert!(unknown[0].starts_with("a.loop.hand_off.x.xx: unknown step `xx`"), "{unknown:?}");
    let none = of_steps("{ a: { llm: {}, loop: { hand_off: { x: { end: 1 } } } } }");
    assert!(none[0].starts_with("a.loop.hand_off: only a step with `steps`"), "{none:?}");
}

#[test]
fn limits_of_workflows_are_checked() {
    let of = |more: &str| {
        problems(&format!("workflows: {{ w: {{ agent: {{ chain: {{}} }}, {more} }} }}"))
    };
    assert!(of("max_calls: 0")[0].starts_with("workflows.w.max_calls: none would ever end well"));
    assert!(of("max_concurrent: 0")[0].starts_with("workflows.w.max_concurrent: "));
    assert!(of("deadline: 0s")[0].starts_with("workflows.w.deadline: "));
    assert_eq!(
        of("budget_duration: 1h"),
        ["workflows.w.budget_duration: there is no `max_budget` to last so long"]
    );
}

#[test]
fn kinds_of_recorded_tasks_are_checked_before_the_file_is_read() {
    let found = problems(
        "workflows: { w: { wfcommons: { file: '', places: 0, kinds: { m: { llm: { model: x } } } } } }",
    );
    assert_eq!(
        found,
        [
            "workflows.w.wfcommons.file: expected the name of a file",
            "workflows.w.wfcommons.places: no task would ever begin (leave it out for no limit)",
            "workflows.w.wfcommons.kinds: steps.m.llm.model: unknown model `x` \
             (expected one of: gpt-4, llama)",
        ]
    );
}

#[test]
fn joins_count_what_is_there() {
    for (join, all, wanted) in [
        (JoinSpec::All, 3, 3),
        (JoinSpec::Any, 3, 1),
        (JoinSpec::Any, 0, 0),
        (JoinSpec::Quorum, 3, 2),
        (JoinSpec::Quorum, 4, 3),
        (JoinSpec::AtLeast(2), 3, 2),
        (JoinSpec::AtLeast(5), 3, 3),
    ] {
        assert_eq!(join.of(all), wanted, "{join:?} of {all}");
    }
}
