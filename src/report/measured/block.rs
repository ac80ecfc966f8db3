//! The fitted values as a part of an experiment, with how sure they are and where they come
//! from in comments.

use std::fmt::Write as _;

use super::errors::ErrorRow;
use super::manifest::MeasuredManifest;
use super::pair::Part;
use crate::experiment::calibrate::Fitted;
use crate::report::number_format::percent;
use crate::spec::Segment;

pub(super) const FITTED: &str = "fitted.yaml";

/// The text of the file.
pub(super) fn fitted(
    manifest: &MeasuredManifest,
    fitted: &[Fitted],
    errors: &[ErrorRow],
) -> String {
    let mut text = String::new();
    let mut line = |words: &str| {
        let _ = writeln!(text, "# {words}");
    };
    let facts = &manifest.measured;
    line(&format!("Fitted by windtunnel {}: {}", manifest.version, manifest.command));
    let date = facts.date.as_ref().map_or(String::new(), |date| format!(", measured {date}"));
    line(&format!("to {}{date}: {} completed {}", facts.file, facts.completed, facts.rows()));
    line(&format!("sha256 {}", facts.sha256));
    for part in [Part::Fitted, Part::HeldOut] {
        let mine = errors.iter().filter(|row| row.part == part);
        let words: Vec<String> =
            mine.map(|row| format!("{} {}", row.title, signed(row.found.mean().error()))).collect();
        if !words.is_empty() {
            line(&format!("errors of means, {}: {}", part.name(), words.join(", ")));
        }
    }
    for note in &manifest.beware {
        line(&format!("beware: {note}"));
    }
    let mut open: Vec<String> = Vec::new();
    for it in fitted {
        let steps: Vec<String> = it.path.0.iter().map(key).collect();
        let Some((last, above)) = steps.split_last() else { continue };
        let same = open.iter().zip(above).take_while(|(a, b)| a == b).count();
        open.truncate(same);
        for step in &above[same..] {
            let _ = writeln!(text, "{}{step}:", "  ".repeat(open.len()));
            open.push(step.clone());
        }
        let value = it.quantity.show(it.figure, 6);
        let known = match (&it.interval, &it.beware) {
            (_, Some(beware)) => beware.clone(),
            (Some((low, high)), None) => {
                let [low, high] = [low, high].map(|figure| it.quantity.show(*figure, 4));
                format!("95 %: {low} to {high}")
            }
            (None, None) => "too few requests for an interval".to_owned(),
        };
        let _ = writeln!(text, "{}{last}: {value}  # {known}", "  ".repeat(open.len()));
    }
    text
}

/// A step of a path as a key of YAML.
fn key(step: &Segment) -> String {
    match step {
        Segment::Index(index) => index.to_string(),
        Segment::Key(key) => {
            let yaml = serde_yaml::to_string(key).unwrap_or_default();
            yaml.trim_end().to_owned()
        }
    }
}

/// `+1.2 %`.
pub(super) fn signed(share: f64) -> String {
    if !share.is_finite() {
        return "-".to_owned();
    }
    let text = percent(share);
    if share >= 0.0 { format!("+{text}") } else { text }
}
