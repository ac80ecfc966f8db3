use super::*;
use crate::spec::Severity::{Error, Warning};

fn found(yaml: &str) -> Vec<String> {
    let mut problems = Problems::default();
    serde_yaml::from_str::<PriceSpec>(yaml).unwrap().check(&mut problems);
    let line = |it: &crate::spec::Problem| match it.severity {
        Error => format!("{}: {}", it.path, it.message),
        Warning => format!("{}? {}", it.path, it.message),
    };
    problems.list().iter().map(line).collect()
}

#[test]
fn a_price_out_of_range_is_refused_and_a_strange_one_questioned() {
    assert_eq!(found("{ per_token: 0.0006 }"), [""; 0]);
    assert!(found("{ per_token: 0.15 }")[0].starts_with("per_token? $0.15 a token is far"));
    assert_eq!(found("{ per_token: 1000.01 }"), ["per_token: $1000.01 a token is too much"]);
    let deep = "{ input: 1e-6, output: 1e-6, above: [ { tokens: 9, input: 2000 } ],
                 batch: { input: 0, output: 1 } }";
    assert!(found(deep)[0].starts_with("batch.output? "));
    assert_eq!(found(deep)[1], "above.0.input: $2000 a token is too much");
}

#[test]
fn a_price_is_of_one_kind() {
    assert_eq!(found("{}"), [": a price needs an amount"]);
    assert_eq!(found("{ input: 1e-6 }"), [": `input` and `output` go together"]);
    assert_eq!(
        found("{ per_token: 1e-6, input: 1e-6, output: 1e-6 }"),
        [": `per_token` is the price of input and output alike"]
    );
    assert!(found("{ litellm: gpt-4o, output: 0 }")[0].starts_with(": a price of the map says"));
    assert_eq!(found("{ litellm: gpt-4o }"), [""; 0]);
    assert_eq!(found("{ per_gpu_hour: $2.5 }"), [""; 0]);
}

#[test]
fn tiers_and_dates_rise() {
    let tiers = "{ per_token: 1e-6, above: [ { tokens: 200 }, { tokens: 200 }, { tokens: 300 } ] }";
    assert_eq!(found(tiers), ["above.1.tokens: expected more than 200 tokens, rising in the list"]);
    let dates = "{ per_token: 1e-6, changes: [ { at: 2026-02-01 }, { at: 2026-01-01 } ] }";
    assert_eq!(found(dates), ["changes.1.at: expected a date after 2026-02-01T00:00:00Z"]);
}

#[test]
fn what_has_no_price_of_its_own_follows_the_input() {
    let spec: PriceSpec = serde_yaml::from_str(
        "{ input: 4e-6, output: 8e-6, changes: [ { at: 2026-02-01, input: 2e-6 } ] }",
    )
    .unwrap();
    let mut price = spec.price();
    price.turn_to("2026-03-01T00:00:00Z".parse().unwrap());
    assert_eq!(
        price.rates(0),
        Rates {
            input: 2_000_000,
            output: 8_000_000,
            cached: 2_000_000,
            write: 2_000_000,
            write_1h: 2_000_000
        }
    );
}

#[test]
fn a_free_price_is_written_as_the_seed_s() {
    assert_eq!(serde_yaml::to_string(&PriceSpec::FREE).unwrap(), "per_token: $0\n");
}
