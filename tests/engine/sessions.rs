//! Sessions before an engine: what their next turns find in its prefix cache.

use crate::runs::{metric, simulate};

/// One conversation of three turns: a prompt of 100 tokens, messages of 50, answers of 40.
fn hit_rate(engine: &str, session: &str) -> f64 {
    let run = simulate(&format!(
        "
duration: 10m
warmup: 0s
workload:
  arrivals: {{ constant: {{ rate: 0.001/s }} }}
  prompts: unique
  tokens: {{ input: {{ constant: 100 }}, output: {{ constant: 40 }} }}
  session: {{ turns: {{ constant: 3 }}, message: {{ constant: 50 }}, think_time: {{ constant: 5s }}{session} }}
  max_tokens: 1000
models: {{ m: {{ server: {{ engine: {{ {engine} }} }} }} }}
"
    ));
    assert_eq!(metric(&run, "requests"), 3.0);
    metric(&run, "prefix_hit_rate")
}

#[test]
fn the_next_turn_finds_the_answer_to_the_last() {
    // Prompts of 100, 190 and 280 tokens. Of 140 and 230 tokens of prompt and answer all but
    // the last are computed: 8 and 14 blocks of 16.
    let found = 16.0 * (8.0 + 14.0) / (100.0 + 190.0 + 280.0);
    assert!((hit_rate("", "") - found).abs() < 1e-12, "{} {found}", hit_rate("", ""));
    // Of 64 tokens: 2 and 3 of them.
    let coarse = hit_rate("block_size: 64", "");
    assert!((coarse - 64.0 * (2.0 + 3.0) / 570.0).abs() < 1e-12, "{coarse}");
    assert_eq!(hit_rate("enable_prefix_caching: false", ""), 0.0);
}

#[test]
fn what_was_left_out_at_the_beginning_is_not_found_behind_it() {
    // Prompts of 100, 150 and 150 tokens, each of which begins elsewhere.
    assert_eq!(hit_rate("", ", max_context: 150"), 0.0);
}
