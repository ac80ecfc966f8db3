//! Which settings of an experiment are long times.

use serde_yaml::Value;

use crate::kernel::Duration;
use crate::spec::parse_duration;
use crate::system::RunError;

/// What is not worth naming beside the end of virtual time, 584 years.
const SHORT: Duration = Duration::from_secs(365 * 86_400);
/// So many are named.
const MOST: usize = 4;

/// Names the longest times of the experiment `resolved` where a run came to the end of
/// virtual time; other errors are as they were.
pub(in crate::experiment) fn named_in(error: RunError, resolved: &Value) -> RunError {
    match error {
        RunError::EndOfTime { what, settings } => {
            let long = longest(resolved);
            let settings = if long.is_empty() {
                settings
            } else {
                format!("{} ({settings})", long.join(", "))
            };
            RunError::EndOfTime { what, settings }
        }
        other => other,
    }
}

/// The longest times, as `path: value`, the longest first.
fn longest(resolved: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(resolved, &mut String::new(), &mut found);
    found.sort_by_key(|(span, _)| std::cmp::Reverse(*span));
    found.into_iter().take(MOST).map(|(span, path)| format!("`{path}: {span}`")).collect()
}

fn collect(value: &Value, path: &mut String, found: &mut Vec<(Duration, String)>) {
    let length = path.len();
    let mut within = |name: &str, value: &Value| {
        path.push_str(if length == 0 { "" } else { "." });
        path.push_str(name);
        collect(value, path, found);
        path.truncate(length);
    };
    match value {
        Value::Mapping(map) => {
            for (key, value) in map {
                within(key.as_str().unwrap_or_default(), value);
            }
        }
        Value::Sequence(items) => {
            items.iter().enumerate().for_each(|(index, item)| within(&index.to_string(), item));
        }
        Value::String(text) => {
            let span = parse_duration(text).ok().filter(|span| *span >= SHORT);
            found.extend(span.map(|span| (span, path.clone())));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_times_are_named_with_their_paths() {
        let yaml = "{ cache: { ttl: 1h, levels: [{ latency: 14000w }] }, duration: 2w, \
                    models: { m: { wait: 100000d } } }";
        let error = RunError::EndOfTime { what: "an answer", settings: "`models`".to_owned() };
        let told = named_in(error, &serde_yaml::from_str(yaml).unwrap()).to_string();
        let named = "look at `models.m.wait: 8640000000s`, `cache.levels.0.latency: 8467200000s` \
                     (`models`)";
        assert!(told.ends_with(named), "{told}");
    }
}
