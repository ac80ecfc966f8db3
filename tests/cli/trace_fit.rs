//! `windtunnel trace fit` on logs of gateways and results of benchmarks whose laws are known: what
//! it writes runs as it is, and behaves as what was measured.

#![allow(clippy::format_collect, reason = "files of a few hundred rows")]

use std::fs;

use crate::support::{Bench, rows, stderr, stdout};

/// A request: seconds, tokens of prompt and answer.
type Asked = (f64, u64, u64);

/// To the first token it takes `0.2 s + 0.5 ms` a token of the prompt, then 20 ms a token.
fn ttft((_, input, _): &Asked) -> f64 {
    0.2 + 0.0005 * *input as f64
}

const TPOT: f64 = 0.02;

fn e2e(asked: &Asked) -> f64 {
    ttft(asked) + TPOT * (asked.2 - 1) as f64
}

/// Two requests a second in the mean.
fn asked() -> Vec<Asked> {
    let mut state = 11_u64;
    let mut draw = |most: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    let mut at = 0;
    (0..400)
        .map(|_| {
            at += draw(1000);
            (at as f64 / 1000.0, 50 + draw(1950), 2 + draw(298))
        })
        .collect()
}

fn nanos(seconds: f64) -> u64 {
    1_700_000_000_000_000_000 + (seconds * 1e9).round() as u64
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",\n")
}

/// The same requests in each format that says how they were served.
fn logs() -> Vec<(&'static str, String)> {
    let all = asked();
    let list = |of: &dyn Fn(&Asked) -> String| joined(all.iter().map(of));
    let litellm = list(&|it| {
        let at = |seconds: f64| {
            let seconds = (seconds * 1e6).round() as u64;
            let (s, us) = (seconds / 1_000_000, seconds % 1_000_000);
            format!("2026-03-01T{:02}:{:02}:{:02}.{us:06}Z", s / 3600, s / 60 % 60, s % 60)
        };
        format!(
            "{{\"request_id\": \"{}\", \"startTime\": \"{}\", \"completionStartTime\": \"{}\", \
             \"endTime\": \"{}\", \"prompt_tokens\": {}, \"completion_tokens\": {}, \"model\": \"m\", \
             \"spend\": {:e}, \"status\": \"success\"}}",
            it.0,
            at(it.0),
            at(it.0 + ttft(it)),
            at(it.0 + e2e(it)),
            it.1,
            it.2,
            it.1 as f64 * 2.5e-6 + it.2 as f64 * 1e-5
        )
    });
    let vllm = format!(
        "{{\"model_id\": \"m\", \"input_lens\": [{}], \"output_lens\": [{}], \"start_times\": [{}], \
         \"ttfts\": [{}], \"itls\": [{}]}}",
        list(&|it| it.1.to_string()),
        list(&|it| it.2.to_string()),
        list(&|it| it.0.to_string()),
        list(&|it| ttft(it).to_string()),
        list(&|it| format!("{:?}", vec![TPOT; it.2 as usize - 1])),
    );
    let guidellm = list(&|it| {
        format!(
            "{{\"request_start_time\": {}, \"request_end_time\": {}, \"prompt_tokens\": {}, \
             \"output_tokens\": {}, \"time_to_first_token_ms\": {}, \"inter_token_latency_ms\": 20.0}}",
            it.0 + 5.0,
            it.0 + 5.0 + e2e(it),
            it.1,
            it.2,
            ttft(it) * 1e3
        )
    });
    let otel = list(&|it| {
        format!(
            "{{\"span_id\": \"{}\", \"start_time\": {}, \"end_time\": {}, \"attributes\": \
             {{\"gen_ai.operation.name\": \"chat\", \"gen_ai.request.model\": \"m\", \
             \"gen_ai.usage.input_tokens\": {}, \"gen_ai.usage.output_tokens\": {}, \
             \"gen_ai.response.time_to_first_chunk\": {}}}}}",
            it.0,
            nanos(it.0),
            nanos(it.0 + e2e(it)),
            it.1,
            it.2,
            ttft(it)
        )
    });
    let blis: String = all
        .iter()
        .map(|it| {
            let us = |seconds: f64| (1e6 * (1.0 + seconds)).round() as u64;
            let (begun, ended) = (us(it.0 + ttft(it)), us(it.0 + e2e(it)));
            format!("{},{},{},m,{},{begun},{ended},ok\n", it.0, it.1, it.2, us(it.0))
        })
        .collect();
    let log: String = all
        .iter()
        .map(|it| format!("{},{},{},m,{},{TPOT}\n", it.0, it.1, it.2, ttft(it)))
        .collect();
    vec![
        ("litellm.json", format!("[{litellm}]")),
        ("vllm.json", vllm),
        (
            "guidellm.json",
            format!(
                "{{\"metadata\": {{\"guidellm_version\": \"0.5\"}}, \"benchmarks\": [{{\"config\": \
                 {{\"backend\": {{\"model\": \"m\"}}}}, \"requests\": {{\"successful\": \
                 [{guidellm}]}}}}]}}"
            ),
        ),
        ("otel.json", format!("{{\"spans\": [{otel}]}}")),
        (
            "blis.csv",
            format!(
                "request_id,input_tokens,output_tokens,model,arrival_time_us,first_chunk_time_us,\
                 last_chunk_time_us,status\n{blis}"
            ),
        ),
        ("log.csv", format!("timestamp,input_tokens,output_tokens,model,ttft,tpot\n{log}")),
    ]
}

#[test]
fn what_was_fitted_runs_as_it_is_and_is_served_as_it_was_measured() {
    let all = asked();
    let tokens = all.iter().map(|it| it.1 as f64).sum::<f64>() / all.len() as f64;
    let answers = all.iter().map(|it| it.2 as f64).sum::<f64>() / all.len() as f64;
    for (name, text) in logs() {
        let bench = Bench::new("");
        fs::write(bench.path().join(name), text).expect("a file");
        let fitted = bench.windtunnel(&["trace", "fit", name, "--experiment", "-o", "fit.yaml"]);
        assert!(fitted.status.success(), "{name}: {}", stderr(&fitted));
        let yaml = fs::read_to_string(bench.path().join("fit.yaml")).expect("what was written");
        // The laws themselves, from times that were rounded to a microsecond.
        let law = "{ tokens: { ttft: 0.2s, tpot: 0.02s, per_input_token: 0.0005s } }";
        assert!(yaml.contains(law), "{name}:\n{yaml}");
        assert!(yaml.contains("No prompt is asked again: there is no cache"), "{name}:\n{yaml}");
        assert!(!yaml.contains("\ncache:"), "{name}:\n{yaml}");
        let priced = yaml.contains("price: { input: 2.5e-6, output: 1e-5 }");
        assert_eq!(priced, name == "litellm.json", "{name}:\n{yaml}");
        let run = bench.windtunnel(&[
            "run",
            "fit.yaml",
            "--replications",
            "2",
            "--format",
            "csv",
            "--quiet",
        ]);
        assert!(run.status.success(), "{name}: {}", stderr(&run));
        let folder = bench.path().join(stdout(&run).trim());
        let point = rows(&folder.join("points.csv")).remove(0);
        let figure = |metric: &str| point[metric].parse::<f64>().expect("a number");
        // Lengths are drawn anew: of some 800 requests the mean is within 5 %.
        for (metric, expected, within) in [
            ("ttft_mean_s", 0.2 + 0.0005 * tokens, 0.05),
            ("tpot_mean_s", TPOT, 1e-9),
            ("e2e_mean_s", 0.2 + 0.0005 * tokens + TPOT * (answers - 1.0), 0.05),
        ] {
            let found = figure(metric);
            assert!(
                (found / expected - 1.0).abs() < within,
                "{name} {metric}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn a_cache_is_written_where_prompts_are_asked_again() {
    let text: String = asked()
        .iter()
        .enumerate()
        .map(|(at, it)| format!("{},{},{},question {}\n", it.0, it.1, it.2, at % 40))
        .collect();
    let bench = Bench::new("");
    let text = format!("timestamp,input_tokens,output_tokens,prompt\n{text}");
    fs::write(bench.path().join("log.csv"), text).expect("a file");
    let arguments = ["trace", "fit", "log.csv", "--experiment", "-o", "fit.yaml"];
    let fitted = bench.windtunnel(&arguments);
    assert!(fitted.status.success(), "{}", stderr(&fitted));
    let yaml = fs::read_to_string(bench.path().join("fit.yaml")).expect("what was written");
    assert!(yaml.contains("\ncache:") && !yaml.contains("there is no cache"), "{yaml}");
    let checked = bench.windtunnel(&["check", "fit.yaml"]);
    assert!(checked.status.success(), "{}", stderr(&checked));
}
