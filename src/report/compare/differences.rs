//! The differences of cases, metric by metric.

use crate::report::compare::cases::{Cases, Values};
use crate::report::display_names::HEADLINES;
use crate::spec::suggestion;
use crate::stats::{Difference, Estimate, Scale, holm, paired_difference, welch_difference};
use crate::system::{METRICS, scale_of};

/// A difference is called real where Holm's adjusted p is below this.
pub(super) const SURE: f64 = 0.05;

/// Two cases compared by one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Where in their sweeps both are; empty where that does not matter.
    pub at: String,
    /// The case that is compared with.
    pub a: String,
    /// The other.
    pub b: String,
    /// The metric.
    pub metric: String,
    /// Whether runs on the same random numbers were compared one by one.
    pub paired: bool,
    /// Independent values of each; the same where they are paired.
    pub values: [usize; 2],
    /// The difference with its 95 % interval.
    pub difference: Difference,
    /// Its p after Holm's correction over the whole comparison.
    pub p_holm: f64,
}

/// What a comparison shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The second is higher.
    Higher,
    /// The second is lower.
    Lower,
    /// The difference could be chance.
    NoneShown,
    /// There are too few values to tell.
    TooFew,
}

impl Verdict {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Verdict::Higher => "higher",
            Verdict::Lower => "lower",
            Verdict::NoneShown => "no difference shown",
            Verdict::TooFew => "too few runs to tell",
        }
    }
}

impl Comparison {
    /// What it shows.
    pub fn verdict(&self) -> Verdict {
        match self.p_holm {
            p if p.is_nan() => Verdict::TooFew,
            p if p >= SURE => Verdict::NoneShown,
            _ if self.difference.difference > 0.0 => Verdict::Higher,
            _ => Verdict::Lower,
        }
    }

    /// The difference with its interval, which for a share holds no more than 1.
    pub fn estimate(&self) -> Estimate {
        self.difference.ends(scale_of(&self.metric))
    }

    /// The same as shares of the first mean; NaN where that is 0. What cannot be below 0
    /// falls by no more than all of it.
    pub fn relative(&self) -> Estimate {
        let mean_a = self.difference.mean_a;
        if mean_a == 0.0 {
            return Estimate::exact(f64::NAN);
        }
        let Estimate { mean, low, high } = self.estimate().per(mean_a);
        if mean_a < 0.0 {
            return Estimate { mean, low: high, high: low };
        }
        // `max` would make an end of a NaN, too.
        let low = if scale_of(&self.metric) != Scale::Any && low < -1.0 { -1.0 } else { low };
        Estimate { mean, low, high }
    }
}

/// Compares all pairs by the metrics that are named; by those that most people want to
/// know if none is, and by every metric if one of them is `all`, as far as they were
/// measured; those that are everywhere the same are left out if any is not.
///
/// # Errors
/// If a metric is not one, or none was measured in both cases of any pair.
pub fn compare(cases: &Cases, metrics: &[String]) -> Result<Vec<Comparison>, String> {
    let known = || METRICS.iter().map(|metric| metric.name);
    if let Some(unknown) =
        metrics.iter().find(|name| *name != "all" && !known().any(|known| known == *name))
    {
        let help = suggestion(unknown, &known().collect::<Vec<_>>());
        return Err(format!("unknown metric `{unknown}`: {help}"));
    }
    let asked = !metrics.is_empty() && metrics.iter().all(|name| name != "all");
    let names: Vec<&str> = match metrics {
        [] => HEADLINES.to_vec(),
        _ if asked => metrics.iter().map(String::as_str).collect(),
        _ => known().collect(),
    };
    let (mut rows, mut alike) = (Vec::new(), Vec::new());
    for name in names.into_iter().filter(|name| cases.has(name)) {
        let of_metric: Vec<Comparison> =
            cases.pairs().iter().filter_map(|pair| row(cases, pair, name)).collect();
        let varies =
            |row: &Comparison| row.difference.difference != 0.0 || row.difference.half_width > 0.0;
        let kept = if asked || of_metric.iter().any(varies) { &mut rows } else { &mut alike };
        kept.extend(of_metric);
    }
    if rows.is_empty() {
        rows = alike;
    }
    if rows.is_empty() {
        return Err("no metric was measured in both".to_owned());
    }
    let p: Vec<f64> = rows.iter().map(|row| row.difference.p).collect();
    for (row, adjusted) in rows.iter_mut().zip(holm(&p)) {
        row.p_holm = adjusted;
    }
    Ok(rows)
}

fn row(cases: &Cases, (at, a, b): &(String, usize, usize), metric: &str) -> Option<Comparison> {
    let (of_a, of_b) = (cases.values(*a, metric), cases.values(*b, metric));
    if of_a.is_empty() || of_b.is_empty() {
        return None;
    }
    let (left, right) = in_common(&of_a, &of_b);
    let paired = cases.are_paired(*a, *b) && left.len() >= 2;
    let all = |values: &Values| values.values().copied().collect::<Vec<f64>>();
    let (values, difference) = if paired {
        ([left.len(); 2], paired_difference(&left, &right, 0.95))
    } else {
        ([of_a.len(), of_b.len()], welch_difference(&all(&of_a), &all(&of_b), 0.95))
    };
    Some(Comparison {
        at: at.clone(),
        a: cases.name(*a).to_owned(),
        b: cases.name(*b).to_owned(),
        metric: metric.to_owned(),
        paired,
        values,
        difference,
        p_holm: f64::NAN,
    })
}

/// The values of the replications that both have.
fn in_common(a: &Values, b: &Values) -> (Vec<f64>, Vec<f64>) {
    a.iter().filter_map(|(run, value)| Some((*value, *b.get(run)?))).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(metric: &str, a: &[f64], b: &[f64]) -> Estimate {
        let row = Comparison {
            at: String::new(),
            a: "a".to_owned(),
            b: "b".to_owned(),
            metric: metric.to_owned(),
            paired: true,
            values: [a.len(), b.len()],
            difference: paired_difference(a, b, 0.95),
            p_holm: f64::NAN,
        };
        row.relative()
    }

    #[test]
    fn what_cannot_be_below_zero_falls_by_no_more_than_all_of_it() {
        let (a, b) = ([1.0, 0.4], [0.1, 0.1]);
        for metric in ["e2e_p99_s", "cost_usd", "compression_saved_usd", "error_rate"] {
            let found = relative(metric, &a, &b);
            assert!(found.low == -1.0 && found.high > found.mean, "{metric}: {found:?}");
        }
        assert!(relative("routing_saved_usd", &a, &b).low < -1.0);
        let near = relative("e2e_p99_s", &[10.0, 10.1, 9.9], &[9.0, 9.2, 9.1]);
        assert!(near.low > -0.2, "{near:?}");
        assert!(relative("e2e_p99_s", &[10.0], &[1.0]).low.is_nan(), "one run");
    }
}
