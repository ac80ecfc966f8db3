//! Short names of metrics and values as they stand in the terminal's table.

use std::collections::BTreeSet;

use crate::report::number_format;
use crate::report::unit::Unit;

/// A metric in as few letters as people know it by: `e2e p99`, `cost/request`.
pub(super) fn short(metric: &str) -> String {
    let known = match metric {
        "cache_hit_rate" => "cache hits",
        "semantic_false_hits" => "wrong hits",
        "semantic_precision" => "right hits",
        "wrong_answers" => "wrong",
        "workflow_success_rate" => "success",
        "slo_attainment" => "in SLO",
        "quality_mean" => "quality",
        "tokens_per_s_per_gpu" => "tokens/s/GPU",
        "tokens_per_s_per_user" => "tokens/s/user",
        "cost_per_mtok_usd" => "$/M tokens",
        "cost_per_input_mtok_usd" => "$/M input",
        "cost_per_output_mtok_usd" => "$/M output",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let ends = ["_usd", "_rps", "_s"];
    let bare = ends.into_iter().find_map(|end| metric.strip_suffix(end)).unwrap_or(metric);
    bare.replace("_per_", "/").replace('_', " ")
}

/// A value of a metric with its unit.
pub(super) fn value(metric: &str, value: f64) -> String {
    match Unit::of_metric(metric) {
        Unit::Fraction => number_format::percent(value),
        Unit::Seconds => number_format::seconds(value),
        Unit::Usd => number_format::dollars(value),
        _ if metric.contains("_per_") || metric.ends_with("_rps") => number_format::short(value),
        _ => number_format::grouped(value, 1),
    }
}

/// Texts of at most so many letters, with an ellipsis where they are cut: at the end, in the
/// middle or at the beginning, wherever most of them are still told apart.
pub(super) fn cut(texts: &[String], most: usize) -> Vec<String> {
    let kept = most.saturating_sub(1);
    let all =
        |tail: usize| -> Vec<String> { texts.iter().map(|it| cut_one(it, most, tail)).collect() };
    let distinct = |texts: &[String]| texts.iter().collect::<BTreeSet<_>>().len();
    let mut best = all(0);
    for tail in [kept / 2, kept] {
        let other = all(tail);
        if distinct(&other) > distinct(&best) {
            best = other;
        }
    }
    best
}

/// A text of which so many letters at its end are kept, if it must be cut.
fn cut_one(text: &str, most: usize, tail: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let begin: String = text.chars().take(most.saturating_sub(1 + tail)).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{}…{}", begin.trim_end(), end.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_short() {
        for (metric, heading) in [
            ("e2e_p99_s", "e2e p99"),
            ("makespan_p50_s", "makespan p50"),
            ("cost_per_request_usd", "cost/request"),
            ("cost_per_month_usd", "cost/month"),
            ("cost_per_mtok_usd", "$/M tokens"),
            ("requests", "requests"),
            ("goodput_rps", "goodput"),
        ] {
            assert_eq!(short(metric), heading);
        }
    }

    #[test]
    fn values_have_their_units() {
        assert_eq!(value("quality_mean", 0.875), "87.5 %");
        assert_eq!(value("e2e_p99_s", 1.25), "1.25 s");
        assert_eq!(value("cost_per_mtok_usd", 2.5), "$2.50");
        assert_eq!(value("requests", 19_366.0), "19,366");
        assert_eq!(value("tokens_per_s_per_gpu", 1234.5), "1.234k");
    }

    #[test]
    fn long_names_are_cut_where_it_does_not_hide_what_tells_them_apart() {
        let cut = |texts: &[&str], most| {
            cut(&texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>(), most)
        };
        assert_eq!(cut(&["a name of some length", "short"], 10), ["a name of…", "short"]);
        assert_eq!(cut(&["with retries 3", "with retries 4"], 9), ["with…es 3", "with…es 4"]);
        assert_eq!(
            cut(&["number-1.server.ttft", "number-2.server.ttft"], 10),
            ["number-1.…", "number-2.…"]
        );
    }
}
