//! Models chosen with what their providers have of the prompt, and sessions that stay.

use windtunnel::cost::{
    Cached, Candidate, CostSpec, Demand, Known, ModelId, Optimizer, PriceSpec, UserId,
};
use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};
use windtunnel::kernel::{Duration, Streams, Time};
use windtunnel::system::RunTables;

use crate::runs::{metric, simulate};

fn near(run: &RunTables, name: &str, expected: f64) {
    let value = metric(run, name);
    assert!(
        (value - expected).abs() <= 1e-9 + 1e-9 * expected.abs(),
        "{name}: {value}, not {expected}"
    );
}

/// Sessions of so many turns, a minute after each other: a system prompt of 4000 tokens that each
/// has for itself (it is the first message), and short messages. `a` reads for a tenth of what it
/// computes for; `b` is a little cheaper and keeps nothing.
fn two(requests: u32, turns: u32, cost: &str) -> RunTables {
    simulate(&format!(
        "requests: {requests}
workload:
  arrivals: {{ constant: {{ rate: 1/h }} }}
  prompts: unique
  session: {{ turns: {{ constant: {turns} }}, message: {{ constant: 100 }}, think_time: 1m }}
  tokens: {{ input: {{ constant: 4000 }}, output: {{ constant: 100 }} }}
  max_tokens: 100
models:
  a:
    price: {{ input: 3e-6, output: 15e-6, cached_input: 0.3e-6, cache_write: 3.75e-6 }}
    quality: 0.9
    server: {{ tokens: {{ ttft: 0ms, tpot: 0ms }} }}
    prompt_cache: anthropic_5m
  b:
    price: {{ input: 2.9e-6, output: 15e-6 }}
    quality: 0.8
    server: {{ tokens: {{ ttft: 0ms, tpot: 0ms }} }}
cost: {{ {cost} }}
"
    ))
}

fn requests_of(run: &RunTables, model: usize) -> f64 {
    let column = run.models.column("requests").expect("a column");
    match run.models.rows[model][column] {
        windtunnel::stats::Cell::Int(value) => value as f64,
        _ => f64::NAN,
    }
}

/// The first turn is cheaper at `b`: 4000 tokens at 2.9 against 3.75 millionths. From then on `a`
/// has nothing of it, so that `b` stays cheaper; unless `a` was first, for another reason.
#[test]
fn the_cheapest_model_is_the_one_that_has_the_prompt() {
    let run = two(10, 10, "select: cheapest");
    assert_eq!([0, 1].map(|model| requests_of(&run, model)), [0.0, 10.0]);
    // A penalty has no say in a first turn, and staying costs nothing here.
    near(&run, "model_switches", 0.0);
    // With what is cached `a` costs less, whatever the price list says.
    let penalty = "select: { cheapest: { quality_threshold: 0.85 } }";
    let run = two(10, 10, penalty);
    assert_eq!([0, 1].map(|model| requests_of(&run, model)), [10.0, 0.0]);
    let cost: f64 = (0..10)
        .map(|turn| 4000.0 + 200.0 * f64::from(turn))
        .map(|n| if n == 4000.0 { n * 3.75 } else { (n - 200.0) * 0.3 + 200.0 * 3.75 } + 1500.0)
        .sum();
    near(&run, "cost_usd", cost * 1e-6);
}

/// A router at random, half and half: what it loses on a conversation that it leaves is told in
/// dollars, and what staying would have lost in quality.
#[test]
fn what_switching_lost_is_told_by_hand_for_two_turns() {
    // Two models that keep prompts, the first turn at one of them, the second at either.
    let run = |cost: &str| {
        simulate(&format!(
            "requests: 2000
workload:
  arrivals: {{ constant: {{ rate: 1/h }} }}
  prompts: unique
  session: {{ turns: {{ constant: 2 }}, message: {{ constant: 100 }}, think_time: 1m }}
  tokens: {{ input: {{ constant: 4000 }}, output: {{ constant: 100 }} }}
  max_tokens: 100
models:
  a: &m
    price: {{ input: 3e-6, output: 15e-6, cached_input: 0.3e-6, cache_write: 3.75e-6 }}
    quality: 0.9
    server: {{ tokens: {{ ttft: 0ms, tpot: 0ms }} }}
    prompt_cache: anthropic_5m
  b: {{ <<: *m, quality: 0.7 }}
cost: {{ select: {{ random: {{ weights: {{ a: 1, b: 1 }} }} }}, {cost} }}
"
        ))
    };
    let free = run("");
    let switches = metric(&free, "model_switches");
    assert!((switches - 500.0).abs() < 4.0 * 250.0_f64.sqrt(), "{switches}");
    // 4000 tokens that the other model had, written at 3.75 in place of read at 0.3.
    near(&free, "prompt_cache_switched_tokens", 4000.0 * switches);
    near(&free, "prompt_cache_switched_usd", 4000.0 * 3.45e-6 * switches);
    let sticky = run("sticky: session");
    near(&sticky, "model_switches", 0.0);
    near(&sticky, "prompt_cache_switched_usd", 0.0);
    // The router would have changed as often as it did; whoever stays loses 0.2 of quality, or
    // wins it.
    near(&sticky, "sticky_kept", switches);
    let lost = metric(&sticky, "sticky_quality_lost");
    assert!(lost.abs() <= 0.2 * 4.0 / switches.sqrt(), "{lost}");
    let saved = metric(&free, "cost_usd") - metric(&sticky, "cost_usd");
    assert!((saved - 4000.0 * 3.45e-6 * switches).abs() < 1e-9, "{saved}");
}

/// A session chooses anew when nothing was heard of it for longer than that.
#[test]
fn a_session_stays_no_longer_than_it_is_idle() {
    for (idle, switches) in [("59s", 1.0), ("1m", 0.0)] {
        let cost = format!(
            "select: {{ random: {{ weights: {{ a: 1, b: 1 }} }} }}, sticky: {{ session: {{ idle: {idle} }} }}"
        );
        let run = two(40, 40, &cost);
        assert_eq!(f64::from(u8::from(metric(&run, "model_switches") > 0.0)), switches, "{idle}");
    }
}

/// An optimizer of two models, `a` at $3 and `b` at $2 a million tokens.
fn optimizer(cost: &str) -> Optimizer {
    let spec: CostSpec = serde_yaml::from_str::<serde_yaml::Value>(cost)
        .and_then(serde_yaml::with::singleton_map_recursive::deserialize)
        .expect("a spec");
    let model = |name: &str, price: &str| {
        let price = serde_yaml::from_str::<PriceSpec>(price).expect("a price").price();
        (name.to_owned(), Candidate { price, quality: 0.9 })
    };
    let models = [
        model("a", "{ input: 3e-6, output: 0, cached_input: 0.3e-6, cache_write: 3.75e-6 }"),
        model("b", "{ input: 2e-6, output: 0 }"),
    ];
    let start = "2026-01-01T00:00:00Z".parse().expect("a date");
    Optimizer::new(&spec, &models, &[("ann".to_owned(), None)], start, &Streams::new(1, 0))
}

/// 1000 tokens cost $0.00375 at `a`, if all are written, and $0.002 at `b`. A conversation that
/// was with `a` goes to `b` if the penalty is less than $0.00175, or the share of utility less
/// than 1.75 / 3.75.
#[test]
fn a_penalty_keeps_a_conversation_unless_another_model_is_so_much_cheaper() {
    let demand = Demand::new(UserId(0), 10_000, 0);
    for (penalty, stays) in [
        ("$0.0017", false),
        ("$0.0018", true),
        ("{ utility: 0.46 }", false),
        ("{ utility: 0.47 }", true),
    ] {
        let mut optimizer =
            optimizer(&format!("{{ select: {{ cheapest: {{}} }}, switch_penalty: {penalty} }}"));
        let mut chosen = |before: Option<u32>| {
            let before = before.map(|model| (ModelId(model), Duration::from_secs(60)));
            let known = Known { before, ..Known::default() };
            let choice = optimizer.choose_knowing(&demand, &known, Time::ZERO);
            choice.map(|(choice, _)| (choice.model.0, choice.estimate.to_string())).expect("one")
        };
        let a = (0, "$0.00375".to_owned());
        let b = (1, "$0.002".to_owned());
        assert_eq!(chosen(Some(0)), if stays { a } else { b.clone() }, "{penalty}");
        assert_eq!(chosen(Some(1)), b.clone(), "it is there already");
        assert_eq!(chosen(None), b, "and a new one is with nobody");
    }
}

/// With 800 of 1000 tokens cached at `a`, and the rest written, it costs 800 x 0.3 + 200 x 3.75
/// millionths: $0.00099. Held is what it costs without, $0.00375; without reserving it is enough
/// to pay for the estimate.
#[test]
fn estimates_know_the_cache_and_what_is_held_does_not_rely_on_it() {
    let demand = Demand::new(UserId(0), 10_000, 0);
    let cached = [
        Cached { keeps: true, read_decitokens: 8000, written_decitokens: 2000, for_an_hour: false },
        Cached::default(),
    ];
    let known = Known { cached: &cached, before: None };
    let choose = |cost: &str| {
        let choice = optimizer(cost).choose_knowing(&demand, &known, Time::ZERO);
        choice.map(|(it, _)| (it.model.0, it.estimate.to_string(), it.hold.to_string())).ok()
    };
    let of = |model: u32, estimate: &str, hold: &str| {
        Some((model, estimate.to_owned(), hold.to_owned()))
    };
    for select in ["{ cheapest: {} }", "{ utility: {} }", "{ best: {} }", "{ fixed: a }"] {
        assert_eq!(choose(&format!("{{ select: {select} }}")), of(0, "$0.00099", "$0"), "{select}");
        let reserve = format!("{{ select: {select}, charge: {{ reserve: {{}} }} }}");
        assert_eq!(choose(&reserve), of(0, "$0.00099", "$0.00375"), "{select}");
    }
    let poor = "select: { cheapest: {} }, budgets: { default: { daily: $0.003 } }";
    assert_eq!(choose(&format!("{{ {poor} }}")), of(0, "$0.00099", "$0"));
    let held = choose(&format!("{{ {poor}, charge: {{ reserve: {{}} }} }}"));
    assert_eq!(held, of(1, "$0.002", "$0.002"), "$0.00375 cannot be held");
    let none = choose("{ select: { fixed: a }, budgets: { default: { daily: $0.0005 } } }");
    assert_eq!(none, None);
}

/// A session stays only with a model that its budget pays for and that is as good as the request
/// asks for.
#[test]
fn a_session_leaves_a_model_that_it_cannot_pay_or_that_is_not_good_enough() {
    let known = Known { before: Some((ModelId(0), Duration::ZERO)), ..Known::default() };
    let chosen = |cost: &str, demand: &Demand| {
        let choice = optimizer(cost).choose_knowing(demand, &known, Time::ZERO);
        choice.map(|(choice, stayed)| (choice.model.0, stayed.is_some())).ok()
    };
    let demand = Demand::new(UserId(0), 10_000, 0);
    let sticky = "select: { cheapest: {} }, sticky: { session: { idle: 1h } }";
    assert_eq!(chosen(&format!("{{ {sticky} }}"), &demand), Some((0, true)));
    let poor = format!("{{ {sticky}, budgets: {{ default: {{ daily: $0.0025 }} }} }}");
    assert_eq!(chosen(&poor, &demand), Some((1, false)));
    let strict = Demand { quality_threshold: Some(0.95), ..demand };
    assert_eq!(chosen(&format!("{{ {sticky} }}"), &strict), Some((1, false)));
    let only = Demand { only: Some(ModelId(1)), ..demand };
    assert_eq!(chosen(&format!("{{ {sticky} }}"), &only), Some((1, false)), "who must, must");
}

#[test]
fn what_has_no_effect_or_cannot_be_is_an_error() {
    let said = |cost: &str| {
        let yaml = format!(
            "requests: 1\nmodels: {{ a: {{}}, b: {{}} }}\ncost: {{ {cost}, quality: {{ difficulties: {{ e: 1 }}, accuracy: {{ a: {{ e: 1 }}, b: {{ e: 1 }} }} }} }}"
        );
        let document = Document::from_text("test.yaml", &yaml).expect("YAML");
        match prepare(&document, &Overrides::default()) {
            Ok(prepared) => prepared.warnings.iter().map(ToString::to_string).collect(),
            Err(found) => found.iter().map(ToString::to_string).collect::<String>(),
        }
    };
    assert_eq!(said("sticky: session, switch_penalty: $0.01"), "");
    assert_eq!(said("sticky: { session: { idle: 5m } }"), "");
    for (cost, complaint) in [
        ("sticky: sesion", "session"),
        ("select: { cascade: { models: [a, b] } }, sticky: session", "a cascade asks its models"),
        ("select: best, switch_penalty: $1", "does not look at estimates"),
        ("switch_penalty: -1", "negative"),
        ("switch_penalty: { utility: 1 }", "cost.switch_penalty.utility"),
        ("switch_penalty: { utlity: 0.1 }", "unknown field `utlity`"),
    ] {
        let said = said(cost);
        assert!(said.contains("error") && said.contains(complaint), "{cost}: {said}");
    }
}
