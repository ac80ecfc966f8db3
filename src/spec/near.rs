//! Which names somebody may have meant.

/// So many names are all told; of more, the nearest.
const FEW: usize = 12;
/// How many of these.
const NEAREST: usize = 5;

/// The name in `known` nearest to `name`, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + name.len().max(candidate.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// What to do about `name`, which is none of `known`: the one that is probably meant, all of
/// them where they are few, the five nearest where they are many.
///
/// ```
/// use windtunnel::spec::suggestion;
/// assert_eq!(suggestion("lur", &["lru", "sieve"]), "did you mean `lru`?");
/// assert_eq!(suggestion("arc", &["lru", "sieve"]), "expected one of: lru, sieve");
/// ```
pub fn suggestion<S: AsRef<str>>(name: &str, known: &[S]) -> String {
    let all = || known.iter().map(AsRef::as_ref);
    let meant = nearest(name, all());
    if known.len() <= FEW {
        return match meant {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "there is none".to_owned(),
            None => format!("expected one of: {}", all().collect::<Vec<_>>().join(", ")),
        };
    }
    let told = NEAREST - usize::from(meant.is_some());
    let others = likest(name, all()).into_iter().filter(|other| Some(*other) != meant);
    let others = others.take(told).collect::<Vec<_>>().join(", ");
    match meant {
        Some(near) => format!("did you mean `{near}`? Others near it: {others}"),
        None => format!("the nearest of {} are: {others}", known.len()),
    }
}

/// All names, those first that have the most in common with `name`: whole words, then
/// letters. Names alike in that keep their order.
fn likest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let words = |text: &str| -> Vec<String> {
        let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|it| !it.is_empty());
        parts.map(str::to_lowercase).collect()
    };
    let wanted = words(name);
    let mut all: Vec<(f64, &str)> = known
        .map(|candidate| {
            let has = words(candidate);
            let shared = wanted.iter().filter(|word| has.contains(word)).count() as f64;
            // Dice's coefficient of the words, and how alike the letters are.
            let alike = 2.0 * shared / (wanted.len() + has.len()).max(1) as f64;
            (alike + strsim::jaro_winkler(name, candidate), candidate)
        })
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: [&str; 14] = [
        "requests",
        "e2e_mean_s",
        "e2e_p50_s",
        "e2e_p99_s",
        "ttft_mean_s",
        "ttft_p99_s",
        "cost_usd",
        "cost_per_request_usd",
        "cache_hit_rate",
        "makespan_p99_s",
        "events",
        "drift",
        "retries",
        "quality_mean",
    ];

    #[test]
    fn of_many_names_the_five_nearest_are_told() {
        assert_eq!(
            suggestion("p99_latency", &MANY),
            "the nearest of 14 are: e2e_p99_s, makespan_p99_s, ttft_p99_s, quality_mean, e2e_mean_s"
        );
        assert!(suggestion("latency_p99_seconds", &MANY).contains("e2e_p99_s, ttft_p99_s"));
        let slip = suggestion("e2e_p98_s", &MANY);
        assert!(slip.starts_with("did you mean `e2e_p99_s`? Others near it: e2e_p50_s"), "{slip}");
        assert_eq!(slip.matches(',').count(), 3, "{slip}");
    }

    #[test]
    fn few_names_are_told_one_and_all() {
        assert_eq!(suggestion("x", &MANY[..2]), "expected one of: requests, e2e_mean_s");
        assert_eq!(suggestion("evnets", &MANY[10..]), "did you mean `events`?");
        assert_eq!(suggestion::<&str>("x", &[]), "there is none");
    }
}
