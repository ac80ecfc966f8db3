//! The most load that holds the bounds: bisection with as many replications at each load
//! as it takes to tell.

use super::bound::Bound;
use super::finding::{Finding, broken, caveat};
use super::judge::Judgement;
use super::spec::{LoadSpec, SearchSpec};
use super::trials::{SearchError, Trials};
use crate::experiment::load::plain::plain;
use crate::experiment::sweep::quantity::base_number;

/// Halvings until even the finest range is one place.
const MOST_HALVINGS: usize = 60;

pub(super) fn search(
    trials: &mut Trials<'_>,
    spec: &SearchSpec,
    load: &LoadSpec,
) -> Result<Finding, SearchError> {
    let bounds = spec.bounds();
    // Places in the range: the lower one holds, the upper one does not.
    let (mut low, mut high) = (0.0, 1.0);
    let (least, least_holds) = try_load(trials, &bounds, "least", low)?;
    if !least_holds.holds {
        return Ok(finding(trials, bounds, None, Some(least)));
    }
    let (most, most_holds) = try_load(trials, &bounds, "most", high)?;
    if most_holds.holds {
        return Ok(finding(trials, bounds, Some(most), None));
    }
    let (mut best, mut beyond) = (least, most);
    for _ in 0..MOST_HALVINGS {
        let (from, to) = (number(trials, best), number(trials, beyond));
        if to - from <= load.tolerance.get() * to {
            break;
        }
        let middle = f64::midpoint(low, high);
        let (trial, found) = try_load(trials, &bounds, "bisection", middle)?;
        // Whole loads have no middle in the end.
        if trial == best || trial == beyond {
            break;
        }
        if found.holds {
            (low, best) = (middle, trial);
        } else {
            (high, beyond) = (middle, trial);
        }
    }
    Ok(finding(trials, bounds, Some(best), Some(beyond)))
}

fn try_load(
    trials: &mut Trials<'_>,
    bounds: &[Bound],
    stage: &str,
    place: f64,
) -> Result<(usize, Judgement), SearchError> {
    let value = trials.knobs[0].range.at(place);
    let trial = trials.trial(stage, vec![value])?;
    let found = trials.settle(trial, bounds)?;
    Ok((trial, found))
}

/// The load of a trial as a number.
fn number(trials: &Trials<'_>, trial: usize) -> f64 {
    base_number(&trials.list[trial].settings[0]).unwrap_or(f64::NAN)
}

fn finding(
    trials: &Trials<'_>,
    bounds: Vec<Bound>,
    best: Option<usize>,
    beyond: Option<usize>,
) -> Finding {
    let judgements: Vec<Judgement> =
        (0..trials.list.len()).map(|trial| trials.judge(trial, &bounds)).collect();
    let shown = |trial: usize| plain(&trials.list[trial].settings[0]);
    let name = &trials.knobs[0].name;
    let caveat = |trial: usize| caveat(&judgements[trial]);
    let words = match (best, beyond) {
        (None, Some(least)) => format!(
            "no load holds: even at {name} = {} {}{}",
            shown(least),
            broken(&judgements[least]),
            caveat(least)
        ),
        (Some(most), None) => format!(
            "all loads hold, up to {name} = {}{}: the most lies beyond the range",
            shown(most),
            caveat(most)
        ),
        (Some(best), Some(beyond)) => format!(
            "the most that holds is {name} = {}{}; at {} {}{}",
            shown(best),
            caveat(best),
            shown(beyond),
            broken(&judgements[beyond]),
            caveat(beyond)
        ),
        (None, None) => String::new(),
    };
    Finding { best, beyond, judgements, bounds, cost: None, words }
}
