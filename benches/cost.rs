//! What the cost optimizer takes for each request.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use windtunnel::cost::{
    BudgetSpec, BudgetsSpec, Candidate, CostSpec, Demand, Lesson, ModelId, Money, Optimizer, Price,
    Usage, UserId,
};
use windtunnel::kernel::{Duration, Streams, Time};

const USERS: u32 = 1000;

/// Models of rising quality, the dearer the better on the whole.
fn models(models: u32) -> Vec<(String, Candidate)> {
    (1..=models)
        .map(|rank| {
            let picos = 100_000.0 * f64::from(rank % 7 + rank).exp2().sqrt();
            let price = Price::per_token(Money::from_picos(picos as i128));
            (
                format!("model-{rank}"),
                Candidate { price, quality: f64::from(rank) / f64::from(models) },
            )
        })
        .collect()
}

/// An optimizer among `models` models of rising quality, the dearer the better
/// on the whole, with budgets that are never exhausted.
fn optimizer(count: u32) -> Optimizer {
    let models = models(count);
    let budget = BudgetSpec {
        daily: Some(Money::from_usd(1e9)),
        monthly: Some(Money::from_usd(1e10)),
        ..BudgetSpec::default()
    };
    let spec = CostSpec {
        budgets: Some(BudgetsSpec([("default".to_owned(), budget)].into())),
        ..CostSpec::default()
    };
    let users: Vec<(String, Option<String>)> =
        (0..USERS).map(|user| (format!("user-{user}"), None)).collect();
    let start = "2026-01-01T00:00:00Z".parse().expect("a date");
    Optimizer::new(&spec, &models, &users, start, &Streams::new(42, 0))
}

/// 1024 requests of all users.
fn demands() -> Vec<Demand> {
    (0..1024)
        .map(|i: u32| {
            let user = UserId(i.wrapping_mul(2_654_435_761) % USERS);
            Demand {
                quality_threshold: i.is_multiple_of(2).then_some(f64::from(i % 10) / 10.0),
                request: i.into(),
                prompt: i.into(),
                ..Demand::new(user, u64::from(i * 37 % 20_000), 100 + i % 400)
            }
        })
        .collect()
}

/// The same requests again and again, one each ten seconds: days and months go by.
fn endless(demands: &[Demand]) -> impl Iterator<Item = (&Demand, Time)> {
    let at = |count: u64| Time::ZERO + Duration::from_secs(10) * count;
    demands.iter().cycle().zip((0..).map(at))
}

/// What bandits have learnt after `lessons` answers, the better the dearer, right
/// or wrong by a lot of the request's number.
fn teach(optimizer: &mut Optimizer, demands: &[Demand], lessons: u64) {
    for (request, (demand, _)) in (0..lessons).zip(endless(demands)) {
        let choice = optimizer.choose(demand, Time::ZERO).expect("money enough");
        optimizer.release(demand.user, choice.hold);
        let lot = request.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let is_right = (lot as f64) < (0.5 + 0.02 * f64::from(choice.model.0)) * 4_294_967_296.0;
        optimizer.learn(&Lesson {
            model: choice.model,
            request,
            quality: f64::from(u8::from(is_right)),
            cost: choice.estimate,
            latency: Duration::from_secs(1 + u64::from(choice.model.0)),
        });
    }
}

fn choose(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cost/choose");
    let mixed = demands();
    let with = |quality| -> Vec<Demand> {
        let demand = |demand: &Demand| Demand { quality_threshold: Some(quality), ..*demand };
        mixed.iter().map(demand).collect()
    };
    let (any, perfect) = (with(0.0), with(1.0));
    for (name, models, demands) in [
        ("3", 3, &mixed),
        ("20", 20, &mixed),
        ("20, any will do", 20, &any),
        ("20, hardly any will do", 20, &perfect),
    ] {
        let mut optimizer = optimizer(models);
        let mut next = endless(demands);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                let Some((demand, now)) = next.next() else { unreachable!("there is no end") };
                black_box(optimizer.choose(black_box(demand), now))
            });
        });
    }
}

fn charge(criterion: &mut Criterion) {
    let demands = demands();
    let mut optimizer = optimizer(20);
    let mut next = endless(&demands).zip((0..20).cycle().map(ModelId));
    criterion.bench_function("cost/charge", |bencher| {
        bencher.iter(|| {
            let Some(((demand, now), model)) = next.next() else { unreachable!("there is no end") };
            let usage = Usage::new(demand.input_decitokens, 200);
            black_box(optimizer.charge(demand.user, model, &usage, now))
        });
    });
}

/// Every selector among 20 models, with budgets at every level; those that learn
/// have learnt from 20,000 answers.
fn selectors(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cost/select, 20 models and 4 payers");
    let demands = demands();
    for select in [
        "utility",
        "cheapest",
        "best",
        "fastest",
        "random",
        "epsilon_greedy",
        "thompson",
        "pacing: { budget: $100000, every: 1d }",
        "floor",
    ] {
        let (name, spec) = select.split_once(':').unwrap_or((select, " {}"));
        let yaml = format!(
            "{{ select: {{ {name}: {spec} }}, budgets: {{ default: {{ daily: $1000000 }} }},
                teams: {{ all: {{ members: [default], budget: {{ monthly: $100000000 }} }} }},
                keys: {{ prod: {{ members: [default], budget: {{ max_budget: $1000000, budget_duration: 1h }} }} }},
                global: {{ monthly: $1000000000 }}, charge: {{ reserve: {{}} }} }}"
        );
        let spec: CostSpec = serde_yaml::with::singleton_map_recursive::deserialize(
            serde_yaml::Deserializer::from_str(&yaml),
        )
        .expect("a cost block");
        let users: Vec<(String, Option<String>)> =
            (0..USERS).map(|user| (format!("user-{user}"), Some("default".to_owned()))).collect();
        let start = "2026-01-01T00:00:00Z".parse().expect("a date");
        let mut optimizer = Optimizer::new(&spec, &models(20), &users, start, &Streams::new(42, 0));
        teach(&mut optimizer, &demands, 20_000);
        let mut next = endless(&demands);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                let Some((demand, now)) = next.next() else { unreachable!("there is no end") };
                let choice = optimizer.choose(black_box(demand), now).expect("money enough");
                optimizer.release(demand.user, choice.hold);
                black_box(choice)
            });
        });
    }
}

criterion_group!(benches, choose, selectors, charge);
criterion_main!(benches);
