//! A workload fitted to a trace.
//!
//! Each quantity has several candidates, fitted by maximum likelihood; Akaike's
//! criterion chooses between them (the simplest of those that are hardly worse than the
//! best), and the distance of Kolmogorov and Smirnov says
//! how far the choice is off.
//!
//! | part | candidates |
//! |---|---|
//! | `gaps` | Poisson, gamma, Weibull, Markov-modulated, piecewise; in batches where requests share their instants |
//! | `input`, `output` | lognormal, exponential, mixture; a histogram where none is near |
//! | prompts, users | Zipf, where they are known |
//! | a model's `ttft`, `tpot` | lognormal, constant; the first with a straight line in the prompt's tokens |

mod arrivals;
mod candidate;
mod hosted;
mod lengths;
mod tidy;

pub use candidate::{Candidate, Curve, Part};
pub use hosted::HostedModel;
use tidy::tidy;

use super::{Profile, RankCorrelation};
use crate::spec::{Correlation, NonNegative};
use crate::stats::Popularity;
use crate::stats::fit::Zipf;
use crate::workload::lengths::LengthsSpec;
use crate::workload::prompts::{PromptsSpec, ZipfSpec};
use crate::workload::users::{UsersSpec, ZipfUsersSpec};
use crate::workload::{TokensSpec, WorkloadSpec};

/// The fewest rows from which anything can be said.
pub const FEWEST: u64 = 20;

/// Correlations below this are not worth a copula.
const WEAK: f64 = 0.05;

/// Gaps that are further off than this, as a KS distance, are worth a warning.
const FAR: f64 = 0.1;

/// Rate and lengths that go together more than this are worth a warning.
const TIED: f64 = 0.6;

/// The largest populations that a workload takes.
const MOST_PROMPTS: u64 = 100_000_000;
const MOST_USERS: u64 = 1_000_000;

/// A workload, and how well it fits.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The workload.
    pub workload: WorkloadSpec,
    /// What was fitted, with all candidates.
    pub parts: Vec<Part>,
    /// The models that were measured.
    pub models: Vec<HostedModel>,
    /// What else there is to say.
    pub notes: Vec<String>,
}

/// Why nothing can be fitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FitError {
    /// Too few rows.
    #[error("{0} requests are too few to fit a workload to: expected {FEWEST} or more")]
    TooFew(u64),
    /// All rows at one instant.
    #[error("all requests come at the same instant: there is no rate to fit")]
    NoTime,
    /// No row with a length.
    #[error("no {0} has any tokens: there are no lengths to fit")]
    NoLengths(&'static str),
}

/// Fits a workload to what a trace holds. Where the best law of lengths is further
/// off than `tolerance`, as a distance of Kolmogorov and Smirnov, a histogram takes
/// its place.
///
/// # Errors
/// If there is too little to fit anything to.
pub fn fit(
    profile: &Profile,
    correlation: RankCorrelation,
    tolerance: f64,
) -> Result<Fitted, FitError> {
    if profile.rows() < FEWEST {
        return Err(FitError::TooFew(profile.rows()));
    }
    let (arrivals, gaps) = arrivals::fit(profile).ok_or(FitError::NoTime)?;
    let (input, inputs) =
        lengths::fit("input", &profile.input, tolerance).ok_or(FitError::NoLengths("prompt"))?;
    let (output, outputs) =
        lengths::fit("output", &profile.output, tolerance).ok_or(FitError::NoLengths("answer"))?;
    let mut notes = Vec::new();
    if profile.measured.failed() > 0 {
        notes.push(format!(
            "{} requests that failed are among the arrivals and the prompts, and not among the lengths \
             of answers and the times",
            profile.measured.failed()
        ));
    }
    if profile.unanswered() > 0 {
        notes.push(format!(
            "{} requests without an answer are not among the lengths of answers",
            profile.unanswered()
        ));
    }
    let law = &gaps.candidates[gaps.chosen];
    if law.ks > FAR || law.figures.cv < gaps.measured.cv / 2.0 {
        notes.push(
            "no process here follows these gaps closely: where bursts matter, replay the \
             trace itself (`workload: trace:`)"
                .to_owned(),
        );
    }
    if let Some(tie) = profile.answers_under_load().filter(|tie| tie.abs() > TIED) {
        let length = if tie < 0.0 { "shorter" } else { "longer" };
        notes.push(format!(
            "answers are {length} where more requests come (correlation {tie:.2} over windows of \
             time); fitted lengths do not depend on the rate: near saturation, replay the trace"
        ));
    }
    let copula = copula(correlation.scores, profile.rows(), [&input, &output], &mut notes);
    let workload = WorkloadSpec {
        arrivals: Some(arrivals),
        prompts: Some(prompts(&profile.prompts, &mut notes)),
        tokens: Some(TokensSpec { input, output: Some(output), correlation: copula }),
        users: users(&profile.users, &mut notes),
        // Nothing was cut shorter than it was.
        max_tokens: Some(profile.output.max()),
        ..WorkloadSpec::default()
    };
    let measured = profile.measured.models();
    let models = measured.filter_map(|(name, model)| hosted::fit(name, model, FEWEST)).collect();
    Ok(Fitted { workload, parts: vec![gaps, inputs, outputs], models, notes })
}

/// The copula's correlation, where it is neither weak nor chance.
fn copula(
    scores: f64,
    rows: u64,
    lengths: [&LengthsSpec; 2],
    notes: &mut Vec<String>,
) -> Option<Correlation> {
    let chance = 3.0 / (rows as f64).sqrt();
    if !scores.is_finite() || scores.abs() < WEAK.max(chance) {
        return None;
    }
    if lengths.iter().any(|law| matches!(law, LengthsSpec::Mixture(_))) {
        notes.push(format!(
            "a mixture keeps only a part of the correlation of lengths, {scores:.3}"
        ));
    }
    Correlation::try_from(tidy(scores, 3)).ok()
}

/// Zipf's law where prompts are asked again.
fn prompts(asked: &Popularity, notes: &mut Vec<String>) -> PromptsSpec {
    if asked.total() == 0 {
        notes.push("the trace does not know its prompts: each is taken to be new".to_owned());
        return PromptsSpec::Unique;
    }
    let law = Zipf::fit(&asked.ranked()).filter(|law| law.count < MOST_PROMPTS);
    let Some(law) = law else {
        notes.push("hardly any prompt is asked again: each is taken to be new".to_owned());
        return PromptsSpec::Unique;
    };
    notes.push(told("prompts", asked, law));
    PromptsSpec::Zipf(ZipfSpec { count: law.count as u32, exponent: exponent(law) })
}

/// Zipf's law of users, where they are known.
fn users(asked: &Popularity, notes: &mut Vec<String>) -> Option<UsersSpec> {
    let law = Zipf::fit(&asked.ranked())?;
    notes.push(told("users", asked, law));
    let count = law.count.min(MOST_USERS) as u32;
    Some(UsersSpec::Zipf(ZipfUsersSpec {
        count,
        exponent: exponent(law),
        ..ZipfUsersSpec::default()
    }))
}

fn told(things: &str, asked: &Popularity, law: Zipf) -> String {
    let top = |share: f64| format!("{:.2} %", 100.0 * share);
    let total = asked.total();
    let most = asked.ranked().first().copied().unwrap_or(0);
    format!(
        "{things}: {} of {} distinct ({:.0} expected of the law); the most asked for has {} of \
         the requests ({} expected)",
        asked.distinct(),
        total,
        law.distinct(total),
        top(most as f64 / total as f64),
        top(law.expected(1, total) / total as f64),
    )
}

fn exponent(law: Zipf) -> NonNegative {
    NonNegative::try_from(tidy(law.exponent, 4)).unwrap_or(NonNegative::ONE)
}
