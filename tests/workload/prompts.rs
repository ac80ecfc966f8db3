//! Each population of prompts against the shares that it promises.

use std::collections::HashSet;

use super::{Z, chi_square_bounds, requests};

fn prompts(spec: &str, n: usize) -> Vec<u64> {
    let all = requests(&format!("prompts: {{{spec}}}\ntokens: {{input: {{constant: 5}}}}"), n);
    all.iter().map(|request| request.prompt.0).collect()
}

fn within(got: f64, expected: f64, n: usize) -> bool {
    (got - expected).abs() < Z * (expected * (1.0 - expected) / n as f64).sqrt()
}

#[test]
fn uniform_prompts_are_all_asked_equally_often() {
    let n = 200_000;
    let mut seen = vec![0.0; 400];
    for prompt in prompts("uniform: {count: 400}", n) {
        seen[prompt as usize] += 1.0;
    }
    let chi2: f64 = seen.iter().map(|seen: &f64| (seen - 500.0).powi(2) / 500.0).sum();
    let (low, high) = chi_square_bounds(399.0);
    assert!((low..high).contains(&chi2), "{chi2}");
}

#[test]
fn a_hot_set_gets_its_share_and_moves_on_at_its_drift() {
    let n = 100_000;
    let still = prompts("hot_set: {count: 1000, hot: 50, share: 0.7, drift: 0}", n);
    let hot = still.iter().filter(|prompt| **prompt < 50).count() as f64 / n as f64;
    assert!(within(hot, 0.7, n), "{hot}");
    // The most asked of each of twenty stretches moves by `drift` a request.
    let moving = prompts("hot_set: {count: 100000, hot: 10, share: 1, drift: 0.1}", n);
    let (first, last) = (moving[0] as f64, moving[n - 1] as f64);
    assert!((last - first - 0.1 * n as f64).abs() < Z * (0.09 * n as f64).sqrt() + 10.0, "{last}");
}

#[test]
fn churn_brings_new_prompts_at_its_share_and_forgets_old_ones() {
    let n = 200_000;
    let all = prompts("churn: {fresh: 0.05, window: 1000, exponent: 1}", n);
    let mut newest = 999;
    let mut fresh = 0;
    let mut first = 0;
    for prompt in &all {
        if *prompt > newest {
            fresh += 1;
            newest = *prompt;
        } else {
            assert!(newest - prompt < 1000, "older than the window");
            first += u32::from(*prompt == newest);
        }
    }
    assert!(within(f64::from(fresh) / n as f64, 0.05, n), "{fresh}");
    let harmonic: f64 = (1..=1000).map(|k| 1.0 / f64::from(k)).sum();
    let again = n - fresh as usize;
    assert!(within(f64::from(first) / again as f64, 1.0 / harmonic, again), "{first}");
    let distinct: HashSet<u64> = all.into_iter().collect();
    assert!(distinct.len() > fresh as usize, "old ones from before the start are asked too");
}
