//! What charts have in common to check.

use crate::spec::Problems;
use crate::system::{Possible, TIMELINE_COLUMNS};

/// Whether the sweep varies `name`.
pub(super) fn is_swept(name: &str, swept: &[String]) -> bool {
    swept.iter().any(|path| path == name)
}

/// Reports a name that is neither `point` nor a swept path.
pub(super) fn check_path(
    field: &str,
    name: Option<&str>,
    swept: &[String],
    problems: &mut Problems,
) {
    let Some(name) = name.filter(|name| *name != "point" && !is_swept(name, swept)) else {
        return;
    };
    problems.at(field, |p| p.unknown("swept path", name, swept.iter().map(String::as_str)));
}

/// Reports names that are no metrics, and that there are none.
pub(super) fn check_metrics(
    field: &str,
    names: &[String],
    metrics: &Possible,
    problems: &mut Problems,
) {
    problems.at(field, |p| {
        if names.is_empty() {
            p.error_help("there is nothing to draw", "name a metric such as `e2e_p99_s`");
        }
        for name in names {
            metrics.check(name, p);
        }
    });
}

/// Reports names that are no columns of the timeline.
pub(super) fn check_columns(field: &str, names: &[String], problems: &mut Problems) {
    // The first column is the time itself.
    let known = &TIMELINE_COLUMNS[1..];
    problems.at(field, |p| {
        for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
            p.unknown("column of the timeline", name, known.iter().copied());
        }
    });
}

/// Reports the first of `asked` that is not below `count`.
pub(super) fn check_numbers(
    field: &str,
    what: &str,
    asked: &[u64],
    count: u64,
    problems: &mut Problems,
) {
    if let Some(number) = asked.iter().find(|number| **number >= count) {
        let last = count.saturating_sub(1);
        problems.at(field, |p| {
            p.error(format!("there is no {what} {number}: expected 0 to {last}"));
        });
    }
}

/// Reports a name of a file that would leave its folder.
pub(super) fn check_file(file: Option<&str>, problems: &mut Problems) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let Some(file) = file.filter(|f| f.is_empty() || f.starts_with('.') || !f.chars().all(plain))
    else {
        return;
    };
    problems.at("file", |p| {
        p.error_help(
            format!("`{file}` is not a plain file name"),
            "use letters, digits, `.`, `_` and `-`, without folder or extension",
        );
    });
}
