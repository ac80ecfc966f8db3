//! Each way of choosing a model against choices made by hand and against theory.

use windtunnel::cost::{Demand, Lesson, ModelId, Money, Optimizer, Usage, UserId};
use windtunnel::kernel::{Duration, Time};

use crate::run::{assert_share, optimizer};

const ANN: UserId = UserId(0);

/// Dollars a token and quality: a request of 1000 tokens costs $1, $10, $20.
const THREE: [(&str, f64, f64); 3] =
    [("small", 0.001, 0.7), ("mid", 0.01, 0.9), ("large", 0.02, 0.95)];

fn demand(request: u64) -> Demand {
    Demand { request, prompt: request, ..Demand::new(ANN, 10_000, 0) }
}

fn chosen(optimizer: &mut Optimizer, threshold: Option<f64>) -> Option<u32> {
    let demand = Demand { quality_threshold: threshold, ..demand(0) };
    optimizer.choose(&demand, Time::ZERO).ok().map(|choice| choice.model.0)
}

/// Asks and charges 1000 tokens at once; the model's answer is what the truth or
/// its quality says. Returns model, quality and dollars.
fn serve(optimizer: &mut Optimizer, request: u64, now: Time, latency: Duration) -> (u32, f64, f64) {
    let choice = optimizer.choose(&demand(request), now).expect("there is no budget");
    let cost = optimizer.charge(ANN, choice.model, &Usage::new(10_000, 0), now);
    let quality = optimizer.quality(choice.model, request, request, 1.0);
    optimizer.learn(&Lesson { model: choice.model, request, quality, cost, latency });
    (choice.model.0, quality, cost.usd())
}

#[test]
fn cheapest_takes_the_cheapest_that_is_good_enough_and_else_the_best() {
    let mut any = optimizer("select: { cheapest: {} }", &THREE);
    assert_eq!(chosen(&mut any, None), Some(1));
    assert_eq!(chosen(&mut any, Some(0.5)), Some(0));
    assert_eq!(chosen(&mut any, Some(0.99)), Some(2));
    let mut poor =
        optimizer("{ select: { cheapest: {} }, budgets: { ann: { daily: $15 } } }", &THREE);
    assert_eq!(chosen(&mut poor, Some(0.93)), Some(1), "the best that $15 pays for");
}

#[test]
fn best_takes_the_best_that_the_budget_and_the_limit_of_a_request_pay_for() {
    assert_eq!(chosen(&mut optimizer("select: { best: {} }", &THREE), None), Some(2));
    let mut limited = optimizer("select: { best: { per_request: $10 } }", &THREE);
    assert_eq!(chosen(&mut limited, None), Some(1));
    let mut poor = optimizer(
        "{ select: { best: { per_request: $10 } }, budgets: { ann: { daily: $9 } } }",
        &THREE,
    );
    assert_eq!(chosen(&mut poor, None), Some(0));
    let equals = [("a", 0.02, 0.9), ("b", 0.01, 0.9)];
    assert_eq!(chosen(&mut optimizer("select: { best: {} }", &equals), None), Some(1));
}

#[test]
fn random_draws_models_by_weight_among_those_that_are_affordable() {
    let weights = "select: { random: { weights: { small: 1, large: 3 } } }";
    let shares = |cost: &str| {
        let mut optimizer = optimizer(cost, &THREE);
        let mut counts = [0.0; 3];
        for request in 0..20_000 {
            let choice = optimizer.choose(&demand(request), Time::ZERO).unwrap();
            counts[choice.model.0 as usize] += 1.0 / 20_000.0;
        }
        counts
    };
    let [small, mid, large] = shares(weights);
    assert_share("small", small, 0.25, 20_000.0);
    assert!(mid == 0.0 && large > 0.7);
    let [small, mid, large] =
        shares(&format!("{{ {weights}, budgets: {{ ann: {{ daily: $10 }} }} }}"));
    assert!(small > 0.999 && mid == 0.0 && large == 0.0, "large is not affordable");
}

#[test]
fn fastest_learns_latencies_and_takes_the_cheapest_within_the_slo() {
    // small takes 3 s, mid 2 s, large 1 s.
    let run = |cost: &str| {
        let mut optimizer = optimizer(cost, &THREE);
        let mut last = Vec::new();
        for request in 0..300 {
            let choice = optimizer.choose(&demand(request), Time::ZERO).unwrap();
            let latency = Duration::from_secs(3 - u64::from(choice.model.0));
            optimizer.learn(&Lesson {
                model: choice.model,
                request,
                quality: 1.0,
                cost: Money::ZERO,
                latency,
            });
            last.push(choice.model.0);
        }
        last.split_off(100)
    };
    let all = |model| vec![model; 200];
    let spec = |slo: &str| {
        format!("select: {{ fastest: {{ {slo} explore: 0, quality_threshold: 0.6 }} }}")
    };
    assert_eq!(run(&spec("")), all(2));
    assert_eq!(run(&spec("slo: 2500ms,")), all(1));
    assert_eq!(run(&spec("slo: 10s,")), all(0));
    assert_eq!(run(&spec("slo: 100ms,")), all(2), "none is within the SLO: the fastest");
    let explored = run("select: { fastest: { explore: 0.3, quality_threshold: 0.6 } }");
    let others = explored.iter().filter(|model| **model != 2).count() as f64 / 200.0;
    assert_share("explored", others, 0.3 * 2.0 / 3.0, 200.0);
}

/// The least cost of a mean quality, by mixing two models: the linear program's
/// answer, read off the convex hull by hand.
#[test]
fn floor_meets_the_mean_quality_at_the_least_cost() {
    // 0.8 is half way between small ($1, 0.7) and mid ($10, 0.9): $5.50.
    let mut floor = optimizer("select: { floor: { quality: 0.8, window: 100 } }", &THREE);
    let (mut quality, mut cost) = (0.0, 0.0);
    for request in 0..5000 {
        let served = serve(&mut floor, request, Time::ZERO, Duration::ZERO);
        quality += served.1 / 5000.0;
        cost += served.2 / 5000.0;
    }
    println!("floor: quality {quality:.5} of 0.8, cost {cost:.4} of 5.5");
    assert!((quality - 0.8).abs() < 0.001, "{quality}");
    assert!((cost - 5.5).abs() < 0.05, "{cost}");
}

#[test]
fn floor_gives_the_better_model_to_the_requests_where_it_costs_least() {
    // Short requests cost a hundredth of long ones, and are as many. A mean of 0.8
    // is met by mid for the short and small for the long ones: ($0.10 + $1) / 2.
    let mut floor = optimizer("select: { floor: { quality: 0.8, window: 100 } }", &THREE);
    let mut cost = 0.0;
    let mut models = [[0_u32; 3]; 2];
    for request in 0..4000 {
        let short = request % 2 == 0;
        let input = if short { 100 } else { 10_000 };
        let choice =
            floor.choose(&Demand { request, ..Demand::new(ANN, input, 0) }, Time::ZERO).unwrap();
        if request >= 200 {
            cost += choice.estimate.usd() / 3800.0;
            models[usize::from(short)][choice.model.0 as usize] += 1;
        }
    }
    assert!((cost - 0.55).abs() < 0.03, "{cost}");
    assert!(models[1][1] >= 1880 && models[0][0] >= 1880, "{models:?}");
}

#[test]
fn pacing_spends_the_budget_evenly_and_as_well_as_can_be() {
    // A request a minute for 30 days: 43200. $237600 is $5.50 each, which buys a
    // mean quality of 0.8 at best (half small, half mid).
    let mut pacing = optimizer("select: { pacing: { budget: $237600, every: 30d } }", &THREE);
    let (mut spent, mut quality, mut half) = (0.0, 0.0, 0.0);
    for request in 0..43_200 {
        let served = serve(&mut pacing, request, Time::from_secs(60 * request), Duration::ZERO);
        spent += served.2;
        quality += served.1 / 43_200.0;
        if request == 21_600 {
            half = spent;
        }
    }
    println!("pacing: spent {spent:.0} of 237600, quality {quality:.5} of 0.8");
    assert!((spent / 237_600.0 - 1.0).abs() < 0.01, "spent {spent}");
    assert!((half / 118_800.0 - 1.0).abs() < 0.02, "half way {half}");
    assert!((quality - 0.8).abs() < 0.002, "{quality}");
}

/// Bernoulli models of 0.9 and 0.6: `count` requests, as cumulative regret.
fn regret(select: &str, count: u64, seed: u64) -> f64 {
    let table = "quality: { difficulties: { any: 1 }, accuracy: { small: { any: 0.6 }, mid: { any: 0.9 } } }";
    let two = [("small", 0.001, 1.0), ("mid", 0.001, 1.0)];
    let mut bandit = optimizer(&format!("{{ select: {select}, {table} }}"), &two);
    let mut lost = 0.0;
    for request in 0..count {
        let number = seed * 1_000_000 + request;
        let (model, ..) = serve(&mut bandit, number, Time::ZERO, Duration::ZERO);
        lost += if model == 0 { 0.3 } else { 0.0 };
    }
    lost
}

/// An epsilon-greedy bandit explores for ever: each request costs epsilon times the
/// mean gap, 0.1 x (0.3 + 0) / 2 (Sutton and Barto, section 2.3).
#[test]
fn the_regret_of_epsilon_greedy_is_linear_with_the_slope_of_theory() {
    let lost = regret("{ epsilon_greedy: { epsilon: 0.1 } }", 40_000, 1);
    assert_share("explored wrongly", lost / 0.3 / 40_000.0, 0.05, 40_000.0 / 2.0);
}

/// Thompson sampling's regret grows as `gap / KL(worse, better) x ln n` (Lai and
/// Robbins 1985; Kaufmann, Korda and Munos 2012).
#[test]
fn the_regret_of_thompson_sampling_is_logarithmic_with_the_constant_of_theory() {
    let mean =
        |count| (0..20).map(|seed| regret("{ thompson: {} }", count, seed)).sum::<f64>() / 20.0;
    let (short, long) = (mean(2_000), mean(32_000));
    let (p, q) = (0.6_f64, 0.9_f64);
    let divergence = p * (p / q).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln();
    let slope = (long - short) / (16.0_f64).ln();
    let theory = 0.3 / divergence;
    println!("slope of the regret {slope:.3}, Lai and Robbins' bound {theory:.3}");
    assert!(slope < 2.5 * theory, "{slope} is far above {theory}");
    assert!(long > 0.3 * theory * (32_000.0_f64).ln(), "{long} is below what is possible");
    assert!(long < 0.005 * 0.3 * 32_000.0, "{long} is not logarithmic");
}

#[test]
fn money_weighs_against_quality_as_it_is_told() {
    // A dollar is worth 0.1: small has 0.6 - 0.1, mid 0.9 - 1.0.
    let table = "quality: { difficulties: { any: 1 }, accuracy: { small: { any: 0.6 }, mid: { any: 0.9 } } }";
    let two = [("small", 0.001, 1.0), ("mid", 0.01, 1.0)];
    for select in [
        "{ thompson: { cost_weight: 0.1 } }",
        "{ epsilon_greedy: { cost_weight: 0.1, epsilon: 0.02 } }",
    ] {
        let mut bandit = optimizer(&format!("{{ select: {select}, {table} }}"), &two);
        let small = (0..4000)
            .filter(|request| serve(&mut bandit, *request, Time::ZERO, Duration::ZERO).0 == 0);
        assert!(small.count() > 3800, "{select}");
    }
}

#[test]
fn a_model_s_quality_is_its_mean_accuracy() {
    let table = "quality: { difficulties: { easy: 0.5, hard: 0.5 },
        accuracy: { small: { easy: 1, hard: 0.5 }, mid: { easy: 1, hard: 0.9 }, large: { easy: 1, hard: 1 } } }";
    let mut cheapest = optimizer(&format!("{{ select: {{ cheapest: {{}} }}, {table} }}"), &THREE);
    assert_eq!(chosen(&mut cheapest, Some(0.75)), Some(0));
    assert_eq!(chosen(&mut cheapest, Some(0.76)), Some(1));
    assert_eq!(chosen(&mut cheapest, Some(0.96)), Some(2));
    let right =
        (0..20_000).filter(|request| cheapest.quality(ModelId(0), *request, *request, 1.0) > 0.5);
    assert_share("right", right.count() as f64 / 20_000.0, 0.75, 20_000.0);
}
