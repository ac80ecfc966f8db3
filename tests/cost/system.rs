//! Money in a whole system: cascades and routers against their closed forms,
//! budgets under concurrency, levers whose savings add up.

use crate::run::{assert_share, metric, number, tables};

/// Phi, the distribution function of the standard normal.
fn phi(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// 20000 requests of 100 + 100 tokens, each of a prompt of its own, to models that
/// take no time; prices a token $0.00001 and $0.0001.
fn two_models(cost: &str) -> String {
    format!(
        "requests: 20000
workload:
  arrivals: {{ poisson: {{ rate: 100/s }} }}
  prompts: {{ uniform: {{ count: 1000000 }} }}
  tokens: {{ input: {{ uniform: {{ min: 100, max: 100 }} }}, output: {{ uniform: {{ min: 100, max: 100 }} }} }}
  max_tokens: 200
models:
  small: {{ price: {{ per_token: 0.00001 }}, server: {{ tokens: {{ ttft: 100ms, tpot: 10ms }} }} }}
  large: {{ price: {{ per_token: 0.0001 }}, server: {{ tokens: {{ ttft: 100ms, tpot: 10ms }} }} }}
cost:
  quality:
    difficulties: {{ easy: 0.7, hard: 0.3 }}
    accuracy: {{ small: {{ easy: 0.9, hard: 0.3 }}, large: {{ easy: 0.96, hard: 0.8 }} }}
{cost}"
    )
}

const KINDS: [(f64, f64, f64); 2] = [(0.7, 0.9, 0.96), (0.3, 0.3, 0.8)];

/// A request is escalated if a right answer is rejected or a wrong one is not
/// accepted; then the large model's answer counts, whatever the small one said.
#[test]
fn a_cascade_costs_and_answers_as_its_closed_form_says() {
    let run = tables(&two_models(
        "  select: { cascade: { models: [small, large], judge: { false_accept: 0.2, false_reject: 0.1, cost: $0.0005 } } }",
    ));
    let n = 20_000.0;
    let (accept, reject) = (0.2, 0.1);
    let escalated: f64 =
        KINDS.iter().map(|(share, a, _)| share * (a * reject + (1.0 - a) * (1.0 - accept))).sum();
    let right: f64 = KINDS
        .iter()
        .map(|(share, a, b)| {
            share * (a * (1.0 - reject) + (a * reject + (1.0 - a) * (1.0 - accept)) * b)
        })
        .sum();
    assert_share("escalated", metric(&run, "escalations") / n, escalated, n);
    assert_share("right", metric(&run, "quality_mean"), right, n);
    // Exactly: 200 tokens of small and a judgement each, and 200 of large for each
    // that was escalated.
    let expected = n * (200.0 * 0.00001 + 0.0005) + metric(&run, "escalations") * 200.0 * 0.0001;
    assert!((metric(&run, "cost_usd") - expected).abs() < 1e-9);
    assert!((metric(&run, "judge_cost_usd") - 10.0).abs() < 1e-9);
    // Both models' times: 0.1 + 0.99 s each.
    let e2e = 1.09 * (1.0 + metric(&run, "escalations") / n);
    assert!((metric(&run, "e2e_mean_s") - e2e).abs() < 1e-6, "{}", metric(&run, "e2e_mean_s"));
}

/// Three models, of which the middle one is asked about what the first is not
/// trusted with, and the last about what neither is.
#[test]
fn a_cascade_of_three_costs_and_answers_as_its_closed_form_says() {
    let run = tables(
        &two_models(
            "  select: { cascade: { models: [small, mid, large], judge: { false_accept: 0.2, false_reject: 0.1 } } }",
        )
        .replace("models:\n", "models:\n  mid: { price: { per_token: 0.00003 }, server: { tokens: { ttft: 100ms, tpot: 10ms } } }\n")
        .replace("accuracy: {", "accuracy: { mid: { easy: 0.95, hard: 0.5 },"),
    );
    let n = 20_000.0;
    let accepted = |right: f64| right * 0.9 + (1.0 - right) * 0.2;
    let (mut asked, mut right) = ([0.0; 2], 0.0);
    for ((share, small, large), mid) in KINDS.into_iter().zip([0.95, 0.5]) {
        let to_mid = share * (1.0 - accepted(small));
        let to_large = to_mid * (1.0 - accepted(mid));
        asked[0] += to_mid;
        asked[1] += to_large;
        right += share * small * 0.9 + to_mid * mid * 0.9 + to_large * large;
    }
    let requests = |model| number(&run.models, model, "requests");
    assert_share("asked mid", requests("mid") / n, asked[0], n);
    assert_share("asked large", requests("large") / n, asked[1], n);
    assert_share("right", metric(&run, "quality_mean"), right, n);
    let expected = 200.0 * (n * 0.00001 + requests("mid") * 0.00003 + requests("large") * 0.0001);
    assert!((metric(&run, "cost_usd") - expected).abs() < 1e-9);
    let per_request = 200.0 * (0.00001 + asked[0] * 0.00003 + asked[1] * 0.0001);
    assert!((expected / n / per_request - 1.0).abs() < 0.03, "{expected}");
}

#[test]
fn a_judge_that_takes_time_delays_answers_by_it() {
    let run = tables(&two_models(
        "  select: { cascade: { models: [small, large], judge: { false_accept: 1, false_reject: 0, latency: 250ms } } }",
    ));
    assert_eq!(metric(&run, "escalations"), 0.0);
    assert!((metric(&run, "e2e_mean_s") - 1.34).abs() < 1e-6);
}

/// `RouteLLM`'s curve, from all to the weak to all to the strong model.
#[test]
fn a_router_s_curve_is_the_analytic_one() {
    let (prior, auc) = (0.3_f64, 0.85);
    let shift = std::f64::consts::SQRT_2 * windtunnel::kernel::normal_quantile(auc);
    let logit = |p: f64| (p / (1.0 - p)).ln();
    for threshold in [0.05, 0.2, 0.4, 0.7] {
        let run = tables(&two_models(&format!(
            "  select: {{ threshold: {{ weak: small, strong: large, auc: {auc}, threshold: {threshold} }} }}"
        )));
        let from = (logit(threshold) - logit(prior)) / shift + shift / 2.0;
        let strong = [phi(-from), phi(shift - from)];
        let share: f64 = KINDS.iter().zip(strong).map(|((share, ..), s)| share * s).sum();
        let right: f64 = KINDS
            .iter()
            .zip(strong)
            .map(|((share, a, b), s)| share * (s * b + (1.0 - s) * a))
            .sum();
        let large = number(&run.models, "large", "requests") / 20_000.0;
        assert_share(&format!("strong at {threshold}"), large, share, 20_000.0);
        assert_share(
            &format!("right at {threshold}"),
            metric(&run, "quality_mean"),
            right,
            20_000.0,
        );
    }
}

/// The same luck for both: a router that sends all to one model is that model.
#[test]
fn routers_are_compared_on_the_same_answers() {
    let quality = |select: &str| metric(&tables(&two_models(select)), "quality_mean").to_bits();
    let fixed = quality("  select: { fixed: large }");
    assert_eq!(
        quality("  select: { threshold: { weak: small, strong: large, threshold: 0 } }"),
        fixed
    );
    assert_eq!(
        quality(
            "  select: { cascade: { models: [small, large], judge: { false_accept: 0, false_reject: 1 } } }"
        ),
        fixed
    );
}

/// 200 requests at once of 1000 + 400 tokens (of 1000 asked for), $0.01 a token.
fn burst(cost: &str) -> String {
    format!(
        "requests: 200
workload:
  arrivals: {{ constant: {{ rate: 100/s }} }}
  tokens: {{ input: {{ uniform: {{ min: 1000, max: 1000 }} }}, output: {{ uniform: {{ min: 400, max: 400 }} }} }}
  max_tokens: 1000
models: {{ one: {{ price: {{ per_token: 0.01 }}, server: {{ tokens: {{ ttft: 1m, tpot: 10ms }} }} }} }}
cost:
{cost}"
    )
}

#[test]
fn requests_under_way_overshoot_a_budget_and_reservations_do_not() {
    // Each costs $14 and is estimated at $20. Nothing is answered within the burst.
    let overshoot = |charge: &str| {
        let run = tables(&burst(&format!("  budgets: {{ default: {{ daily: $100 }} }}\n{charge}")));
        (metric(&run, "completed"), metric(&run, "budget_overshoot_usd"))
    };
    assert_eq!(overshoot(""), (200.0, 2700.0), "all see the whole budget");
    assert_eq!(overshoot("  charge: reserve"), (5.0, 0.0), "five estimates fit");
    // Held at 1000 + 200 tokens: 8 fit, and each is $2 dearer than was held.
    let (completed, beyond) = overshoot("  charge: { reserve: { output: 0.2 } }");
    assert_eq!((completed, beyond), (8.0, 12.0), "8 x $14 - $100, below 8 x $2");
    assert_eq!(overshoot("  charge: { reserve: { output: 0.4 } }"), (7.0, 0.0));
}

#[test]
fn at_the_limit_requests_wait_or_go_to_another_model() {
    let queue = tables(&burst(
        "  budgets: { default: { max_budget: $1000, budget_duration: 1h, at_limit: queue } }\n  charge: reserve",
    ));
    // 50 estimates fit into an hour, of which $700 is charged: 50, 65 (the rest of
    // what was held is free again), ... until all 200 are answered.
    assert_eq!(metric(&queue, "completed"), 200.0);
    assert_eq!(metric(&queue, "budget_overshoot_usd"), 0.0);
    assert!(metric(&queue, "budget_waits") >= 150.0);
    assert!((3.0 * 3600.0..4.0 * 3600.0).contains(&metric(&queue, "e2e_max_s")));
    let bounded = tables(&burst(
        "  budgets: { default: { daily: $1000, at_limit: { queue: { limit: 20 } } } }\n  charge: reserve",
    ));
    assert_eq!(
        (metric(&bounded, "budget_waits"), metric(&bounded, "budget_rejections")),
        (20.0, 130.0)
    );
    let downgrade = tables(&burst(
        "  budgets: { default: { daily: $1000, at_limit: { downgrade: one } } }\n  charge: reserve",
    ));
    assert_eq!(
        (metric(&downgrade, "completed"), metric(&downgrade, "budget_overshoot_usd")),
        (200.0, 1800.0)
    );
}

#[test]
fn a_soft_limit_is_counted() {
    let run = tables(&burst("  global: { daily: $5000, soft: 0.5 }"));
    assert_eq!((metric(&run, "budget_alerts"), metric(&run, "completed")), (1.0, 200.0));
}

/// 100 requests of 2000 + 500 tokens; gpt-4o costs $2.50 and $10 a million, half of
/// that in batches; the small model a tenth.
const LEVERS: &str = "requests: 100
workload:
  arrivals: { constant: { rate: 1/s } }
  prompts: { uniform: { count: 1000000 } }
  tokens: { input: { uniform: { min: 2000, max: 2000 } }, output: { uniform: { min: 500, max: 500 } } }
  max_tokens: 1000
models:
  gpt-4o: { price: { input: 2.5e-6, output: 10e-6, batch: { input: 1.25e-6, output: 5e-6 } }, quality: 0.9 }
  small: { price: { input: 0.25e-6, output: 1e-6, batch: { input: 0.125e-6, output: 0.5e-6 } }, quality: 0.8 }
cost:
  select: { fixed: small }
  levers:
    baseline: gpt-4o
    compression: { keep: 0.5, quality: 0.9 }
    trim: { max_tokens: 400, quality: 0.5 }
    batch: { soonest: 1h, latest: 2h }
";

#[test]
fn what_levers_save_adds_up_to_what_is_not_paid() {
    let run = tables(LEVERS);
    let close = |name: &str, usd: f64| {
        assert!((metric(&run, name) - usd).abs() < 1e-12, "{name}: {}", metric(&run, name));
    };
    // By hand, for 100 requests: the list price 0.5 + 0.5; the small model a tenth
    // of that; 1000 tokens less read; 100 less written; half of the rest.
    close("list_cost_usd", 1.0);
    close("routing_saved_usd", 0.9);
    close("compression_saved_usd", 0.025);
    close("trimming_saved_usd", 0.01);
    close("batch_saved_usd", 0.0325);
    close("cost_usd", 0.0325);
    close("quality_mean", 0.8 * 0.9 * 0.5);
    assert_eq!(metric(&run, "output_tokens"), 40_000.0);
    assert!((3600.0..7200.0).contains(&metric(&run, "e2e_mean_s")));
}

/// Own servers cost by the hour, whether they work or not.
#[test]
fn a_server_of_one_s_own_is_paid_by_the_hour() {
    let run = tables(
        "duration: 90m
workload: { arrivals: { constant: { rate: 1/m } } }
models: { llama: { price: { per_gpu_hour: $2.5 } } }
",
    );
    assert!((metric(&run, "server_cost_usd") - 3.75).abs() < 1e-12);
    assert_eq!(metric(&run, "token_cost_usd"), 0.0);
    assert_eq!(metric(&run, "cost_usd"), metric(&run, "server_cost_usd"));
}

/// Two classes ask alike, at $0.5 a request; $30 an hour is there.
#[test]
fn an_amount_is_divided_among_classes_and_no_more_is_spent() {
    let run = |rest: &str| {
        tables(&format!(
            "duration: 10h
workload:
  arrivals: {{ constant: {{ rate: 200/h }} }}
  tokens: {{ input: {{ uniform: {{ min: 400, max: 400 }} }}, output: {{ uniform: {{ min: 100, max: 100 }} }} }}
  max_tokens: 100
  users: {{ list: [ {{ name: ann, class: vip, weight: 1 }}, {{ name: bob, class: basic, weight: 9 }} ] }}
models: {{ one: {{ price: {{ per_token: 0.001 }}, server: {{ tokens: {{ ttft: 1s, tpot: 1ms }} }} }} }}
record: {{ spend: true }}
cost: {{ charge: reserve, allocate: {{ {rest} }} }}"
        ))
    };
    // Vip asks for some $10 an hour, basic for $90.
    let fair = run("money: $30, every: 1h, by: max_min");
    let used =
        |run: &windtunnel::system::RunTables, tenant| number(&run.allocation, tenant, "used");
    assert!(metric(&fair, "cost_usd") <= 300.0);
    assert!(used(&fair, "vip") > 0.93 * number(&fair.allocation, "vip", "asked_for"));
    let by_wish = run("money: $30, every: 1h, by: proportional");
    assert!((used(&by_wish, "vip") - 30.0).abs() < 10.0, "a tenth of $300");
    assert!(metric(&by_wish, "allocation_jain") > 0.97, "all get the same part of their wishes");
    assert!(metric(&fair, "allocation_jain") < 0.9);
    assert!(metric(&fair, "allocation_utility") > 0.3);
    let tokens = run("tokens: 30000, every: 1h, by: max_min");
    assert!(metric(&tokens, "cost_usd") <= 300.0);
    assert!(used(&tokens, "basic") > 150_000.0);
}

#[test]
fn where_the_money_went_is_written_if_it_is_asked_for() {
    let yaml = |record: &str| {
        format!(
            "duration: 10d
start: 2026-01-11T00:00:00Z
workload: {{ arrivals: {{ constant: {{ rate: 24/d }} }}, max_tokens: 100,
  tokens: {{ input: {{ uniform: {{ min: 900, max: 900 }} }}, output: {{ uniform: {{ min: 100, max: 100 }} }} }} }}
models: {{ one: {{ price: {{ per_token: 0.001 }}, server: {{ tokens: {{ ttft: 1s, tpot: 1ms }} }} }} }}
cost: {{ budgets: {{ default: {{ monthly: $200 }} }} }}
record: {{ {record} }}"
        )
    };
    assert_eq!(tables(&yaml("")).budgets.rows, [] as [Vec<_>; 0]);
    let run = tables(&yaml("spend: true, interval: 1d"));
    // A dollar an hour: $200 are used up after 200 hours, and nothing is overshot.
    let cell = |table: &windtunnel::stats::Table, row: usize, column: &str| {
        table.rows[row][table.column(column).unwrap()].to_string()
    };
    let exhausted: f64 = cell(&run.budgets, 0, "exhausted_s").parse().unwrap();
    assert!((199.0..=201.0).contains(&(exhausted / 3600.0)), "{exhausted}");
    assert_eq!(cell(&run.budgets, 0, "charged_usd"), "200");
    assert_eq!(cell(&run.showback, 0, "cost_share"), "1");
    assert_eq!(cell(&run.savings, 0, "usd"), "200");
    // From the 11th to the 21st, ten days of $24, $24, ... and $8 and nothing: the
    // mean of the ten goes on for eleven more.
    let forecast: f64 = cell(&run.forecast, 0, "month_end_usd").parse().unwrap();
    assert!((forecast - (200.0 + 11.0 * 20.0)).abs() < 1.0, "{forecast}");
    assert_eq!(cell(&run.forecast, 0, "month_end_s"), "1814400", "21 days");
}

/// Whoever answered, cache or model: the answers are all that there are, and what they
/// cost is the bill.
#[test]
fn answers_and_their_costs_are_told_apart_by_cache_level_and_model() {
    let yaml = two_models(
        "  select: { cascade: { models: [small, large], judge: { false_accept: 0.2, cost: $0.0005 } } }",
    )
    .replace("count: 1000000", "count: 500");
    let run = tables(&format!(
        "{yaml}
record: {{ spend: true }}
cache:
  levels: [ {{ name: l1, capacity: 20, policy: lru }}, {{ name: l2, capacity: 100, policy: lru }} ]"
    ));
    let of = |source: &str, column: &str| {
        let (key, column) = (run.answers.column("source"), run.answers.column(column));
        let (key, column) = (key.expect("a source"), column.expect("a column"));
        let row = run.answers.rows.iter().find(|row| row[key].to_string() == source);
        row.expect("a row")[column].to_string().parse::<f64>().expect("a number")
    };
    let sum = |column| -> f64 {
        ["l1", "l2", "small", "large", "judge"].iter().map(|source| of(source, column)).sum()
    };
    assert_eq!(sum("answers"), metric(&run, "completed"));
    assert!((sum("cost_usd") - metric(&run, "cost_usd")).abs() < 1e-6);
    assert!((sum("saved_usd") - metric(&run, "cost_saved_usd")).abs() < 1e-6);
    assert!((of("judge", "cost_usd") - metric(&run, "judge_cost_usd")).abs() < 1e-9);
    assert_eq!(of("l1", "answers") + of("l2", "answers"), metric(&run, "cache_hits"));
    assert!(of("l1", "saved_usd") > 0.0 && of("l2", "answers") > 0.0);
    // The large model's answers are the escalated ones.
    assert_eq!(of("large", "answers"), metric(&run, "escalations"));
}

/// Prices that change while requests are under way: charged by the date of the
/// answer.
#[test]
fn a_price_changes_at_its_date() {
    let run = tables(
        "duration: 2d
start: 2026-01-31T00:00:00Z
workload: { arrivals: { constant: { rate: 24/d } }, max_tokens: 100,
  tokens: { input: { uniform: { min: 900, max: 900 } }, output: { uniform: { min: 100, max: 100 } } } }
models:
  one:
    price: { input: 0.001, output: 0.001, changes: [ { at: 2026-02-01, input: 0, output: 0.002 } ] }
    server: { tokens: { ttft: 1s, tpot: 1ms } }
",
    );
    // A dollar each on the first day, 20 cents on the second.
    let (completed, cost) = (metric(&run, "completed"), metric(&run, "cost_usd"));
    let first = (cost - 0.2 * completed) / 0.8;
    assert!((23.0..=25.0).contains(&first), "{first} of {completed}");
}
