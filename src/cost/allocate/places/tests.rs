use proptest::prelude::*;

use super::super::fairness;
use super::*;
use crate::stats::jain;

const MODEL: ModelId = ModelId(0);

/// Places among four users.
fn places(yaml: &str) -> Places {
    let users = ["a", "b", "c", "d"].map(|name| (name.to_owned(), None));
    let spec: AllocateSpec =
        serde_yaml::from_str(&format!("{{ among: users, every: 100s, {yaml} }}")).unwrap();
    Places::new(&spec, &users, &BTreeMap::new(), &["m"]).expect("places")
}

fn tenant(places: &Places, user: u32) -> Tenant {
    places.tenant(UserId(user), MODEL).expect("a tenant")
}

fn given(places: &Places) -> [u32; 4] {
    [0, 1, 2, 3].map(|user| places.standing(tenant(places, user)).0)
}

#[test]
fn places_are_whole_and_all_are_given() {
    for (parts, total, expected) in [
        // The example of Bertsekas and Gallager, Data Networks, section 6.5.
        (vec![2.0, 2.6, 2.7, 2.7], 10, vec![2, 2, 3, 3]),
        (vec![0.1, 0.1, 7.8], 8, vec![1, 1, 6]),
        (vec![0.0, 4.0, 4.0], 8, vec![0, 4, 4]),
        (vec![0.5, 0.25, 0.25], 1, vec![1, 0, 0]),
        (vec![2.5, 2.5], 5, vec![3, 2]),
        (vec![0.0, 0.0], 5, vec![0, 0]),
    ] {
        assert_eq!(whole(&parts, total), expected, "{parts:?}");
    }
}

/// `a` and `b` hold 2 places for the interval, `c` asks for 4 and `d` for 6: by
/// water-filling 2, 2, 3, 3 of 10.
#[test]
fn places_are_divided_max_min_fair_by_what_was_asked_for() {
    let mut places = places("places: 10, by: max_min");
    assert_eq!(given(&places), [3, 3, 2, 2], "nobody has asked yet");
    for (user, wanted) in [(0, 2), (1, 2), (2, 4), (3, 6)] {
        let tenant = tenant(&places, user);
        let seated = (0..wanted).map(|request| places.ask(tenant, request, Time::ZERO));
        let now = seated.filter(|it| *it == Seated::Now).count() as u32;
        assert_eq!(now, wanted.min(given(&places)[user as usize]), "user {user}");
    }
    let before = Time::from_secs(99);
    assert_eq!((places.next(before), places.awaited()), (None, Some(Time::from_secs(100))));
    let divided = Time::from_secs(100);
    assert_eq!(places.next(divided), Some((2, tenant(&places, 2))));
    assert_eq!(places.next(divided), Some((2, tenant(&places, 3))));
    assert_eq!(places.next(divided), None, "all ten are taken");
    assert_eq!(given(&places), [2, 2, 3, 3]);
    places.close(divided);
    // Of 2, 2, 4 and 6 they had 2, 2, 2 and 2.
    assert!((fairness(places.parts()) - jain([1.0, 1.0, 0.5, 1.0 / 3.0])).abs() < 1e-12);
}

#[test]
fn a_tenant_beyond_its_part_waits_for_one_of_its_own() {
    let mut places = places("places: 4, by: fixed, queue: 1");
    let (a, b) = (tenant(&places, 0), tenant(&places, 1));
    let at = Time::from_secs;
    assert_eq!(places.ask(a, 7, at(0)), Seated::Now);
    assert_eq!(places.ask(a, 8, at(1)), Seated::Waits, "three others are free, and not lent");
    assert_eq!(places.ask(a, 9, at(2)), Seated::Refused, "one waits already");
    assert_eq!(places.ask(b, 5, at(2)), Seated::Now);
    places.leave(b);
    assert_eq!(places.next(at(3)), None);
    places.leave(a);
    assert_eq!(places.next(at(4)), Some((8, a)));
}

#[test]
fn what_is_lent_comes_back_to_its_owner_first() {
    let mut places = places("places: 4, by: fixed, lend: true");
    let (a, b, c) = (tenant(&places, 0), tenant(&places, 1), tenant(&places, 2));
    let now = Time::ZERO;
    for request in 0..6 {
        let expected = if request < 4 { Seated::Now } else { Seated::Waits };
        assert_eq!(places.ask(a, request, now), expected, "{request}");
    }
    assert_eq!(places.ask(b, 10, now), Seated::Waits);
    assert_eq!(places.ask(c, 20, now), Seated::Waits);
    for expected in [(10, b), (20, c), (4, a), (5, a)] {
        places.leave(a);
        assert_eq!(places.next(now), Some(expected));
    }
}

#[test]
fn a_tenant_without_a_place_is_refused() {
    let mut none = places("places: 4, by: fixed, weights: { a: 0 }");
    assert_eq!(none.ask(tenant(&none, 0), 1, Time::ZERO), Seated::Refused);
}

/// A long time in which nothing happens is as if it was looked at all the time.
#[test]
fn idle_intervals_may_be_skipped() {
    let asked = |looks: bool| {
        let mut places = places("places: 10, by: proportional");
        let a = tenant(&places, 0);
        (0..3).for_each(|request| {
            places.ask(a, request, Time::from_secs(30));
        });
        for second in 31..=12_345 {
            if looks {
                places.turn_to(Time::from_secs(second));
            }
        }
        places.close(Time::from_secs(12_345));
        (given(&places), places.end, places.parts()[0].used_in_all.round())
    };
    assert_eq!(asked(true), asked(false));
}

proptest! {
    /// Random requests: no place is taken twice, nobody has more than its part when it
    /// takes one, and nobody waits who could be seated.
    #[test]
    fn places_are_conserved(
        steps in prop::collection::vec((0_u32..4, 0_u64..40, any::<bool>()), 1..300),
        lend: bool,
        rule in prop::sample::select(vec!["fixed", "proportional", "max_min", "utility"]),
        total in 1_u32..12,
    ) {
        let mut places = places(&format!("places: {total}, by: {rule}, lend: {lend}"));
        let (mut now, mut held, mut waits) = (Time::ZERO, [0_u32; 4], 0_u32);
        for (request, (user, gap, leaves)) in (0..).zip(steps) {
            now += Duration::from_secs(gap);
            let tenant = tenant(&places, user);
            if leaves {
                if held[user as usize] > 0 {
                    places.leave(tenant);
                    held[user as usize] -= 1;
                }
            } else {
                match places.ask(tenant, request, now) {
                    Seated::Now => {
                        held[user as usize] += 1;
                        let (given, taken) = places.standing(tenant);
                        prop_assert!(lend || taken <= given);
                    }
                    Seated::Waits => waits += 1,
                    Seated::Refused => {}
                }
            }
            while let Some((_, tenant)) = places.next(now) {
                let (given, taken) = places.standing(tenant);
                prop_assert!(lend || taken <= given);
                held[tenant.0 as usize] += 1;
                waits -= 1;
            }
            prop_assert!(held.iter().sum::<u32>() <= total);
            prop_assert_eq!(held, [0, 1, 2, 3].map(|user| places.seats[user].taken));
            let waiting: usize = places.seats.iter().map(|it| it.waiting.len()).sum();
            prop_assert_eq!(waits as usize, waiting);
            prop_assert!(!lend || waits == 0 || held.iter().sum::<u32>() == total);
        }
    }
}
