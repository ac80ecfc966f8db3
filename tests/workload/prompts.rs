//! Each population of prompts against the shares that it promises.

use std::collections::HashSet;

use windtunnel::cache::cache_key_md5;
use windtunnel::kernel::Streams;
use windtunnel::workload::{PromptId, PyNumber};

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

#[test]
fn a_filled_template_is_a_real_text_with_the_key_that_python_gives_it() {
    let yaml = r#"
prompts:
  templates:
    texts: ["Summarise {doc} in {n} words"]
    slots: { doc: { zipf: { count: 1000 } }, n: { range: { min: 50, max: 100 } } }
"#;
    let plan = super::plan(yaml);
    let mut source = plan.source(&Streams::new(1, 0)).unwrap();
    let text = source.prompt_text(PromptId(16 + 1000 * 20)).into_owned();
    assert_eq!(text, "Summarise doc-17 in 70 words");
    // python3: hashlib.md5(b"Summarise doc-17 in 70 words|0.7|100|0.9").
    let key = cache_key_md5(&text, PyNumber::Float(0.7), 100, PyNumber::Float(0.9));
    assert_eq!(key, "df76cd438d800698fd455ece42a1a86e");
    assert_eq!(plan.prompt_named(&text), Some(PromptId(16 + 1000 * 20)));
    for request in source.by_ref().take(1000).map(Result::unwrap).collect::<Vec<_>>() {
        let text = source.prompt_text(request.prompt);
        assert_eq!((request.chars as usize, request.input_decitokens), (text.len(), 65), "{text}");
    }
}

#[test]
fn the_tokens_of_templates_may_be_given_instead() {
    let yaml = "prompts: {templates: {texts: [\"What is {thing}?\"], slots: {thing: {zipf: {}}}}}\n\
                tokens: {input: {constant: 700}}";
    let request = requests(yaml, 1)[0];
    assert_eq!(request.input_decitokens, 7000);
    assert!(request.chars < 30);
}

#[test]
fn payloads_add_to_tokens_and_bytes_and_stay_with_their_prompts() {
    let with = |payloads: &str| {
        requests(
            &format!(
                "prompts: {{intents: {{count: 50, phrasings: 2}}}}\n\
                 tokens: {{input: {{constant: 100}}}}\n{payloads}"
            ),
            5000,
        )
    };
    let plain = with("");
    let images = with("payloads: {images: {share: 0.3}}");
    let mut known = vec![None; 50];
    for (plain, request) in plain.iter().zip(&images) {
        assert_eq!(
            (plain.at, plain.prompt, plain.chars),
            (request.at, request.prompt, request.chars)
        );
        // An image of 1024 by 1024: 765 tokens, and a third of a byte a pixel.
        let image = (10 * 765, 1024 * 1024 / 3);
        let payload = (request.input_decitokens - 1000, request.payload_bytes);
        assert!(payload == (0, 0) || payload == image, "{payload:?}");
        let intent = request.prompt.0 as usize / 2;
        assert_eq!(*known[intent].get_or_insert(payload), payload, "the same in other words");
    }
    let share = known.iter().flatten().filter(|payload| payload.1 > 0).count();
    assert!((5..=25).contains(&share), "{share} of 50");
}
