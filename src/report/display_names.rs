//! Names of metrics and swept paths in words.

use crate::report::number_format;
use crate::report::results::estimates::even_half;
use crate::report::unit::Unit;
use crate::stats::Estimate;

/// What most people want to know of a system.
pub(crate) const HEADLINES: [&str; 13] = [
    "e2e_mean_s",
    "e2e_p50_s",
    "e2e_p99_s",
    "ttft_p99_s",
    "throughput_rps",
    "goodput_rps",
    "error_rate",
    "cache_hit_rate",
    "cost_per_request_usd",
    "quality_mean",
    "workflow_success_rate",
    "makespan_p99_s",
    "cost_per_job_usd",
];

/// A metric in words: `p99 latency` for `e2e_p99_s`.
pub(crate) fn metric(name: &str) -> String {
    let exact = match name {
        "completed" => "completed requests",
        "rejected" => "rejected requests",
        "semantic_false_hits" => "false semantic hits",
        "throughput_rps" => "throughput",
        "goodput_rps" => "goodput",
        "cost_usd" => "cost",
        "cost_per_request_usd" => "cost per request",
        "cost_per_good_request_usd" => "cost per good request",
        "cost_per_mtok_usd" => "cost per million tokens",
        "cost_per_input_mtok_usd" => "cost per million input tokens",
        "cost_per_output_mtok_usd" => "cost per million output tokens",
        "cost_saved_usd" => "cost saved by caching",
        "quality_mean" => "mean quality",
        "output_tokens_per_s" => "output tokens/s",
        "total_tokens_per_s" => "total tokens/s",
        "good_tokens_per_s" => "good tokens/s",
        "tokens_per_s_per_gpu" => "tokens/s per GPU",
        "tokens_per_s_per_user" => "tokens/s per user",
        "jobs_per_gpu_hour" => "jobs per GPU hour",
        "failed_e2e_mean_s" => "mean time to failure",
        "failed_e2e_p99_s" => "p99 time to failure",
        "failed_makespan_p99_s" => "p99 makespan of failed workflows",
        "budget_overshoot_usd" => "budget overshoot",
        "time_to_detect_mean_s" => "mean time to detect",
        "time_to_detect_max_s" => "longest time to detect",
        "missed" | "faults_missed" => "missed faults",
        "events" => "simulated events",
        "arrivals_rps" => "arrivals",
        "completions_rps" => "completions",
        "errors_rps" => "errors",
        "in_flight" => "requests in flight",
        "queue" => "requests queued",
        "spend_usd" => "spend per interval",
        "charged_usd" => "charges per interval",
        "e2e_s" => "latency",
        "ttft_s" => "time to first token",
        "queue_s" => "time in queue",
        _ => "",
    };
    if exact.is_empty() { statistic(name).unwrap_or_else(|| plain(name)) } else { exact.to_owned() }
}

/// A value of a metric with its unit.
pub(crate) fn metric_value(metric: &str, value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    match Unit::of_metric(metric) {
        Unit::Seconds => number_format::seconds(value),
        Unit::Usd => number_format::dollars(value),
        Unit::Fraction => number_format::percent(value),
        _ => number_format::short(value),
    }
}

/// The same with its interval: `1.25 s ± 4 %`, or the ends where these are not as far from
/// the mean: `93.1 % (78.5 % to 98.0 %)`.
pub(crate) fn estimate_value(metric: &str, estimate: &Estimate) -> String {
    let Estimate { mean, low, high } = *estimate;
    let value = |value: f64| metric_value(metric, value);
    match even_half(estimate) {
        Some(half) => {
            let relative = number_format::significant(100.0 * half / mean.abs(), 2);
            format!("{} ± {relative} %", value(mean))
        }
        None if high > low => format!("{} ({} to {})", value(mean), value(low), value(high)),
        None => value(mean),
    }
}

/// `p99 time in queue` for `queue_p99_s`: what, which statistic, unit.
fn statistic(name: &str) -> Option<String> {
    let mut words = name.strip_suffix("_s")?.split('_');
    let (what, statistic) = (words.next()?, words.next()?);
    let what = match what {
        "e2e" => "latency",
        "ttft" => "time to first token",
        "tpot" => "time per output token",
        "itl" => "time between tokens",
        "queue" => "time in queue",
        "inference" => "inference time",
        "makespan" => "makespan",
        _ => return None,
    };
    let statistic = match statistic {
        "max" => "longest",
        "min" => "shortest",
        other => other,
    };
    words.next().is_none().then(|| format!("{statistic} {what}"))
}

/// A name without its unit and underscores.
fn plain(name: &str) -> String {
    let suffix = ["_usd", "_rps", "_s"].into_iter().find_map(|unit| name.strip_suffix(unit));
    let name = suffix.filter(|_| !name.ends_with("_per_s")).unwrap_or(name);
    let words = name.split('_').map(|word| match word {
        "slo" => "SLO",
        "kv" => "KV",
        "gpu" => "GPU",
        other => other,
    });
    let words = words.collect::<Vec<_>>().join(" ");
    words.replace(" per s ", "/s ").replace("tokens per s", "tokens/s")
}

/// A swept path in words: `L1 capacity` for `cache.levels.l1.capacity`, or
/// for `cache.levels.0.capacity` (the level's name is not known here).
pub(crate) fn path(path: &str) -> String {
    let steps: Vec<&str> = path.split('.').collect();
    let steps = without_law(&steps);
    let words = |steps: &[&str]| {
        let words = steps.join(" ").replace('_', " ").replace("ttl", "TTL");
        // That it is on or off, or a number, its values say.
        let plain = ["enable ", "num "].into_iter().find_map(|it| words.strip_prefix(it));
        plain.map_or_else(|| words.clone(), str::to_owned)
    };
    match steps.as_slice() {
        ["point"] => "sweep point".to_owned(),
        ["level"] => "cache level".to_owned(),
        ["cache", "levels", level, rest @ ..] => {
            let level = match level.parse::<usize>() {
                Ok(index) => format!("L{}", index + 1),
                Err(_) if level.len() <= 3 => level.to_uppercase(),
                Err(_) => (*level).to_owned(),
            };
            format!("{level} {}", words(telling(rest)))
        }
        ["models", .., "prefix_cache", "tiers", tier, last] if tier.parse::<usize>().is_err() => {
            let tier = if tier.len() <= 3 { tier.to_uppercase() } else { (*tier).to_owned() };
            format!("{tier} {}", words(&[last]))
        }
        ["workload", "session", "think_time", .., "mean"] => "mean think time".to_owned(),
        ["models", .., "prefix_cache", last] => format!("prefix cache {}", words(&[last])),
        ["models", model, "price", .., last] => format!("{model} {} price", words(&[last])),
        ["models", model, "server", rest @ ..] | ["models", model, rest @ ..]
            if !rest.is_empty() =>
        {
            format!("{model} {}", words(telling(rest)))
        }
        ["workload", "arrivals", .., "rate"] => "arrival rate".to_owned(),
        ["workload", "arrivals", "concurrency", "limit"] => "concurrency limit".to_owned(),
        ["workload", "tokens", part @ ("input" | "output")] => format!("{part} tokens"),
        ["workload", "tokens", part @ ("input" | "output"), .., last] => {
            format!("{} tokens", words(&[last, part]))
        }
        ["workload", part, .., last] => format!("{} {}", singular(part), words(&[last])),
        ["cost", "select"] => "model selection".to_owned(),
        ["cost", "budgets", name, .., last] => format!("{name} {} budget", words(&[last])),
        [.., before, last] if is_vague(last) => format!("{} {}", words(&[before]), words(&[last])),
        [.., last] => words(&[last]),
        [] => String::new(),
    }
    .trim()
    .to_owned()
}

/// The steps without the name of a law (of times, lengths or numbers) that is the last but
/// one, or the last: it says how something is drawn, not what.
fn without_law<'a>(steps: &[&'a str]) -> Vec<&'a str> {
    const LAWS: [&str; 5] = ["constant", "uniform", "exponential", "lognormal", "mixture"];
    // What comes first are sections and the user's own names.
    let from = steps.len().saturating_sub(2).max(2);
    let kept = |(index, step): &(usize, &&str)| *index < from || !LAWS.contains(*step);
    steps.iter().enumerate().filter(kept).map(|(_, step)| *step).collect()
}

/// Whether a step needs the one before it to say anything.
fn is_vague(step: &str) -> bool {
    const VAGUE: [&str; 18] = [
        "share",
        "utilization",
        "after",
        "items",
        "capacity",
        "policy",
        "latency",
        "count",
        "rate",
        "mean",
        "exponent",
        "threshold",
        "limit",
        "max",
        "min",
        "size",
        "name",
        "ttl",
    ];
    VAGUE.contains(&step) || step.parse::<usize>().is_ok()
}

/// The last step, with the one before it if it needs that.
fn telling<'a, 'b>(steps: &'b [&'a str]) -> &'b [&'a str] {
    let count = if steps.last().is_some_and(|last| is_vague(last)) { 2 } else { 1 };
    &steps[steps.len().saturating_sub(count)..]
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

/// A swept path as short as it can be told from the others: `l1.capacity`.
pub(crate) fn shortest<'a>(path: &'a str, all: &[String]) -> &'a str {
    let starts = path.rmatch_indices('.').map(|(dot, _)| dot + 1);
    for start in starts {
        let end = &path[start..];
        let unique = all.iter().filter(|other| {
            other.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        if unique.count() <= 1 && end.parse::<usize>().is_err() {
            return end;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_names_in_words() {
        for (name, words) in [
            ("e2e_p99_s", "p99 latency"),
            ("ttft_mean_s", "mean time to first token"),
            ("makespan_p99_s", "p99 makespan"),
            ("e2e_max_s", "longest latency"),
            ("cost_per_request_usd", "cost per request"),
            ("cache_hit_rate", "cache hit rate"),
            ("hits", "hits"),
            ("slo_attainment", "SLO attainment"),
            ("kv_use_mean", "KV use mean"),
            ("something_new_usd", "something new"),
            ("tokens_per_s_per_gpu", "tokens/s per GPU"),
            ("output_tokens_per_s", "output tokens/s"),
            ("cost_per_output_mtok_usd", "cost per million output tokens"),
        ] {
            assert_eq!(metric(name), words);
        }
    }

    #[test]
    fn paths_have_names_in_words() {
        for (name, words) in [
            ("cache.levels.l1.capacity", "L1 capacity"),
            ("cache.levels.0.policy", "L1 policy"),
            ("models.gpt.server.prefix_cache.tiers.gpu.capacity", "GPU capacity"),
            ("models.gpt.server.prefix_cache.tiers.host.policy", "host policy"),
            ("models.gpt.server.prefix_cache.block_tokens", "prefix cache block tokens"),
            ("cache.levels.disk.latency", "disk latency"),
            ("cache.semantic.threshold", "semantic threshold"),
            ("workload.arrivals.poisson.rate", "arrival rate"),
            ("workload.prompts.zipf.exponent", "prompt exponent"),
            ("workload.arrivals.concurrency.limit", "concurrency limit"),
            ("resilience.hedge.after", "hedge after"),
            ("resilience.num_retries", "retries"),
            ("models.gpt.server.engine.enable_prefix_caching", "gpt prefix caching"),
            ("models.gpt-4.server.replicas", "gpt-4 replicas"),
            ("cost.select", "model selection"),
            ("cost.select.utility.quality_threshold", "quality threshold"),
            ("cost.budgets.default.daily", "default daily budget"),
            ("cache.ttl", "cache TTL"),
            ("cache.invalidation.share", "invalidation share"),
            ("models.gpt.server.autoscale.target.utilization", "gpt target utilization"),
            ("cache.levels.l2.latency.constant", "L2 latency"),
            ("cache.levels.l2.latency.lognormal.mean", "L2 latency mean"),
            ("models.gpt.price.output", "gpt output price"),
            ("models.gpt.server.queue.limit", "gpt queue limit"),
            ("models.constant.quality", "constant quality"),
            ("orchestration.workflows.report.steps.part.map.items.constant", "map items"),
            ("workload.tokens.output.constant", "output tokens"),
            ("workload.tokens.input.lognormal.p90", "p90 input tokens"),
            ("workload.tokens.correlation", "token correlation"),
            ("seed", "seed"),
            ("point", "sweep point"),
            ("", ""),
        ] {
            assert_eq!(path(name), words);
        }
    }

    #[test]
    fn columns_are_told_apart_by_as_little_as_it_takes() {
        let all = ["cache.levels.l1.capacity", "cache.levels.l2.capacity", "cost.select"]
            .map(str::to_owned);
        assert_eq!(shortest(&all[0], &all), "l1.capacity");
        assert_eq!(shortest(&all[2], &all), "select");
        assert_eq!(shortest("seed", &all), "seed");
    }
}
