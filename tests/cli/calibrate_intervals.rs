//! Whether the intervals of fitted parameters hold the truth as often as they say.

use std::fmt::Write as _;
use std::fs;

use windtunnel::kernel::Streams;

use crate::calibrate::{FIT, TRUE, calibrate, measured_truth, number};
use crate::support::rows;

/// Measurements of the same server, each with its own errors.
const MEASUREMENTS: u64 = 12;

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    let (bench, file) = measured_truth();
    let truth = rows(&file);
    let fit: Vec<String> = TRUE[..2].iter().map(|(name, _)| format!("{FIT}.{name}")).collect();
    let known = format!("{FIT}.{}={}s", TRUE[2].0, TRUE[2].1);
    let (mut held, mut all) = (0, 0);
    for measurement in 0..MEASUREMENTS {
        let mut stream = Streams::new(measurement, 0).stream("errors");
        let mut text = "arrival_s,input_tokens,output_tokens,ttft_s,e2e_s\n".to_owned();
        // Whatever slows a server slows neighbours alike.
        let mut common = 0.0;
        for row in &truth {
            common = 0.8 * common + 0.01 * stream.normal();
            let (ttft, e2e) = (number(row, "ttft_s"), number(row, "e2e_s"));
            let first = ttft * (1.0 + 0.05 * stream.normal() + common).max(0.5);
            let rest = (e2e - ttft) * (1.0 + 0.01 * stream.normal() + common).max(0.5);
            let (at, input, output) =
                (&row["arrival_s"], &row["input_tokens"], &row["output_tokens"]);
            let _ = writeln!(text, "{at},{input},{output},{first},{}", first + rest);
        }
        fs::write(bench.path().join("noisy.csv"), text).expect("a file");
        let arguments = [
            "fit.yaml",
            "--measured",
            "noisy.csv",
            "--set",
            &known,
            "--fit",
            &fit.join(","),
            "--format",
            "csv",
        ];
        let (folder, _) = calibrate(&bench, &arguments);
        for (row, (name, truth)) in rows(&folder.join("parameters.csv")).iter().zip(TRUE) {
            let [found, low, high] =
                ["fitted", "low_95", "high_95"].map(|column| number(row, column));
            println!("{name}: {found:e} [{low:e}, {high:e}], truth {truth:e}");
            assert!(high - low < truth, "{name}: {low} to {high} says little");
            held += u32::from((low..=high).contains(&truth));
            all += 1;
        }
    }
    // 95 % of 24 are 22.8; fewer than 20 come by chance once in 100 times.
    assert!(held >= 20, "{held} of {all} intervals hold the truth");
}
