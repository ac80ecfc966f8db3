//! Each distribution of lengths against its moments and shares.

use super::{Z, mean_and_sd, requests};

/// Lengths of `n` answers.
fn answers(spec: &str, n: usize) -> Vec<f64> {
    let all = requests(&format!("prompts: unique\ntokens: {{output: {{{spec}}}}}"), n);
    all.iter().map(|request| f64::from(request.output_tokens.unwrap())).collect()
}

fn share(values: &[f64], holds: impl Fn(f64) -> bool) -> f64 {
    values.iter().filter(|value| holds(**value)).count() as f64 / values.len() as f64
}

#[test]
fn lengths_have_their_means_and_standard_deviations() {
    let n = 200_000;
    // Tokens are whole: rounding adds a variance of 1/12 to a continuous length.
    for (spec, mean, variance, fourth) in [
        ("uniform: {min: 11, max: 90}", 50.5, (80.0 * 80.0 - 1.0) / 12.0, 1.8),
        ("normal: {mean: 300, sd: 40}", 300.0, 1600.0 + 1.0 / 12.0, 3.0),
        ("exponential: {mean: 211}", 211.0, 211.0 * 210.0, 9.0),
        ("exponential: {mean: 1}", 1.0, 0.0, 0.0),
        ("constant: 7", 7.0, 0.0, 0.0),
    ] {
        let (got, sd) = mean_and_sd(&answers(spec, n));
        let exact: f64 = variance;
        let error = Z * (exact / n as f64).sqrt();
        assert!((got - mean).abs() <= error, "{spec}: mean {got}, not {mean}");
        // Var(s^2) / s^4 = (kurtosis - 1) / n.
        let error = exact * Z * ((fourth - 1.0_f64).max(0.0) / n as f64).sqrt();
        assert!((sd * sd - exact).abs() <= error, "{spec}: variance {}, not {exact}", sd * sd);
    }
}

#[test]
fn the_extremes_of_a_uniform_range_occur_and_nothing_beyond() {
    let values = answers("uniform: {min: 3, max: 5}", 10_000);
    for tokens in [3.0, 4.0, 5.0] {
        let got = share(&values, |value| value == tokens);
        assert!((got - 1.0 / 3.0).abs() < Z * (2.0 / 9.0 / 1e4_f64).sqrt(), "{tokens}: {got}");
    }
    assert_eq!(share(&values, |value| (3.0..=5.0).contains(&value)), 1.0);
}

#[test]
fn a_mixture_has_a_lognormal_body_and_a_pareto_tail() {
    let n = 400_000;
    let spec = "mixture: {lognormal: {mean: 500, sigma: 0.5}, \
                pareto: {min: 4000, alpha: 1.5}, tail: 0.05}";
    let values = answers(spec, n);
    // Beyond 3999.5 the body has next to nothing: (ln 4000 - mu) / sigma = 4.4.
    for (at, expected) in
        [(4000.0, 0.05), (8000.0, 0.05 * 2f64.powf(-1.5)), (40_000.0, 0.05 * 10f64.powf(-1.5))]
    {
        let got = share(&values, |value| value >= at);
        let error = Z * (expected * (1.0 - expected) / n as f64).sqrt() + 1e-5;
        assert!((got - expected).abs() < error, "beyond {at}: {got}, not {expected}");
    }
    let body: Vec<f64> = values.into_iter().filter(|value| *value < 3999.5).collect();
    let (mean, _) = mean_and_sd(&body);
    assert!((mean - 500.0).abs() < Z * 500.0 * 0.533 / (body.len() as f64).sqrt() + 0.1, "{mean}");
}

#[test]
fn a_histogram_gives_its_shares_and_spreads_evenly_within_a_bin() {
    let n = 300_000;
    let values =
        answers("histogram: [{to: 10, count: 1}, {to: 20, count: 0}, {to: 120, count: 3}]", n);
    for (from, to, expected) in [
        (1.0, 10.0, 0.25),
        (11.0, 20.0, 0.0),
        (21.0, 120.0, 0.75),
        (21.0, 70.0, 0.375),
        (1.0, 1.0, 0.025),
    ] {
        let got = share(&values, |value| (from..=to).contains(&value));
        let error = Z * (expected * (1.0 - expected) / n as f64).sqrt();
        assert!((got - expected).abs() <= error, "{from} to {to}: {got}, not {expected}");
    }
}

#[test]
fn answers_go_with_their_prompts_as_far_as_they_are_correlated() {
    let n = 100_000;
    for rho in [-0.8, 0.0, 0.5, 1.0] {
        let all = requests(
            &format!(
                "prompts: unique\ntokens: {{input: {{lognormal: {{mean: 1000, sigma: 1}}}}, \
                 output: {{lognormal: {{mean: 200, sigma: 0.7}}}}, correlation: {rho}}}"
            ),
            n,
        );
        // The logarithms are jointly normal: their correlation is rho itself.
        let x: Vec<f64> = all.iter().map(|r| (r.input_decitokens as f64 / 10.0).ln()).collect();
        let y: Vec<f64> = all.iter().map(|r| f64::from(r.output_tokens.unwrap()).ln()).collect();
        let ((mx, sx), (my, sy)) = (mean_and_sd(&x), mean_and_sd(&y));
        let products = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>();
        let got = products / n as f64 / sx / sy;
        // Fisher: sd (1 - rho^2) / sqrt(n); rounding to tokens takes a little.
        let error = Z * (1.0 - rho * rho) / (n as f64).sqrt() + 0.003;
        assert!((got - rho).abs() < error, "correlation {got}, not {rho}");
        assert!((sy - 0.7).abs() < 0.01, "the answers' own distribution stays: {sy}");
    }
}
