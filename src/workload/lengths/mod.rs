//! How long prompts and answers are, in tokens: one distribution a file.
//!
//! To add one: a file with its spec, its check and what a uniform variate picks
//! of it; then a line in each enum below. A length takes one variate, so that a
//! stream stays in step when a parameter changes.

mod column;
mod copula;
mod exponential;
mod histogram;
mod lognormal;
mod mixture;
mod normal;
mod population;
mod tokens;
mod uniform;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use column::{ColumnSpec, Sorted};
pub(super) use copula::Copula;
pub use exponential::ExponentialSpec;
pub use histogram::{BinSpec, Histogram};
pub use lognormal::{Lognormal, LognormalSpec};
pub use mixture::{Mixture, MixtureSpec, ParetoSpec};
pub use normal::NormalSpec;
pub(super) use population::PromptLengths;
use tokens::{check_tokens, whole_tokens};
pub use uniform::UniformSpec;

use super::data_paths::DataPaths;
pub use super::incoming::MAX_TOKENS;
use crate::spec::{Path, Problem, Problems, Severity};

/// How many tokens: at least 1, at most a thousand million.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LengthsSpec {
    /// Always the same number of tokens.
    Constant(u32),
    /// Each length of a range equally likely.
    Uniform(UniformSpec),
    /// Around a mean.
    Normal(NormalSpec),
    /// Many short ones and a long tail, as lengths of texts are.
    Lognormal(LognormalSpec),
    /// Each token may be the last, as with answers.
    Exponential(ExponentialSpec),
    /// A lognormal body with a Pareto tail, as with prompts of production traffic.
    Mixture(MixtureSpec),
    /// Counted lengths: bins with the longest length and the count of each.
    Histogram(Vec<BinSpec>),
    /// Lengths as a file has them, each row as likely as any other.
    Column(ColumnSpec),
}

impl LengthsSpec {
    /// Reports what is wrong with it.
    pub fn check(&self, problems: &mut Problems) {
        match self {
            LengthsSpec::Constant(tokens) => {
                problems.at("constant", |p| check_tokens(f64::from(*tokens), p));
            }
            LengthsSpec::Uniform(spec) => problems.at("uniform", |p| spec.check(p)),
            LengthsSpec::Normal(spec) => problems.at("normal", |p| spec.check(p)),
            LengthsSpec::Lognormal(spec) => problems.at("lognormal", |p| spec.check(p)),
            LengthsSpec::Exponential(spec) => problems.at("exponential", |p| spec.check(p)),
            LengthsSpec::Mixture(spec) => problems.at("mixture", |p| spec.check(p)),
            LengthsSpec::Histogram(bins) => problems.at("histogram", |p| histogram::check(bins, p)),
            LengthsSpec::Column(spec) => problems.at("column", |p| spec.check(p)),
        }
    }

    /// Reads the file that lengths are from, if they are from one.
    ///
    /// # Errors
    /// A file that cannot be found or read; the problem's path is that within the
    /// spec.
    pub(super) fn read(&mut self, paths: &DataPaths) -> Result<(), Problem> {
        let LengthsSpec::Column(spec) = self else { return Ok(()) };
        spec.read(paths).map_err(|(field, message, help)| {
            Problem::error(Path::parse("column").join(field), message).help(help)
        })
    }

    /// The mean in tokens, or `None` if the spec does not pass its check or its file
    /// is not read yet.
    pub fn mean(&self) -> Option<f64> {
        Some(match self.distribution()? {
            Lengths::Constant(tokens) => f64::from(tokens),
            Lengths::Uniform(spec) => spec.mean(),
            Lengths::Normal(spec) => spec.mean.get(),
            Lengths::Lognormal(lognormal) => lognormal.mean(),
            Lengths::Exponential(spec) => spec.mean.get(),
            Lengths::Mixture(mixture) => mixture.mean(),
            Lengths::Histogram(histogram) => histogram.mean(),
            Lengths::Column(values) => values.mean(),
        })
    }

    /// The distribution, or `None` if the spec does not pass its check or its file is
    /// not read yet.
    pub fn distribution(&self) -> Option<Lengths> {
        let mut problems = Problems::default();
        self.check(&mut problems);
        if problems.list().iter().any(|problem| problem.severity == Severity::Error) {
            return None;
        }
        Some(match self {
            LengthsSpec::Constant(tokens) => Lengths::Constant(*tokens),
            LengthsSpec::Uniform(spec) => Lengths::Uniform(*spec),
            LengthsSpec::Normal(spec) => Lengths::Normal(*spec),
            LengthsSpec::Lognormal(spec) => Lengths::Lognormal(spec.distribution()?),
            LengthsSpec::Exponential(spec) => Lengths::Exponential(*spec),
            LengthsSpec::Mixture(spec) => Lengths::Mixture(spec.distribution()?),
            LengthsSpec::Histogram(bins) => Lengths::Histogram(Histogram::new(bins)),
            LengthsSpec::Column(spec) => Lengths::Column(spec.values()?),
        })
    }
}

/// A distribution of lengths; clones share its tables.
#[derive(Clone, Debug)]
pub enum Lengths {
    /// Always this many tokens.
    Constant(u32),
    /// See [`UniformSpec`].
    Uniform(UniformSpec),
    /// See [`NormalSpec`].
    Normal(NormalSpec),
    /// See [`Lognormal`].
    Lognormal(Lognormal),
    /// See [`ExponentialSpec`].
    Exponential(ExponentialSpec),
    /// See [`Mixture`].
    Mixture(Mixture),
    /// See [`Histogram`].
    Histogram(Arc<Histogram>),
    /// See [`ColumnSpec`].
    Column(Sorted),
}

impl Lengths {
    /// The length in tokens that `u`, uniform on (0, 1), picks. A greater `u`
    /// picks a longer one, except from a mixture.
    #[inline]
    pub fn pick(&self, u: f64) -> u32 {
        match self {
            Lengths::Constant(tokens) => *tokens,
            Lengths::Uniform(spec) => spec.pick(u),
            Lengths::Normal(spec) => whole_tokens(spec.quantile(u)),
            Lengths::Lognormal(lognormal) => whole_tokens(lognormal.quantile(u)),
            Lengths::Exponential(spec) => whole_tokens(spec.pick(u)),
            Lengths::Mixture(mixture) => whole_tokens(mixture.pick(u)),
            Lengths::Histogram(histogram) => histogram.pick(u),
            Lengths::Column(values) => values.pick(u),
        }
    }
}
