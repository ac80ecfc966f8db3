//! The cheapest system that holds the bounds: successive halving over a design space,
//! then a pattern search around the best.
//!
//! Successive halving (Karnin, Koren and Somekh, ICML 2013; Jamieson and Talwalkar,
//! AISTATS 2016) gives each system a few runs, keeps the better half, gives these twice
//! as many, and so on: most runs go to the systems that are hard to tell apart. Those
//! that are left are run until they are on one side of every bound. Then each knob of
//! the best is moved a step up and down, in steps that are halved where none is better
//! (Hooke and Jeeves, J. of the ACM 8(2), 1961).

use serde_yaml::Value;

use super::bound::Bound;
use super::finding::{Finding, broken, caveat};
use super::judge::Judgement;
use super::knobs::Knob;
use super::spec::{CheapestSpec, SearchSpec};
use super::trials::{SearchError, Trials};
use crate::experiment::load::plain::plain;
use crate::experiment::sweep::designs::latin_hypercube::strata;
use crate::kernel::Streams;
use crate::system::MetricId;

/// Systems that are left when halving ends.
const LEFT: usize = 4;

/// A system by its place in the unit cube of all knobs.
type Place = Vec<f64>;

pub(super) fn search(
    trials: &mut Trials<'_>,
    spec: &SearchSpec,
    cheapest: &CheapestSpec,
) -> Result<Finding, SearchError> {
    let bounds = spec.bounds();
    let Some(cost) = MetricId::named(&cheapest.cost) else { return Err(SearchError::Nothing) };
    let mut places: Vec<(Place, usize)> = Vec::new();
    for place in first_places(trials, cheapest.points as usize) {
        let trial = at(trials, "space", &place)?;
        if places.iter().all(|(_, known)| *known != trial) {
            places.push((place, trial));
        }
    }
    let mut left: Vec<usize> = places.iter().map(|(_, trial)| *trial).collect();
    let mut count = trials.step();
    trials.replicate(&left, count)?;
    while left.len() > LEFT {
        left.sort_by(|a, b| compare(trials, &bounds, cost, *a, *b));
        left.truncate(left.len().div_ceil(2).max(LEFT));
        count *= 2;
        trials.replicate(&left, count)?;
    }
    for trial in left.clone() {
        trials.settle(trial, &bounds)?;
    }
    left.sort_by(|a, b| compare(trials, &bounds, cost, *a, *b));
    if let Some(place) = places.iter().find(|(_, trial)| Some(trial) == left.first()) {
        let (place, best) = place.clone();
        refine(trials, &bounds, cost, cheapest.rounds, (place, best))?;
    }
    settle_first(trials, &bounds, cost)?;
    Ok(finding(trials, bounds, cost))
}

/// Every combination of lists that is not too many, or else a Latin hypercube.
fn first_places(trials: &Trials<'_>, points: usize) -> Vec<Place> {
    let sizes: Option<Vec<usize>> = trials.knobs.iter().map(|knob| knob.range.count()).collect();
    let all = sizes
        .as_ref()
        .map(|sizes| sizes.iter().fold(1usize, |all, size| all.saturating_mul(*size)));
    if let (Some(sizes), Some(all)) = (sizes, all.filter(|all| *all <= points)) {
        let place = |mut number: usize| {
            let mut place = vec![0.0; sizes.len()];
            for ((at, size), knob) in place.iter_mut().zip(&sizes).zip(&trials.knobs).rev() {
                *at = knob.range.place(number % size);
                number /= size;
            }
            place
        };
        return (0..all).map(place).collect();
    }
    let streams = Streams::new(trials.seed(), 0);
    let columns: Vec<Vec<f64>> = trials
        .knobs
        .iter()
        .map(|knob| strata(points, &format!("search.{}", knob.name), &streams))
        .collect();
    (0..points).map(|point| columns.iter().map(|column| column[point]).collect()).collect()
}

fn at(trials: &mut Trials<'_>, stage: &str, place: &Place) -> Result<usize, SearchError> {
    let value = |(knob, place): (&Knob, &f64)| knob.range.at(*place);
    let settings: Vec<Value> = trials.knobs.iter().zip(place).map(value).collect();
    trials.trial(stage, settings)
}

/// Systems that hold the bounds before those that do not; of the former the cheaper, of
/// the latter the one that breaks its bounds less, before the other. Those that cannot
/// keep up come last: their times depend on how long they run.
fn compare(
    trials: &Trials<'_>,
    bounds: &[Bound],
    cost: MetricId,
    a: usize,
    b: usize,
) -> std::cmp::Ordering {
    let key = |trial: usize| {
        let found = trials.judge(trial, bounds);
        let standing = (!found.holds, found.is_overloaded());
        (standing, found.excess, trials.estimate(trial, cost).mean)
    };
    let ((standing_a, excess_a, cost_a), (standing_b, excess_b, cost_b)) = (key(a), key(b));
    let by_excess = excess_a.total_cmp(&excess_b);
    let (fails_a, _) = standing_a;
    standing_a
        .cmp(&standing_b)
        .then(if fails_a { by_excess } else { std::cmp::Ordering::Equal })
        .then(cost_a.total_cmp(&cost_b))
        .then(a.cmp(&b))
}

/// Moves each knob of the best a step up and down; halves the step where none is better.
fn refine(
    trials: &mut Trials<'_>,
    bounds: &[Bound],
    cost: MetricId,
    rounds: u32,
    (mut place, mut best): (Place, usize),
) -> Result<(), SearchError> {
    let mut share = 0.125;
    for _ in 0..rounds {
        let mut around: Vec<(Place, usize)> = Vec::new();
        for knob in 0..place.len() {
            for way in [-1.0, 1.0] {
                let mut moved = place.clone();
                moved[knob] = trials.knobs[knob].range.moved(place[knob], way, share);
                if (0.0..=1.0).contains(&moved[knob]) {
                    let trial = at(trials, "around the best", &moved)?;
                    around.push((moved, trial));
                }
            }
        }
        let fresh: Vec<usize> = around.iter().map(|(_, trial)| *trial).collect();
        let first = trials.step();
        trials.replicate(&fresh, first)?;
        // Only what may be better is worth telling apart from its bounds.
        let before = best;
        for (moved, trial) in around {
            if compare(trials, bounds, cost, trial, best).is_lt() {
                trials.settle(trial, bounds)?;
                if compare(trials, bounds, cost, trial, best).is_lt() {
                    (place, best) = (moved, trial);
                }
            }
        }
        if best == before {
            share /= 2.0;
        }
    }
    Ok(())
}

/// Replicates the first in the order until it is settled, as often as that puts another
/// first: what was left early, after a few runs, is no answer yet.
fn settle_first(
    trials: &mut Trials<'_>,
    bounds: &[Bound],
    cost: MetricId,
) -> Result<(), SearchError> {
    while let Some(first) = order(trials, bounds, cost).first().copied()
        && !trials.is_settled(first, &trials.judge(first, bounds))
    {
        trials.settle(first, bounds)?;
    }
    Ok(())
}

/// All trials, the best first.
fn order(trials: &Trials<'_>, bounds: &[Bound], cost: MetricId) -> Vec<usize> {
    let mut order: Vec<usize> = (0..trials.list.len()).collect();
    order.sort_by(|a, b| compare(trials, bounds, cost, *a, *b));
    order
}

fn finding(trials: &Trials<'_>, bounds: Vec<Bound>, cost: MetricId) -> Finding {
    let judgements: Vec<Judgement> =
        (0..trials.list.len()).map(|trial| trials.judge(trial, &bounds)).collect();
    let order = order(trials, &bounds, cost);
    let price = |trial: usize| trials.estimate(trial, cost).mean;
    let best = order.first().copied().filter(|trial| judgements[*trial].holds);
    // Of those that are cheaper, the dearest: what it breaks is what the money buys.
    let beyond = best.and_then(|best| {
        let cheaper = order
            .iter()
            .copied()
            .filter(|trial| !judgements[*trial].holds && price(*trial) < price(best));
        cheaper.max_by(|a, b| price(*a).total_cmp(&price(*b)).then(b.cmp(a)))
    });
    let shown = |trial: usize| {
        let pairs = trials.knobs.iter().zip(&trials.list[trial].settings);
        let pairs = pairs.map(|(knob, value)| format!("{} = {}", knob.name, plain(value)));
        pairs.collect::<Vec<_>>().join(", ")
    };
    let caveat = |trial: usize| caveat(&judgements[trial]);
    let name = cost.name();
    let words = match (best, beyond) {
        (None, _) => {
            let nearest = order.first().copied().unwrap_or(0);
            let binds = judgements.get(nearest).map_or("", |found| &found.binds);
            format!("no system of the space holds; the nearest, {}, breaks {binds}", shown(nearest))
        }
        (Some(best), None) => format!(
            "the cheapest that holds is {}{}, with {name} = {:.6}; nothing cheaper was tried",
            shown(best),
            caveat(best),
            price(best)
        ),
        (Some(best), Some(beyond)) => format!(
            "the cheapest that holds is {}{}, with {name} = {:.6}; the next cheaper, {} at {:.6}, \
             is not enough: {}{}",
            shown(best),
            caveat(best),
            price(best),
            shown(beyond),
            price(beyond),
            broken(&judgements[beyond]),
            caveat(beyond)
        ),
    };
    Finding { best, beyond, judgements, bounds, cost: Some(cost), words }
}
