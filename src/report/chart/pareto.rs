//! Cost against quality: a scatter of which little and much is wanted.

use super::super::ReportError;
use super::super::results::Results;
use super::{Named, scatter};
use crate::experiment::charts::{Better, ParetoSpec, ScaleSpec, ScatterSpec};

pub(super) fn figure(results: &Results, spec: &ParetoSpec) -> Result<Named, ReportError> {
    let spec = ScatterSpec {
        x: spec.cost.clone(),
        y: spec.quality.clone(),
        x_better: Some(Better::Low),
        y_better: Some(Better::High),
        series: spec.series.clone(),
        labels: spec.labels.clone(),
        y_scale: ScaleSpec::Linear,
        title: spec.title.clone(),
        subtitle: spec.subtitle.clone(),
        file: spec.file.clone().or_else(|| Some("pareto".to_owned())),
        ..ScatterSpec::default()
    };
    scatter::figure(results, &spec)
}
