//! Generated and listed workloads, held against theory. Statistical bounds are
//! at 99.9 %; seeds are fixed, so that a test that passes once always passes.

use std::collections::BTreeMap;

use windtunnel::kernel::Streams;
use windtunnel::kernel::normal_quantile;
mod arrivals;
mod clients;
mod lengths;
mod prompts;
mod waiting;

use windtunnel::workload::{DataPaths, Incoming, Plan, Profile, PyNumber, Source, WorkloadSpec};

/// Two-sided 99.9 % of the normal distribution.
const Z: f64 = 3.290_526_731_491_926;

fn plan(yaml: &str) -> Plan {
    let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).unwrap();
    let spec: WorkloadSpec = serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap();
    Plan::new(&spec, &DataPaths::default()).unwrap()
}

fn source(yaml: &str, seed: u64) -> Source {
    plan(yaml).source(&Streams::new(seed, 0)).unwrap()
}

fn requests(yaml: &str, count: usize) -> Vec<Incoming> {
    source(yaml, 7).take(count).map(Result::unwrap).collect()
}

fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt())
}

fn gaps_s(requests: &[Incoming]) -> Vec<f64> {
    requests.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs_f64()).collect()
}

/// Two-sided 99.9 % bounds of the chi-square distribution (Wilson and Hilferty).
fn chi_square_bounds(degrees: f64) -> (f64, f64) {
    let at = |z: f64| {
        let a = 2.0 / (9.0 * degrees);
        degrees * (1.0 - a + z * a.sqrt()).powi(3)
    };
    (at(-Z), at(Z))
}

#[test]
fn poisson_gaps_are_exponential() {
    let n = 200_000;
    let mut gaps = gaps_s(&requests("arrivals: {poisson: {rate: 20/s}}", n + 1));
    let (mean, sd) = mean_and_sd(&gaps);
    let error = Z / (n as f64).sqrt();
    assert!((mean * 20.0 - 1.0).abs() < error, "mean gap {mean}");
    // The sample CV of an exponential variable has standard deviation 1/sqrt(n).
    assert!((sd / mean - 1.0).abs() < error, "CV {}", sd / mean);
    gaps.sort_by(f64::total_cmp);
    let distance = gaps
        .iter()
        .zip(0..)
        .map(|(gap, i)| ((1.0 - (-gap * 20.0).exp()) - (f64::from(i) + 0.5) / n as f64).abs())
        .fold(0.0, f64::max);
    // Kolmogorov's 99.9 %.
    assert!(distance < 1.949 / (n as f64).sqrt(), "distance {distance}");
}

#[test]
fn poisson_keeps_its_rate_even_at_two_nanoseconds_a_request() {
    let n = 1_000_000;
    let all = requests("arrivals: {poisson: {rate: 5e8/s}}\nprompts: unique", n);
    let rate = n as f64 / all[n - 1].at.as_secs_f64();
    assert!((rate / 5e8 - 1.0).abs() < Z / (n as f64).sqrt(), "{rate}");
}

#[test]
fn zipf_prompts_have_zipf_frequencies() {
    for (count, exponent) in [(1000, 0.9), (50, 1.3), (64, 0.0)] {
        let yaml = format!("prompts: {{zipf: {{count: {count}, exponent: {exponent}}}}}");
        let n = 500_000;
        let mut seen = vec![0.0; count];
        for request in requests(&yaml, n) {
            seen[request.prompt.0 as usize] += 1.0;
        }
        let weight = |rank: usize| (rank as f64 + 1.0).powf(-exponent);
        let total: f64 = (0..count).map(weight).sum();
        let chi2: f64 = (0..count)
            .map(|rank| (weight(rank) / total * n as f64, seen[rank]))
            .map(|(expected, seen)| (seen - expected).powi(2) / expected)
            .sum();
        let (low, high) = chi_square_bounds(count as f64 - 1.0);
        assert!((low..high).contains(&chi2), "{yaml}: {chi2} outside {low}..{high}");
    }
}

/// Mean and p90 of lognormal lengths; both of prompts (here all different) and
/// of answers.
#[test]
fn lognormal_lengths_have_their_mean_and_quantile() {
    let n = 200_000;
    let all = requests(
        "prompts: unique\ntokens:\n  input: {lognormal: {mean: 1155, p90: 2400}}\n  \
         output: {lognormal: {mean: 211, p90: 424}}",
        n,
    );
    let input: Vec<f64> = all.iter().map(|r| r.input_decitokens as f64 / 10.0).collect();
    let output: Vec<f64> = all.iter().map(|r| f64::from(r.output_tokens.unwrap())).collect();
    for (values, mean, p90) in [(input, 1155.0_f64, 2400.0_f64), (output, 211.0, 424.0)] {
        let z = normal_quantile(0.9);
        let sigma = z - (z * z - 2.0 * (p90 / mean).ln()).sqrt();
        let (got, sd) = mean_and_sd(&values);
        let theory = mean * ((sigma * sigma).exp() - 1.0).sqrt();
        assert!((got - mean).abs() < Z * theory / (n as f64).sqrt(), "mean {got} of {mean}");
        // The standard deviation's own error is large: the fourth moment is.
        assert!((sd / theory - 1.0).abs() < 0.03, "sd {sd} of {theory}");
        // Lengths are rounded: half a token above counts as p90 still.
        let mu = mean.ln() - sigma * sigma / 2.0;
        let edge = ((p90 + 0.5).ln() - mu) / sigma;
        let share = values.iter().filter(|v| **v <= p90).count() as f64 / n as f64;
        let expected = 0.9 + (edge - z) * 0.175_5;
        assert!((share - expected).abs() < Z * (0.09 / n as f64).sqrt(), "{share} {expected}");
    }
}

#[test]
fn a_prompt_is_as_long_each_time_it_is_asked_but_not_in_each_replication() {
    let yaml = "prompts: {zipf: {count: 500}}\ntokens: {input: {lognormal: {mean: 300, sigma: 1}}}";
    let lengths = |seed| {
        let mut lengths = BTreeMap::new();
        for request in source(yaml, seed).take(20_000).map(Result::unwrap) {
            let known = *lengths.entry(request.prompt).or_insert(request.input_decitokens);
            assert_eq!(known, request.input_decitokens);
            assert_eq!(u64::from(request.chars) * 10, request.input_decitokens * 4);
            assert_eq!(request.output_tokens, None);
        }
        lengths
    };
    assert_ne!(lengths(1), lengths(2));
    assert_eq!(lengths(1), lengths(1));
}

#[test]
fn users_are_drawn_by_their_weights() {
    let yaml = "users: {list: [{name: ann, weight: 6}, {name: bob, weight: 3}, {name: cid}]}";
    let n = 100_000;
    let mut seen = [0.0; 3];
    for request in requests(yaml, n) {
        seen[request.user.0 as usize] += 1.0;
    }
    for (seen, share) in seen.into_iter().zip([0.6, 0.3, 0.1]) {
        let sd = (n as f64 * share * (1.0 - share)).sqrt();
        assert!((seen - n as f64 * share).abs() < Z * sd, "{seen} of {share}");
    }
    assert_eq!(source("{}", 1).users()[0].name, "anonymous");
}

#[test]
fn changing_one_part_leaves_the_draws_of_the_others() {
    let base = "prompts: {zipf: {count: 100}}\nusers: {zipf: {count: 10}}\n\
                tokens: {output: {lognormal: {mean: 100, sigma: 1}}}\n";
    let was = requests(base, 1000);
    let same = |yaml: &str, part: fn(&Incoming) -> (u64, u64, u64)| {
        let now = requests(yaml, 1000);
        assert_ne!(was, now, "{yaml}");
        assert!(was.iter().map(part).eq(now.iter().map(part)), "{yaml}");
    };
    same(&format!("arrivals: {{constant: {{rate: 3/s}}}}\n{base}"), |r| {
        (r.prompt.0, r.user.0.into(), r.output_tokens.unwrap().into())
    });
    same(&base.replace("count: 100", "count: 7"), |r| {
        (r.at.0, r.user.0.into(), r.output_tokens.unwrap().into())
    });
    same(&base.replace("{zipf: {count: 10}}", "{list: [{name: a}, {name: b}]}"), |r| {
        (r.at.0, r.prompt.0, r.output_tokens.unwrap().into())
    });
    same(&base.replace("output: {lognormal: {mean: 100, sigma: 1}}", ""), |r| {
        (r.at.0, r.prompt.0, r.input_decitokens)
    });
    // Common random numbers: a doubled rate halves each gap.
    let fast = requests(&format!("arrivals: {{poisson: {{rate: 40/s}}}}\n{base}"), 1000);
    assert!(was.iter().zip(&fast).all(|(a, b)| a.at.0.abs_diff(b.at.0 * 2) <= 2));
}

#[test]
fn replications_differ_and_repeat() {
    let plan = plan("users: {zipf: {count: 10}}");
    let of = |replication| -> Vec<Incoming> {
        let source = plan.source(&Streams::new(42, replication)).unwrap();
        source.take(100).map(Result::unwrap).collect()
    };
    assert_eq!(of(0), of(0));
    assert_ne!(of(0), of(1));
    assert_eq!((plan.count(), plan.span()), (None, None));
}

#[test]
fn listed_requests_are_replayed_in_order_with_their_own_words() {
    let yaml = r#"
max_tokens: 50
requests:
  - { at: 2s, prompt: "What is AI?", user: ann, temperature: 0.7 }
  - { prompt: " What  is AI?\n" }
  - { at: 2s, prompt: "  What is AI? ", user: bob, max_tokens: 100, temperature: 1 }
  - { at: 1s }
  - { at: 2s, prompt: "What is AI?", user: ann, temperature: 1.0, quality_threshold: 0.7 }
  - { at: 1s, prompt: "", temperature: 0.7 }
"#;
    let mut source = source(yaml, 1);
    let all: Vec<Incoming> = source.by_ref().map(Result::unwrap).collect();
    let at: Vec<f64> = all.iter().map(|request| request.at.as_secs_f64()).collect();
    assert_eq!(at, [0.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    let texts: Vec<_> = all.iter().map(|request| source.prompt_text(request.prompt)).collect();
    assert_eq!(texts, ["What  is AI?", "", "", "What is AI?", "What is AI?", "What is AI?"]);
    assert_eq!(all[3].prompt, all[4].prompt, "white space at the ends does not count");
    assert_ne!(all[0].prompt, all[3].prompt, "white space inside does");
    // Characters without the white space at the ends, and as sent; 1.3 tokens a word.
    let sizes: Vec<_> = all.iter().map(|r| (r.chars, r.sent_chars())).collect();
    assert_eq!(sizes, [(12, 14), (0, 0), (0, 0), (11, 11), (11, 14), (11, 11)]);
    let tokens: Vec<_> = all.iter().map(|r| r.input_decitokens).collect();
    assert_eq!(tokens, [39, 0, 0, 39, 39, 39]);
    let names: Vec<_> = all.iter().map(|r| &source.users()[r.user.0 as usize].name).collect();
    assert_eq!(names, ["anonymous", "anonymous", "anonymous", "ann", "bob", "ann"]);

    let profile = |i: usize| source.profiles()[all[i].profile.0 as usize];
    let asked = Profile { max_tokens: Some(50), ..Profile::default() };
    assert_eq!(profile(0), asked);
    assert_eq!(profile(1), Profile { missing_prompt: true, ..asked });
    assert_eq!(profile(2), profile(3), "an empty prompt is not a missing one");
    let warm = |temperature| Profile { temperature: Some(temperature), ..asked };
    assert_eq!(profile(3), warm(PyNumber::Float(0.7)));
    assert_eq!(profile(4), Profile { max_tokens: Some(100), ..warm(PyNumber::Int(1)) });
    let last = Profile { quality_threshold: Some(0.7), ..warm(PyNumber::Float(1.0)) };
    assert_eq!(profile(5), last);
    assert_eq!(source.profiles().len(), 5);
    assert_eq!(plan(yaml).count(), Some(6));
    assert!((plan(yaml).span().unwrap().as_secs_f64() - 2.0).abs() < f64::EPSILON);
}

#[test]
fn listed_users_give_their_classes_to_listed_requests() {
    let source = source(
        "users: {list: [{name: bob}, {name: ann, class: vip}]}\n\
         requests: [{prompt: a, user: ann}, {prompt: b}]",
        1,
    );
    let users: Vec<_> = source.users().iter().map(|user| (&*user.name, &*user.class)).collect();
    assert_eq!(users, [("bob", "default"), ("ann", "vip"), ("anonymous", "default")]);
    let who: Vec<u32> = source.map(|request| request.unwrap().user.0).collect();
    assert_eq!(who, [1, 2]);
}
