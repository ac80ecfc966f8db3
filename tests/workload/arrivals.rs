//! Each arrival process against its rate and its burstiness.

use super::{Z, gaps_s, mean_and_sd, requests};

/// Gaps of renewal arrivals with this spec: their mean and CV.
fn gaps(arrivals: &str, n: usize) -> (f64, f64) {
    let all = requests(&format!("arrivals: {{{arrivals}}}\nprompts: unique"), n + 1);
    let (mean, sd) = mean_and_sd(&gaps_s(&all));
    (mean, sd / mean)
}

#[test]
fn gamma_and_weibull_gaps_have_their_rate_and_cv() {
    let n = 400_000;
    for law in ["gamma", "weibull"] {
        for cv in [0.25, 0.5, 1.0, 2.0, 3.0] {
            let (mean, got) = gaps(&format!("{law}: {{rate: 50/s, cv: {cv}}}"), n);
            let error = Z * cv / (n as f64).sqrt();
            assert!((mean * 50.0 - 1.0).abs() < error, "{law} {cv}: mean gap {mean}");
            // The error of a CV grows with the fourth moment: for a gamma it is
            // sqrt((1 + cv^2) / 2n) x cv and a little; a Weibull of cv 3 has a
            // far heavier tail.
            let tolerance = if law == "weibull" { 0.02 * cv } else { 0.01 } + 0.005;
            assert!((got / cv - 1.0).abs() < tolerance, "{law}: cv {got}, not {cv}");
        }
    }
}

#[test]
fn a_gamma_of_cv_1_is_exponential_and_one_of_cv_half_is_erlang_4() {
    // The share of gaps below their mean: 1 - e^-1; of Erlang-4 the chance of
    // four or more Poisson events of mean 4.
    let n = 200_000;
    let erlang = 1.0 - (-4.0f64).exp() * (1.0 + 4.0 + 8.0 + 64.0 / 6.0);
    for (cv, expected) in [(1.0, 1.0 - (-1.0f64).exp()), (0.5, erlang)] {
        let yaml = format!("arrivals: {{gamma: {{rate: 10/s, cv: {cv}}}}}\nprompts: unique");
        let gaps = gaps_s(&requests(&yaml, n + 1));
        let below = gaps.iter().filter(|gap| **gap < 0.1).count() as f64 / n as f64;
        let error = Z * (expected * (1.0 - expected) / n as f64).sqrt();
        assert!((below - expected).abs() < error, "cv {cv}: {below}, not {expected}");
    }
}

#[test]
fn a_markov_process_has_the_mean_rate_and_the_dispersion_of_its_states() {
    // Two states of rates a, b and mean times s, t: the mean rate is (a s + b t) /
    // (s + t); counts in a long window have the index of dispersion
    // 1 + 2 (a - b)^2 s^2 t^2 / ((s + t)^2 (a s + b t)) (Fischer and Meier-Hellstern
    // 1993, section 4).
    let (a, b, s, t) = (10.0, 90.0, 3.0, 1.0);
    let yaml = "arrivals: {markov: {states: [{rate: 10/s, mean: 3s}, {rate: 90/s, mean: 1s}]}}\n\
                prompts: unique";
    let rate = (a * s + b * t) / (s + t);
    let dispersion =
        1.0 + 2.0 * f64::powi((a - b) * s * t, 2) / ((s + t).powi(2) * (a * s + b * t));
    let (window, windows) = (400.0, 600);
    let mut counts = vec![0.0; windows];
    for request in requests(yaml, (rate * window * windows as f64 * 1.1) as usize) {
        let cell = (request.at.as_secs_f64() / window) as usize;
        if let Some(count) = counts.get_mut(cell) {
            *count += 1.0;
        }
    }
    let (mean, sd) = mean_and_sd(&counts);
    let error = Z * (rate * window * dispersion / windows as f64).sqrt();
    assert!((mean - rate * window).abs() < error, "mean count {mean}, not {}", rate * window);
    // A variance estimated from n windows is within sqrt(2/n) of itself; a short
    // correlation at the windows' ends takes a little.
    let got = sd * sd / mean;
    let share = got / dispersion;
    assert!(
        (share - 1.0).abs() < Z * (2.0 / windows as f64).sqrt() + 0.01,
        "{got}, not {dispersion}"
    );
}

#[test]
fn thinned_arrivals_follow_the_integral_of_the_rate() {
    // A day of 24 cells: the integral of 1 + a cos over each.
    let yaml = "arrivals: {sinusoidal: {mean: 1/s, amplitude: 0.8, peak: 15h}}\nprompts: unique";
    let mut counts = [0.0; 48];
    for request in requests(yaml, 200_000) {
        if let Some(count) = counts.get_mut((request.at.as_secs_f64() / 3600.0) as usize) {
            *count += 1.0;
        }
    }
    let turn = |hours: f64| (hours - 15.0) / 24.0 * std::f64::consts::TAU;
    for (hour, count) in counts.iter().enumerate() {
        let hour = hour as f64;
        let swing = (turn(hour + 1.0).sin() - turn(hour).sin()) * 24.0 / std::f64::consts::TAU;
        let expected = 3600.0 * (1.0 + 0.8 * swing);
        assert!((count - expected).abs() < Z * expected.sqrt(), "{hour}: {count}, not {expected}");
    }
}

#[test]
fn ramps_and_spikes_have_the_counts_of_their_areas() {
    for (yaml, areas) in [
        (
            "ramp: {from: 100/s, to: 300/s, begins: 10s, over: 20s}",
            [1000.0, 1500.0, 2500.0, 3000.0],
        ),
        ("spike: {base: 50/s, peak: 500/s, at: 12s, lasts: 5s}", [500.0, 2750.0, 500.0, 500.0]),
        (
            "spike: {base: 50/s, peak: 500/s, at: 12s, lasts: 5s, every: 20s}",
            [500.0, 2750.0, 500.0, 2750.0],
        ),
    ] {
        let mut counts = [0.0_f64; 4];
        for request in requests(&format!("arrivals: {{{yaml}}}\nprompts: unique"), 12_000) {
            if let Some(count) = counts.get_mut((request.at.as_secs_f64() / 10.0) as usize) {
                *count += 1.0;
            }
        }
        for (count, area) in counts.iter().zip(areas) {
            assert!((count - area).abs() < Z * f64::sqrt(area), "{yaml}: {counts:?}");
        }
    }
}

#[test]
fn batches_come_at_one_instant_and_have_their_mean_size() {
    let yaml = "arrivals: {batch: {arrivals: {constant: {rate: 1/s}}, size: {constant: 3}}}";
    let at: Vec<u64> = requests(yaml, 7).iter().map(|r| r.at.as_nanos() / 1_000_000_000).collect();
    assert_eq!(at, [0, 0, 0, 1, 1, 1, 2]);
    let n = 200_000;
    let yaml = "arrivals: {batch: {arrivals: {poisson: {rate: 1/s}}, size: {geometric: 5}}}";
    let all = requests(yaml, n);
    let batches = 1 + all.windows(2).filter(|pair| pair[0].at != pair[1].at).count();
    let mean = n as f64 / batches as f64;
    // A geometric number of mean m has the variance m (m - 1).
    assert!((mean - 5.0).abs() < Z * (20.0 / batches as f64).sqrt(), "{mean}");
}
