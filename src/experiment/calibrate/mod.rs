//! `windtunnel calibrate`: numbers of an experiment fitted to what a real server did.
//!
//! ```text
//! measured requests ─► replay ─► times of each ─► residuals ─► solve ─► certainty
//!                        ▲        (a run)                        │
//!                        └────────── values of parameters ◄──────┘
//! ```

mod bounds;
mod certainty;
mod error;
mod parameter;
mod polish;
mod quantity;
mod replay;
mod residuals;
mod solve;

use std::collections::BTreeSet;
use std::path::Path as FilePath;

use serde_yaml::Value;

pub use error::CalibrateError;
pub use quantity::Quantity;
pub use replay::{Predicted, trace};

use super::load::document::Document;
use super::load::path;
use super::prepare::Prepared;
use super::runs::Progress;
use crate::kernel::Streams;
use crate::spec::Path;
use crate::workload::measured::Measured;
use bounds::Asked;
use certainty::Slopes;
use parameter::Parameter;
use replay::{Replay, put_trace};
use residuals::Targets;
use solve::Fit;

/// Fewer completed requests than this are not fitted to.
const FEWEST: usize = 10;
/// The same of loads, each of which is the mean over many requests.
const FEWEST_LOADS: usize = 2;

/// What is to be fitted, and how.
#[derive(Clone, Debug, Default)]
pub struct CalibrateSpec {
    /// Paths of numbers, or of blocks of them; none to predict only.
    pub fit: Vec<String>,
    /// `PATH=LOW..HIGH`.
    pub bounds: Vec<String>,
    /// The share of the requests that is not fitted to: drawn by lot.
    pub holdout: f64,
}

/// A parameter that was fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// Its path with dots.
    pub name: String,
    /// Where it is.
    pub path: Path,
    /// What it is.
    pub quantity: Quantity,
    /// The experiment's own figure.
    pub start: f64,
    /// The fitted one.
    pub figure: f64,
    /// Its 95 % interval, if the data gives one.
    pub interval: Option<(f64, f64)>,
    /// Its bounds.
    pub bounds: (f64, f64),
    /// What to beware of.
    pub beware: Option<String>,
}

/// What came of a calibration.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// The parameters, in the order of the experiment.
    pub fitted: Vec<Fitted>,
    /// What the simulation says of each completed request, with the fitted values.
    pub predicted: Vec<Option<Predicted>>,
    /// Which of them were fitted to.
    pub used: Vec<bool>,
    /// What to beware of.
    pub beware: Vec<String>,
    /// Simulated runs.
    pub runs: usize,
    /// The experiment with the fitted values, replaying the file `trace` beside it.
    pub experiment: Value,
}

/// Fits what `spec` names to the completed `rows`, which the file `trace` holds as
/// [`trace()`] makes it, on so many `threads`, on which nothing depends.
///
/// # Errors
/// If there is nothing to fit to or to fit, the experiment cannot be simulated, or somebody
/// asked to stop.
pub fn calibrate(
    document: &Document,
    prepared: &Prepared,
    rows: &[Measured],
    trace: &FilePath,
    spec: &CalibrateSpec,
    (threads, progress): (usize, &Progress),
) -> Result<Calibration, CalibrateError> {
    let mut replay = Replay::new(document, prepared, rows, trace, threads, progress)?;
    let done: Vec<&Measured> = rows.iter().filter(|row| row.completed).collect();
    let fewest = if replay.loads { FEWEST_LOADS } else { FEWEST };
    let used = used(done.len(), fewest, spec, prepared.resolved.experiment.seed)?;
    let parameters = parameters(&replay, spec)?;
    let targets = Targets::new(&done, &used);
    if !parameters.is_empty() && targets.len() == 0 {
        return Err(CalibrateError::Refused("there is no time above 0 to fit to".to_owned()));
    }
    let mut fit = Fit::new(&mut replay, targets, parameters);
    let (mut known, mut beware, mut figures) = (vec![], vec![], vec![]);
    if !fit.parameters.is_empty() {
        fit.scale()?;
        let begin = fit.rough()?;
        let (places, profiles) = polish::best(&mut fit, begin)?;
        figures = fit.parameters.iter().zip(&places).map(|(it, place)| it.at(*place)).collect();
        let jacobian = certainty::jacobian(&mut fit, &places)?;
        let outcome = fit.outcomes(std::slice::from_ref(&figures))?.remove(0);
        let errors = fit.targets.errors(&outcome);
        let slopes = Slopes { errors: &errors, jacobian: &jacobian, profiles: &profiles };
        (known, beware) = certainty::certainty(&fit.parameters, &places, &slopes, &fit.targets);
    }
    let predicted = fit.outcomes(std::slice::from_ref(&figures))?.remove(0).as_ref().clone();
    let (runs, parameters) = (fit.runs(), fit.parameters);
    let unanswered = predicted.iter().filter(|it| it.is_none()).count();
    if unanswered > 0 {
        beware.push(format!(
            "{unanswered} of {} measured rows are not answered in the simulation: they are in \
             no figure",
            predicted.len()
        ));
    }
    let fitted: Vec<Fitted> = parameters
        .into_iter()
        .zip(figures)
        .zip(known)
        .map(|((it, figure), known)| Fitted {
            name: it.name,
            path: it.path,
            quantity: it.quantity,
            start: it.start,
            figure,
            interval: known.interval,
            bounds: (it.low, it.high),
            beware: known.beware,
        })
        .collect();
    let mut experiment = replay.value.clone();
    for it in &fitted {
        path::put(&mut experiment, &it.path, it.quantity.write(it.figure));
    }
    if replay.replays {
        let name = trace.file_name().unwrap_or_default();
        put_trace(&mut experiment, FilePath::new(name));
    }
    Ok(Calibration { fitted, predicted, used, beware, runs, experiment })
}

/// Which of the completed requests are fitted to. The others are drawn by lot, so that both
/// parts hold what the measurement went through: quiet times, load, queues.
fn used(
    count: usize,
    fewest: usize,
    spec: &CalibrateSpec,
    seed: u64,
) -> Result<Vec<bool>, CalibrateError> {
    let held = (spec.holdout * count as f64).round() as usize;
    let used = if spec.fit.is_empty() { 0 } else { count - held.min(count) };
    if !spec.fit.is_empty() && used < fewest {
        let out = if held > 0 { format!(", of which {held} are held out") } else { String::new() };
        return Err(CalibrateError::Refused(format!(
            "{count} completed requests{out}: at least {fewest} are needed to fit to, and many more \
             to tell anything"
        )));
    }
    let mut stream = Streams::new(seed, 0).stream("calibrate.holdout");
    let mut lots: Vec<(u64, usize)> = (0..count).map(|nth| (stream.bits(), nth)).collect();
    lots.sort_unstable();
    let mut chosen = vec![false; count];
    lots[..used].iter().for_each(|(_, nth)| chosen[*nth] = true);
    Ok(chosen)
}

/// All parameters, with their bounds.
fn parameters(replay: &Replay<'_>, spec: &CalibrateSpec) -> Result<Vec<Parameter>, CalibrateError> {
    let asked: Vec<Asked> =
        spec.bounds.iter().map(|text| Asked::parse(text)).collect::<Result<_, _>>()?;
    let mut parameters = Vec::new();
    let mut seen = BTreeSet::new();
    for name in &spec.fit {
        for (path, quantity, start) in parameter::find(name, &replay.value)? {
            let name = path.to_string();
            if !seen.insert(name.clone()) {
                continue;
            }
            let accepts = |figure: f64| replay.accepts(&path, quantity.write(figure));
            let (low, high) = match asked.iter().find(|it| it.name == name) {
                Some(asked) => asked.of(quantity)?,
                None => bounds::widest(quantity, start, accepts),
            };
            for bound in [low, high] {
                if !accepts(bound) {
                    return Err(CalibrateError::Refused(format!(
                        "--fit {name}: the experiment cannot have {} there; give other --bounds",
                        quantity.show(bound, 6)
                    )));
                }
            }
            if low >= high {
                return Err(CalibrateError::Refused(format!(
                    "--fit {name}: it may have no other value than {}; give --bounds",
                    quantity.show(start, 6)
                )));
            }
            let scale = if start == 0.0 { 1.0 } else { start.abs() };
            parameters.push(Parameter { name, path, quantity, start, low, high, scale });
        }
    }
    bounds::check(&asked, &parameters.iter().map(|it| it.name.clone()).collect::<Vec<_>>())?;
    Ok(parameters)
}
