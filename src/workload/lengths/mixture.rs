//! A lognormal body with a Pareto tail.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_tokens;
use super::lognormal::{Lognormal, LognormalSpec};
use crate::spec::{Fraction, Positive, Problems};

/// Mostly lognormal lengths, and a share of very long ones after Pareto: what
/// prompts of production traffic look like (`ServeGen`: Xiang et al., 2025, section
/// 3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MixtureSpec {
    /// The body.
    pub lognormal: LognormalSpec,
    /// The tail.
    pub pareto: ParetoSpec,
    /// Share of lengths that are of the tail.
    pub tail: Fraction,
}

/// Pareto lengths: a share (min/x)^alpha is longer than x.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParetoSpec {
    /// The fewest tokens.
    pub min: Positive,
    /// How fast longer ones get rare; above 1, else there is no mean.
    pub alpha: Positive,
}

impl MixtureSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.at("lognormal", |p| self.lognormal.check(p));
        problems.at("pareto", |p| {
            p.at("min", |p| check_tokens(self.pareto.min.get(), p));
            if self.pareto.alpha.get() <= 1.0 {
                p.at("alpha", |p| {
                    p.error_help(
                        format!("with alpha = {} lengths have no mean", self.pareto.alpha.get()),
                        "expected more than 1; measured ones are from 1.5 to 4",
                    );
                });
            }
        });
    }

    pub(super) fn distribution(&self) -> Option<Mixture> {
        Some(Mixture {
            body: self.lognormal.distribution()?,
            body_share: 1.0 - self.tail.get(),
            min: self.pareto.min.get(),
            exponent: -1.0 / self.pareto.alpha.get(),
        })
    }
}

/// A lognormal body with a Pareto tail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixture {
    body: Lognormal,
    body_share: f64,
    min: f64,
    /// -1 / alpha.
    exponent: f64,
}

impl Mixture {
    /// Lets `u` choose the part first, and then within it.
    #[inline]
    pub(super) fn pick(&self, u: f64) -> f64 {
        if u < self.body_share {
            self.body.quantile(u / self.body_share)
        } else {
            let rest = (1.0 - u) / (1.0 - self.body_share);
            self.min * libm::pow(rest, self.exponent)
        }
    }

    pub(super) fn mean(&self) -> f64 {
        let alpha = -1.0 / self.exponent;
        let tail = alpha / (alpha - 1.0) * self.min;
        self.body_share * self.body.mean() + (1.0 - self.body_share) * tail
    }
}
