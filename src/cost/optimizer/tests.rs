use proptest::prelude::*;

use super::*;
use crate::cost::Usage;
use crate::cost::{BudgetSpec, BudgetsSpec};
use crate::kernel::Duration;

const ANN: UserId = UserId(0);
const BOB: UserId = UserId(1);
const GPT_4: ModelId = ModelId(0);
const GPT_35: ModelId = ModelId(1);
const LLAMA: ModelId = ModelId(2);

fn usd(text: &str) -> Money {
    text.parse().unwrap()
}

/// The seed's three models, for the users ann (vip) and bob.
fn optimizer(cost: &str, start: &str) -> Optimizer {
    let model = |name: &str, price: &str, quality| {
        (name.to_owned(), Candidate { price: Price::per_token(usd(price)), quality })
    };
    let models = [
        model("gpt-4", "$0.00003", 0.95),
        model("gpt-3.5", "$0.000002", 0.85),
        model("local-llama", "$0.0000001", 0.75),
    ];
    let users = [("ann".to_owned(), Some("vip".to_owned())), ("bob".to_owned(), None)];
    let spec: CostSpec = serde_yaml::with::singleton_map_recursive::deserialize(
        serde_yaml::Deserializer::from_str(cost),
    )
    .unwrap();
    Optimizer::new(&spec, &models, &users, start.parse().unwrap(), &Streams::new(1, 0))
}

/// A request of `words` words.
fn demand(user: UserId, words: u64, max_tokens: u32, threshold: f64) -> Demand {
    Demand { quality_threshold: Some(threshold), ..Demand::new(user, words * 13, max_tokens) }
}

const NEW_YEAR: &str = "2026-01-01T00:00:00Z";

#[test]
fn the_seed_s_cost_demo_picks_and_estimates_to_the_last_unit() {
    let budgets = "budgets: { default: { daily: $10, monthly: $100 } }";
    for cost in ["{}", budgets] {
        let mut optimizer = optimizer(cost, NEW_YEAR);
        for (words, max_tokens, threshold, model, estimate) in [
            (10, 500, 0.9, GPT_4, "$0.01539"),
            (6, 200, 0.8, GPT_35, "$0.0004156"),
            (3, 100, 0.7, LLAMA, "$0.00001039"),
            (5, 300, 0.9, GPT_4, "$0.009195"),
        ] {
            let choice = optimizer.choose(&demand(ANN, words, max_tokens, threshold), Time::ZERO);
            assert_eq!(choice, Ok(Choice::new(model, usd(estimate))));
            assert_eq!(choice.unwrap().estimate.to_string(), estimate);
        }
    }
}

#[test]
fn a_ledger_over_a_leap_february_is_as_computed_by_hand() {
    let day = |days: u64| Time::ZERO + Duration::from_secs(86_400) * days;
    let mut optimizer =
        optimizer("budgets: { vip: { daily: $0.02, monthly: $0.035 } }", "2024-02-28T00:00:00Z");
    // 513 tokens of gpt-4 are estimated at $0.01539; 13 + 400 cost $0.01239.
    let dear = demand(ANN, 10, 500, 0.9);
    let mut ask = |now| optimizer.choose(&dear, now).map(|choice| choice.model);
    assert_eq!(ask(day(0)), Ok(GPT_4));
    assert_eq!(optimizer.charge(ANN, GPT_4, &Usage::new(130, 400), day(0)), usd("$0.01239"));
    // $0.00761 left today: too little for gpt-4, so the cheapest stands in.
    assert_eq!(optimizer.choose(&dear, day(0)).unwrap().model, LLAMA);
    assert_eq!(optimizer.charge(ANN, LLAMA, &Usage::new(130, 400), day(0)), usd("$0.0000413"));
    // The 29th: a new day, and $0.0225687 left in the month.
    assert_eq!(optimizer.choose(&dear, day(1)).unwrap().model, GPT_4);
    assert_eq!(optimizer.charge(ANN, GPT_4, &Usage::new(130, 500), day(1)), usd("$0.01539"));
    // $0.0071787 left in the month; 2000 tokens of gpt-4 overshoot that by
    // $0.0528213, and today's $0.00461 by $0.05539.
    assert_eq!(optimizer.charge(ANN, GPT_4, &Usage::new(0, 2000), day(1)), usd("$0.06"));
    assert_eq!(optimizer.ledger().overshoot(), usd("$0.05539"));
    assert_eq!(optimizer.choose(&dear, day(1)), Err(Refusal::InsufficientBudget));
    // 1 March: both begin anew.
    assert_eq!(optimizer.choose(&dear, day(2)).unwrap().model, GPT_4);

    let ledger = optimizer.ledger();
    assert_eq!(ledger.total(), usd("$0.0878213"));
    assert_eq!(ledger.models()[0].charged, usd("$0.08778"));
    assert_eq!(ledger.models()[2].charged, usd("$0.0000413"));
    let ann = ledger.users()[0];
    assert_eq!((ann.requests, ann.input_decitokens, ann.output_tokens), (4, 390, 3300));
    assert_eq!((ann.rejections, ledger.rejections()), (1, 1));
    assert!(ledger.balances());
}

#[test]
fn a_user_without_a_budget_gets_gpt_3_5_unchecked_and_is_charged() {
    let mut optimizer = optimizer("budgets: { ann: { daily: $0 } }", NEW_YEAR);
    let choice = optimizer.choose(&demand(BOB, 10, 500, 0.9), Time::ZERO).unwrap();
    assert_eq!(choice, Choice::new(GPT_35, usd("$0.001026")));
    assert_eq!(
        optimizer.choose(&demand(ANN, 10, 500, 0.9), Time::ZERO),
        Err(Refusal::InsufficientBudget)
    );
    assert_eq!(optimizer.charge(BOB, GPT_35, &Usage::new(130, 100), Time::ZERO), usd("$0.000226"));
    assert_eq!(optimizer.ledger().users()[1].charged, usd("$0.000226"));
    assert_eq!(optimizer.ledger().overshoot(), Money::ZERO);
}

#[test]
fn a_fixed_model_is_always_chosen_but_not_beyond_the_budget() {
    let mut optimizer =
        optimizer("{ select: { fixed: gpt-4 }, budgets: { ann: { daily: $0.01 } } }", NEW_YEAR);
    let choose = |optimizer: &mut Optimizer, user, max_tokens| {
        optimizer.choose(&demand(user, 0, max_tokens, 0.0), Time::ZERO).map(|choice| choice.model)
    };
    assert_eq!(choose(&mut optimizer, ANN, 333), Ok(GPT_4));
    assert_eq!(choose(&mut optimizer, ANN, 334), Err(Refusal::InsufficientBudget));
    assert_eq!(choose(&mut optimizer, BOB, 334), Ok(GPT_4));
    assert_eq!(
        Refusal::InsufficientBudget.to_string(),
        "Insufficient budget for any available model"
    );
}

#[test]
fn the_end_of_the_warm_up_empties_the_ledger_but_refunds_nobody() {
    let mut optimizer = optimizer("budgets: { default: { daily: $0.01 } }", NEW_YEAR);
    optimizer.charge(ANN, GPT_4, &Usage::new(0, 300), Time::ZERO);
    optimizer.save(BOB, usd("$0.5"));
    optimizer.reset_stats();
    assert_eq!(optimizer.ledger().total() + optimizer.ledger().saved(), Money::ZERO);
    assert_eq!(optimizer.ledger().users()[0], crate::cost::UserAccount::default());
    // $0.001 is left: 33 tokens of gpt-4 at most.
    let choose = |optimizer: &mut Optimizer, max_tokens| {
        optimizer.choose(&demand(ANN, 0, max_tokens, 0.9), Time::ZERO).unwrap().model
    };
    assert_eq!(choose(&mut optimizer, 33), GPT_4);
    assert_eq!(choose(&mut optimizer, 34), LLAMA);
}

#[test]
fn hits_save_money_that_is_neither_charged_nor_spent() {
    let mut optimizer = optimizer("budgets: { default: { daily: $1 } }", NEW_YEAR);
    optimizer.save(ANN, usd("$5"));
    optimizer.save(BOB, usd("$0.25"));
    let ledger = optimizer.ledger();
    assert_eq!((ledger.saved(), ledger.users()[0].saved), (usd("$5.25"), usd("$5")));
    assert_eq!(ledger.total(), Money::ZERO);
    assert!(optimizer.choose(&demand(ANN, 0, 1000, 0.9), Time::ZERO).is_ok());
}

#[test]
fn without_models_nothing_can_be_chosen() {
    let spec = CostSpec::default();
    let mut optimizer =
        Optimizer::new(&spec, &[], &[], NEW_YEAR.parse().unwrap(), &Streams::new(1, 0));
    assert_eq!(
        optimizer.choose(&demand(ANN, 1, 1, 0.0), Time::ZERO),
        Err(Refusal::InsufficientBudget)
    );
}

/// A request's way through the optimizer.
#[derive(Clone, Debug)]
struct Step {
    user: u32,
    input_decitokens: u64,
    max_tokens: u32,
    answered: f64,
    cached: f64,
    wait: u64,
    hit: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let shares = (0.0..=1.0, 0.0..=1.0);
    let step = (0_u32..5, 0_u64..50_000, 0_u32..4000, shares, 0_u64..40_000, any::<bool>())
        .prop_map(|(user, input_decitokens, max_tokens, (answered, cached), wait, hit)| Step {
            user,
            input_decitokens,
            max_tokens,
            answered,
            cached,
            wait,
            hit,
        });
    prop::collection::vec(step, 0..200)
}

proptest! {
    #[test]
    fn the_ledger_balances_and_sequential_users_never_overshoot(steps in steps(), cents in 0_i64..20) {
        let daily = Money::from_picos(10_000_000_000) * i128::from(cents);
        let budget = BudgetSpec { daily: Some(daily), monthly: Some(daily * 10), ..BudgetSpec::default() };
        let budgets = [("default", BudgetSpec::default()), ("ann", budget.clone()), ("bob", budget)];
        let spec = CostSpec {
            budgets: Some(BudgetsSpec(budgets.map(|(name, spec)| (name.to_owned(), spec)).into())),
            ..CostSpec::default()
        };
        // Prices that a tenth of a token does not divide.
        let models: Vec<(String, Candidate)> = [(30_000_007, 0.95), (2_000_003, 0.85), (131, 0.75)]
            .map(|(picos, quality)| {
                let price = Price::per_token(Money::from_picos(picos))
                    .with_cached_input(Money::from_picos(picos / 3));
                (format!("{picos}"), Candidate { price, quality })
            })
            .into();
        let users = [("ann".to_owned(), None), ("bob".to_owned(), None)];
        let mut optimizer = Optimizer::new(&spec, &models, &users, NEW_YEAR.parse().unwrap(), &Streams::new(1, 0));
        let (mut now, mut charged) = (Time::ZERO, Money::ZERO);
        for step in steps {
            now += Duration::from_secs(step.wait);
            let (user, input_decitokens) = (UserId(step.user), step.input_decitokens);
            let demand =
                Demand::new(user, input_decitokens, step.max_tokens);
            let Ok(choice) = optimizer.choose(&demand, now) else { continue };
            if step.hit {
                optimizer.save(user, choice.estimate);
                continue;
            }
            let output = (f64::from(step.max_tokens) * step.answered) as u32;
            let cached_decitokens = (input_decitokens as f64 * step.cached) as u64;
            let usage = Usage { cached_decitokens, ..Usage::new(input_decitokens, output) };
            let amount = optimizer.charge(user, choice.model, &usage, now);
            prop_assert!(amount <= choice.estimate);
            charged += amount;
            prop_assert!(optimizer.ledger().balances());
        }
        prop_assert_eq!(optimizer.ledger().total(), charged);
        prop_assert_eq!(optimizer.ledger().overshoot(), Money::ZERO);
    }

    #[test]
    fn overshoot_is_the_spend_beyond_the_limit(charges in prop::collection::vec(0_u32..100_000, 1..50)) {
        let mut optimizer = optimizer("budgets: { default: { daily: $1 } }", NEW_YEAR);
        for tokens in charges {
            optimizer.charge(ANN, GPT_4, &Usage::new(0, tokens), Time::ZERO);
        }
        let ledger = optimizer.ledger();
        prop_assert_eq!(ledger.overshoot(), (ledger.total() - usd("$1")).max(Money::ZERO));
    }

    /// Many requests under way together, in any order, with budgets at every level
    /// and models chosen in every way: the ledger balances to the last unit after each step, and what overshoots an
    /// account is no more than the bills were above what was held.
    #[test]
    fn the_ledger_balances_at_any_moment_and_reservations_bound_the_overshoot(
        steps in prop::collection::vec((0_u32..6, 0_u64..50_000, 0_u32..4000, 0_u32..130, any::<u8>(), 0_u64..20_000), 0..200),
        cents in 1_i64..40,
        share in 0_u32..=4,
        sliding: bool,
        select in prop::sample::select(vec![
            "utility: {}", "fixed: local-llama", "cheapest: {}", "best: {}", "fastest: {}", "random: {}",
            "epsilon_greedy: {}", "thompson: {}", "pacing: { budget: $1 }", "floor: { window: 5 }",
        ]),
    ) {
        let yaml = format!(
            "{{ select: {{ {select} }}, budgets: {{ default: {{ daily: $0.0{cents:02} }} }},
                teams: {{ vip: {{ budget: {{ monthly: $0.1 }} }} }},
                keys: {{ prod: {{ members: [ann, bob], budget: {{ max_budget: $0.2, budget_duration: 7h, sliding: {sliding} }} }} }},
                global: {{ daily: $0.3 }}, charge: {{ reserve: {{ output: {} }} }} }}",
            f64::from(share) / 4.0
        );
        let mut optimizer = optimizer(&yaml, NEW_YEAR);
        let mut now = Time::ZERO;
        let mut under_way: Vec<(Demand, Choice)> = Vec::new();
        let (mut beyond_holds, mut held) = (Money::ZERO, Money::ZERO);
        for (user, input_decitokens, max_tokens, percent, kind, wait) in steps {
            now += Duration::from_secs(wait);
            if kind % 3 > 0 || under_way.is_empty() {
                let demand = Demand::new(UserId(user), input_decitokens, max_tokens);
                if let Ok(choice) = optimizer.choose(&demand, now) {
                    held += choice.hold;
                    under_way.push((demand, choice));
                }
            } else {
                let (demand, choice) = under_way.swap_remove(usize::from(kind) % under_way.len());
                optimizer.release(demand.user, choice.hold);
                held -= choice.hold;
                // An answer may be cut at the server only after it is too long.
                if kind % 5 > 0 {
                    let output = demand.max_tokens * percent / 100;
                    let usage = Usage::new(demand.input_decitokens, output);
                    let amount = optimizer.charge(demand.user, choice.model, &usage, now);
                    beyond_holds += (amount - choice.hold).max(Money::ZERO);
                    let (model, latency) = (choice.model, Duration::from_secs(u64::from(percent)));
                    let quality = f64::from(u8::from(percent % 2 == 0));
                    optimizer.learn(&Lesson { model, request: wait, quality, cost: amount, latency });
                }
            }
            prop_assert!(optimizer.balances());
            prop_assert_eq!(optimizer.ledger().held(), held);
            for (_, _, _, standing) in optimizer.standings() {
                prop_assert!(standing.overshoot <= beyond_holds);
            }
        }
    }
}
