use super::*;
use crate::cost::{CostSpec, ModelId, UserId};
use crate::kernel::{Duration, Time};
use crate::spec::Problems;

const ANN: UserId = UserId(0);

fn usd(usd: f64) -> Money {
    Money::from_usd(usd)
}

fn left(usd: f64) -> Allowance {
    Allowance::Left(Money::from_usd(usd))
}

fn read(yaml: &str) -> BudgetsSpec {
    serde_yaml::from_str(yaml).unwrap()
}

fn budgets(yaml: &str, start: &str) -> Budgets {
    let users = [("ann".to_owned(), Some("vip".to_owned())), ("bob".to_owned(), None)];
    let spec = CostSpec { budgets: Some(read(yaml)), ..CostSpec::default() };
    Budgets::new(&spec, &[], &users, start.parse().unwrap())
}

fn days(days: u64) -> Time {
    Time::ZERO + Duration::from_secs(86_400) * days
}

#[test]
fn a_name_comes_before_a_class_and_a_class_before_the_default() {
    let spec = read("{ default: { daily: 1 }, vip: { daily: 2 }, ann: { daily: 3 } }");
    assert_eq!(spec.name_of("ann", Some("vip")), Some("ann"));
    assert_eq!(spec.name_of("bob", Some("vip")), Some("vip"));
    assert_eq!(spec.name_of("bob", Some("basic")), Some("default"));
    assert_eq!(spec.name_of("bob", None), Some("default"));
    assert_eq!(read("{ vip: {} }").name_of("bob", None), None);
}

#[test]
fn a_day_s_spend_is_forgotten_at_midnight_and_a_month_s_on_the_first() {
    // 2024 is a leap year: 27, 28 and 29 February, then March.
    let mut budgets = budgets("{ ann: { daily: $1, monthly: $2.5 } }", "2024-02-27T00:00:00Z");
    for (day, before, after) in
        [(0, 1.0, 0.1), (1, 1.0, 0.1), (2, 0.7, 0.0), (3, 1.0, 0.1), (4, 1.0, 0.1)]
    {
        assert_eq!(budgets.purse(ANN, days(day)).allowance, left(before), "day {day}");
        budgets.spend(ANN, usd(0.9), days(day));
        assert_eq!(budgets.purse(ANN, days(day)).allowance, left(after), "day {day}");
    }
}

#[test]
fn the_year_s_end_resets_a_month() {
    let mut budgets = budgets("{ ann: { monthly: $5 } }", "2025-12-31T23:59:59Z");
    budgets.spend(ANN, usd(4.0), Time::ZERO);
    assert_eq!(budgets.purse(ANN, Time(999_999_999)).allowance, left(1.0));
    assert_eq!(budgets.purse(ANN, Time(1_000_000_000)).allowance, left(5.0));
}

#[test]
fn an_account_unused_for_exactly_a_year_is_reset_too() {
    let mut budgets = budgets("{ ann: { daily: $1, monthly: $5 } }", "2026-05-05T00:00:00Z");
    budgets.spend(ANN, usd(1.0), Time::ZERO);
    assert_eq!(budgets.purse(ANN, days(365)).allowance, left(1.0));
}

#[test]
fn overshoot_is_what_a_charge_adds_beyond_the_nearer_limit() {
    let mut budgets = budgets("{ ann: { daily: $1, monthly: $2 } }", "2026-01-30T00:00:00Z");
    let now = Time::ZERO;
    assert_eq!(budgets.spend(ANN, usd(0.9), now).0, usd(0.0));
    assert_eq!(budgets.spend(ANN, usd(0.3), now).0, usd(0.2), "daily by 0.2");
    assert_eq!(budgets.spend(ANN, usd(1.0), now).0, usd(1.0), "daily by 1.0, monthly by 0.2");
    assert_eq!(budgets.purse(ANN, now).allowance, left(0.0));
    assert_eq!(budgets.spend(ANN, usd(0.5), days(1)).0, usd(0.5), "monthly by 0.5, daily by 0");
    assert_eq!(budgets.spend(ANN, usd(0.5), days(2)).0, usd(0.0), "February");
}

#[test]
fn users_without_a_budget_and_budgets_without_a_limit_are_told_apart() {
    let mut budgets = budgets("{ vip: {} }", "2026-01-01T00:00:00Z");
    assert_eq!(budgets.purse(ANN, Time::ZERO).allowance, Allowance::Unlimited);
    assert_eq!(budgets.purse(UserId(1), Time::ZERO).allowance, Allowance::NoBudget);
    assert_eq!(budgets.purse(UserId(7), Time::ZERO).allowance, Allowance::NoBudget);
    assert_eq!(budgets.spend(UserId(7), usd(1e6), Time::ZERO).0, Money::ZERO);
    let mut free =
        Budgets::new(&CostSpec::default(), &[], &[], "2026-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(free.purse(UserId(3), Time::ZERO).allowance, Allowance::Unlimited);
}

#[test]
fn a_user_seen_later_has_the_default_budget_alone() {
    let mut budgets = budgets("{ default: { daily: $1 } }", "2026-01-01T00:00:00Z");
    budgets.spend(UserId(9), usd(0.25), Time::ZERO);
    assert_eq!(budgets.purse(UserId(9), Time::ZERO).allowance, left(0.75));
    assert_eq!(budgets.purse(UserId(8), Time::ZERO).allowance, left(1.0));
}

#[test]
fn a_budget_for_nobody_is_questioned() {
    let spec = read("{ default: {}, vpi: {}, ann: {} }");
    let mut problems = Problems::default();
    spec.check(None, &mut problems);
    assert!(problems.list().is_empty());
    spec.check(Some(&["ann", "vip"].into()), &mut problems);
    let found = &problems.list()[0];
    assert_eq!((problems.list().len(), found.path.to_string().as_str()), (1, "vpi"));
    assert_eq!(found.message, "no user or class of users is called `vpi`; did you mean `vip`?");
}

#[test]
fn a_misspelt_limit_is_refused() {
    let error = serde_yaml::from_str::<BudgetsSpec>("{ ann: { dayly: 1 } }").unwrap_err();
    assert!(error.to_string().contains("unknown field `dayly`"), "{error}");
}

/// The budgets of a whole `cost` block, for ann (vip) and bob.
fn all(yaml: &str) -> Budgets {
    let spec: CostSpec = serde_yaml::with::singleton_map_recursive::deserialize(
        serde_yaml::Deserializer::from_str(yaml),
    )
    .unwrap();
    let users = [("ann".to_owned(), Some("vip".to_owned())), ("bob".to_owned(), None)];
    Budgets::new(&spec, &["dear", "cheap"], &users, "2026-01-31T00:00:00Z".parse().unwrap())
}

const BOB: UserId = UserId(1);

#[test]
fn a_request_needs_every_payer() {
    let mut budgets = all(
        "{ budgets: { default: { daily: $10 } }, teams: { vip: { budget: { monthly: $3 } } },
           keys: { prod: { members: [ann, bob], budget: { max_budget: $4 } } }, global: { daily: $8 } }",
    );
    let lefts = |budgets: &mut Budgets| {
        [ANN, BOB, UserId(5)].map(|user| budgets.purse(user, Time::ZERO).allowance)
    };
    assert_eq!(lefts(&mut budgets), [left(3.0), left(4.0), left(8.0)]);
    assert_eq!(budgets.spend(ANN, usd(2.0), Time::ZERO), (usd(0.0), false));
    assert_eq!(lefts(&mut budgets), [left(1.0), left(2.0), left(6.0)]);
    // Bob takes his key beyond its limit by 1.5; everybody together has 2.5 left.
    assert_eq!(budgets.spend(BOB, usd(3.5), Time::ZERO).0, usd(1.5));
    assert_eq!(lefts(&mut budgets), [left(0.0), left(0.0), left(2.5)]);
    let names: Vec<_> = budgets
        .standings()
        .map(|(kind, name, ..)| (kind, name.unwrap_or("-").to_owned()))
        .collect();
    let expected = [
        ("team", "vip"),
        ("key", "prod"),
        ("global", "global"),
        ("user", "-"),
        ("user", "-"),
        ("user", "-"),
        ("user", "-"),
        ("user", "-"),
        ("user", "-"),
    ];
    assert_eq!(names, expected.map(|(kind, name)| (kind, name.to_owned())));
}

#[test]
fn a_budget_duration_begins_anew_again_and_again_and_max_budget_alone_never() {
    let mut budgets = all(
        "{ budgets: { ann: { max_budget: $1, budget_duration: 1h }, bob: { max_budget: $1 } } }",
    );
    let at = |minutes: u64| Time::from_secs(minutes * 60);
    for (minute, before) in [(0, 1.0), (59, 0.1), (60, 1.0), (61, 0.1), (190, 1.0)] {
        assert_eq!(budgets.purse(ANN, at(minute)).allowance, left(before), "minute {minute}");
        if before == 1.0 {
            budgets.spend(ANN, usd(0.9), at(minute));
            budgets.spend(BOB, usd(0.2), at(minute));
        }
    }
    assert_eq!(budgets.purse(BOB, at(100_000)).allowance, left(0.4));
}

#[test]
fn what_is_held_is_not_left_and_outlives_the_day() {
    let mut budgets = all("{ budgets: { ann: { daily: $1 } } }");
    budgets.hold(ANN, usd(0.7));
    assert_eq!(budgets.purse(ANN, Time::ZERO).allowance, left(0.3));
    assert_eq!(budgets.purse(ANN, days(1)).allowance, left(0.3));
    assert_eq!(budgets.held(), usd(0.7));
    budgets.hold(ANN, usd(-0.7));
    budgets.spend(ANN, usd(0.5), days(1));
    assert_eq!(budgets.purse(ANN, days(1)).allowance, left(0.5));
    assert_eq!(budgets.purse(ANN, days(2)).allowance, left(1.0));
}

#[test]
fn a_soft_limit_alerts_once_a_day_and_leaves_its_model() {
    let mut budgets =
        all("{ budgets: { ann: { daily: $1, soft: 0.5, at_soft: { downgrade: cheap } } } }");
    assert_eq!(budgets.spend(ANN, usd(0.4), Time::ZERO), (usd(0.0), false));
    assert_eq!(budgets.purse(ANN, Time::ZERO).soft, None);
    assert_eq!(budgets.spend(ANN, usd(0.2), Time::ZERO), (usd(0.0), true));
    assert_eq!(budgets.spend(ANN, usd(0.2), Time::ZERO), (usd(0.0), false));
    assert_eq!(budgets.purse(ANN, Time::ZERO).soft, Some(ModelId(1)));
    assert_eq!(budgets.purse(ANN, days(1)).soft, None);
    assert!(budgets.spend(ANN, usd(0.5), days(1)).1);
    assert_eq!(budgets.standings().next().unwrap().3.alerts, 2);
}

#[test]
fn a_request_waits_for_the_limit_that_is_nearest() {
    // The 31st of January: day and month end together, the hour sooner.
    let mut budgets = all(
        "{ budgets: { default: { daily: $5, max_budget: $1, budget_duration: 1h, at_limit: { queue: { limit: 2 } } } } }",
    );
    let minute = |minutes: u64| Time::from_secs(minutes * 60);
    let refuse = |budgets: &mut Budgets, user, now| {
        let payer = budgets.purse(user, now).payer.unwrap();
        budgets.refuse(payer, usd(0.2), now)
    };
    assert_eq!(
        refuse(&mut budgets, ANN, minute(1)),
        Refused::Reject,
        "a whole budget is not enough"
    );
    budgets.spend(ANN, usd(0.9), minute(1));
    assert_eq!(refuse(&mut budgets, ANN, minute(2)), Refused::Wait(minute(60)));
    budgets.spend(BOB, usd(4.9), minute(3));
    assert_eq!(refuse(&mut budgets, BOB, minute(61)), Refused::Wait(days(1)), "the day is nearer");
    assert_eq!(refuse(&mut budgets, ANN, minute(62)), Refused::Reject, "two wait already");
    budgets.waited();
    budgets.spend(ANN, usd(0.9), minute(62));
    assert_eq!(refuse(&mut budgets, ANN, minute(63)), Refused::Wait(minute(120)));
}

#[test]
fn a_sliding_budget_forgets_each_charge_when_it_is_an_hour_old() {
    let mut budgets = all(
        "{ budgets: { ann: { max_budget: $1, budget_duration: 1h, sliding: true, at_limit: { queue: {} } } } }",
    );
    let at = |minutes: u64| Time::from_secs(minutes * 60);
    for (minute, before, amount) in
        [(0, 1.0, 0.4), (20, 0.6, 0.5), (59, 0.1, 0.1), (60, 0.4, 0.3), (80, 0.6, 0.0)]
    {
        assert_eq!(budgets.purse(ANN, at(minute)).allowance, left(before), "minute {minute}");
        budgets.spend(ANN, usd(amount), at(minute));
    }
    // $0.1 of minute 59 and $0.3 of minute 60 are still there; $0.2 are held.
    budgets.hold(ANN, usd(0.2));
    assert_eq!(budgets.purse(ANN, at(81)).allowance, left(0.4));
    let payer = budgets.purse(ANN, at(81)).payer.unwrap();
    let wait = |budgets: &mut Budgets, needed| budgets.refuse(payer, usd(needed), at(81));
    assert_eq!(wait(&mut budgets, 0.5), Refused::Wait(at(119)));
    assert_eq!(wait(&mut budgets, 0.6), Refused::Wait(at(120)));
    budgets.hold(ANN, usd(-0.2));
    assert_eq!(budgets.purse(ANN, at(120)).allowance, left(1.0));
    assert_eq!(wait(&mut budgets, 2.0), Refused::Reject, "a whole budget is not enough");
}

/// As the peer's proxy does: spend is compared with the limit, whatever a request costs.
#[test]
fn litellm_admits_while_anything_is_left() {
    let rule = "rule: litellm, max_budget: 1, budget_duration: 1h";
    let mut all = budgets(&format!("{{ ann: {{ {rule} }} }}"), "2026-01-14T13:07:00Z");
    let at = |minutes: u64| Time::from_secs(60 * minutes);
    for _ in 0..3 {
        assert!(all.purse(ANN, at(0)).allowance.pays(usd(100.0)));
        all.spend(ANN, usd(0.4), at(0));
    }
    // $1.2 of $1; the hour ends at 14:00, which the look at 14:07 sees.
    assert_eq!(all.purse(ANN, at(59)).allowance, Allowance::Nothing);
    assert!(all.purse(ANN, at(60)).allowance.pays(usd(100.0)));
    all.spend(ANN, usd(1.0), at(60));
    assert_eq!(all.purse(ANN, at(119)).allowance, Allowance::Nothing);
    assert!(all.purse(ANN, at(120)).allowance.pays(usd(1.0)));
}

#[test]
fn who_asks_for_a_team_of_litellm_s_is_not_held_to_a_budget_of_their_own() {
    let of = |rule: &str| {
        let yaml = format!(
            "{{ budgets: {{ ann: {{ max_budget: 1 }} }},
               teams: {{ t: {{ members: [ann], budget: {{ max_budget: 5, rule: {rule} }} }} }} }}"
        );
        let users = [("ann".to_owned(), None)];
        let spec: CostSpec = serde_yaml::from_str(&yaml).unwrap();
        let mut all = Budgets::new(&spec, &[], &users, "2026-01-01T00:00:00Z".parse().unwrap());
        all.spend(ANN, usd(2.0), Time::ZERO);
        all.purse(ANN, Time::ZERO).allowance.pays(usd(1.0))
    };
    assert_eq!([of("ours"), of("litellm")], [false, true]);
}
