//! Times and counts of workflows against closed forms.

use windtunnel::kernel::{Duration, Streams, Time};

use crate::driver::{Reply, assert_mean, plan, run_alone, run_at};

const COUNT: u64 = 20_000;

fn harmonic(from: u32, to: u32) -> f64 {
    (from..=to).map(|i| 1.0 / f64::from(i)).sum()
}

fn tool_spans(steps: &str) -> Vec<f64> {
    let yaml = format!("workflows: {{ w: {{ steps: {steps} }} }}");
    run_alone(&plan(&yaml), COUNT, |_| Reply::default()).spans()
}

const EXP: &str = "tool: { latency: { exponential: { mean: 2s } } }";

#[test]
fn a_chain_takes_the_sum_of_its_steps() {
    let spans = tool_spans(&format!(
        "{{ a: {{ {EXP} }}, b: {{ {EXP}, after: a }}, c: {{ {EXP}, after: b }} }}"
    ));
    assert_mean(&spans, 6.0);
    // Erlang: the variance is that of three exponentials.
    let squares: Vec<f64> = spans.iter().map(|span| (span - 6.0).powi(2)).collect();
    assert_mean(&squares, 12.0);
}

#[test]
fn a_fork_join_of_n_exponentials_takes_their_mean_times_the_harmonic_number() {
    for n in [2, 5, 10] {
        let spans =
            tool_spans(&format!("{{ a: {{ {EXP}, map: {{ items: {{ constant: {n} }} }} }} }}"));
        assert_mean(&spans, 2.0 * harmonic(1, n));
    }
    // The same of steps of their own.
    let spans = tool_spans(&format!(
        "{{ a: {{ {EXP} }}, b: {{ {EXP} }}, c: {{ {EXP} }}, d: {{ after: [a, b, c] }} }}"
    ));
    assert_mean(&spans, 2.0 * harmonic(1, 3));
}

#[test]
fn k_of_n_takes_the_order_statistic() {
    let of = |join: &str| {
        tool_spans(&format!(
            "{{ a: {{ {EXP}, map: {{ items: {{ constant: 7 }}, join: {join} }} }} }}"
        ))
    };
    assert_mean(&of("any"), 2.0 / 7.0);
    assert_mean(&of("{ at_least: 3 }"), 2.0 * harmonic(5, 7));
    assert_mean(&of("quorum"), 2.0 * harmonic(4, 7));
    // Of steps: the second of three; the third is called off.
    let spans = tool_spans(&format!(
        "{{ a: {{ {EXP} }}, b: {{ {EXP} }}, c: {{ {EXP} }},
            d: {{ after: [a, b, c], join: {{ at_least: 2 }} }} }}"
    ));
    assert_mean(&spans, 2.0 * harmonic(2, 3));
}

#[test]
fn items_of_which_few_are_done_at_a_time_take_longer() {
    let spans = tool_spans(
        "{ a: { tool: { latency: 2s }, map: { items: { constant: 7 }, concurrency: 3 } } }",
    );
    assert!(spans.iter().all(|span| (span - 6.0).abs() < 1e-9));
}

#[test]
fn a_loop_that_stops_by_chance_is_geometric() {
    let yaml = "workflows: { w: { steps: { a: {
        tool: { latency: 1s }, loop: { max: 6, stop: 0.3 } } } } }";
    let spans = run_alone(&plan(yaml), COUNT, |_| Reply::default()).spans();
    assert_mean(&spans, (1.0 - 0.7_f64.powi(6)) / 0.3);
}

#[test]
fn retries_succeed_and_take_as_often_as_they_should() {
    let plan = plan(
        "workflows: { w: { steps: { a: {
            tool: { latency: 1s, failure: 0.4 }, retries: 2,
            backoff: { base: 1s, factor: 2, jitter: false } } } } }",
    );
    let done = run_alone(&plan, COUNT, |_| Reply::default());
    let ok: Vec<f64> =
        done.ends.iter().map(|(end, _)| f64::from(u8::from(end.outcome.is_ok()))).collect();
    assert_mean(&ok, 1.0 - 0.4_f64.powi(3));
    // One try of 1 s, and 1 + 1 s and 2 + 1 s for further ones.
    assert_mean(&done.spans(), 1.0 + 0.4 * 2.0 + 0.16 * 3.0);
    let step = done.step(&plan, "a");
    assert_eq!(step.jobs, step.runs + step.retries);
}

#[test]
fn branches_are_taken_by_weight_and_what_is_left_out_takes_no_time() {
    let plan = plan(
        "workflows: { w: { steps: {
            ask: { choose: { short: 3, long: 1 } },
            short: { after: ask, tool: { latency: 1s } },
            long: { after: ask, tool: { latency: 9s } },
            end: { after: [short, long], tool: { latency: 1s } } } } }",
    );
    let done = run_alone(&plan, COUNT, |_| Reply::default());
    assert_mean(&done.spans(), 0.75 * 1.0 + 0.25 * 9.0 + 1.0);
    let (short, long) = (done.step(&plan, "short"), done.step(&plan, "long"));
    assert_eq!(short.runs + long.runs, COUNT);
    assert_eq!((short.skipped, long.skipped), (long.runs, short.runs));
}

/// Two M/M/1 stations that each arrival must pass both of: the mean time until both
/// are done is (12 - rho) / 8 times that of one M/M/1 (L. Flatto, S. Hahn. SIAM J.
/// Appl. Math. 44, 1984; R. Nelson, A. N. Tantawi. IEEE Trans. Computers 37, 1988).
#[test]
fn a_fork_join_under_load_takes_as_long_as_nelson_and_tantawi_say() {
    let plan = plan(
        "workflows: { w: { steps: {
            a: { tool: { latency: { exponential: { mean: 1s } }, concurrency: 1 } },
            b: { tool: { latency: { exponential: { mean: 1s } }, concurrency: 1 } } } } }",
    );
    for rho in [0.3, 0.7] {
        let mut means = Vec::new();
        for seed in 0..30 {
            let mut gaps = Streams::new(seed, 1).stream("gaps");
            let mut at = Time::ZERO;
            let times = (0..6000).map(|_| {
                at += gaps.exponential_span(1.0 / rho);
                at
            });
            let spans = run_at(&plan, seed, times, |_| Reply::default()).spans();
            let late = &spans[1000..];
            means.push(late.iter().sum::<f64>() / late.len() as f64);
        }
        assert_mean(&means, (12.0 - rho) / 8.0 / (1.0 - rho));
    }
}

/// Each turn of an agent reads all turns before: the tokens that it reads in all grow
/// with the square of the turns.
#[test]
fn an_agents_prompts_grow_by_what_was_said_before() {
    let plan = plan(
        "workflows: { w: { agent: { react: {
            think: { system: 500, prompt: { constant: 40 }, output: { constant: 30 } },
            tool: { latency: 1s, output: { constant: 200 } },
            stop: 0, max_turns: 5 } } } }",
    );
    let done = run_alone(&plan, 1, |asked| {
        let tokens = asked.output_tokens.expect("the step says how many");
        Reply { after: Duration::from_secs(1), tokens, ..Reply::default() }
    });
    let read: Vec<u64> = done.asked.iter().map(|asked| asked.input_decitokens / 10).collect();
    // The system prompt, the question of 100 tokens, the instruction, and 230 a turn.
    assert_eq!(read, [640, 870, 1100, 1330, 1560]);
    let prompts: std::collections::BTreeSet<_> = done.asked.iter().map(|it| it.prompt).collect();
    assert_eq!(prompts.len(), 5, "each turn asks something new");
}

#[test]
fn a_vote_of_three_is_right_as_often_as_two_of_them_are() {
    let plan = plan(
        "workflows: { w: { steps: { a: { llm: {},
            map: { items: { constant: 3 }, pick: vote, alternatives: 1 } } } } }",
    );
    let done = run_alone(&plan, COUNT, |_| Reply { quality: 0.7, ..Reply::default() });
    let right: Vec<f64> = done
        .ends
        .iter()
        .map(|(end, _)| f64::from(u8::from(end.outcome.is_ok_and(|said| said.label == 0))))
        .collect();
    assert_mean(&right, 0.7_f64.powi(3) + 3.0 * 0.49 * 0.3);
}
