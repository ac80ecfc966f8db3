//! Cost against quality: a scatter of which little and much is wanted.

use crate::experiment::charts::{Better, ParetoSpec, ScaleSpec, ScatterSpec};
use crate::report::chart::scatter;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::results::Results;

pub(super) fn figures(
    results: &Results,
    spec: &ParetoSpec,
) -> Result<Vec<NamedFigure>, ReportError> {
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
    scatter::figures(results, &spec)
}
