use proptest::prelude::*;

use super::*;
use crate::serving::step::memory::MemorySettings;
use crate::serving::step::step_time::{Batch, Growth, MOST_TICKS, TICKS_PER_NANO};

fn spec(yaml: &str) -> RooflineSpec {
    let value: serde_yaml::Value = serde_yaml::from_str(yaml).unwrap();
    serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap()
}

fn model(yaml: &str) -> Roofline {
    spec(yaml).load(&DataPaths::default()).unwrap()
}

fn millis(model: &Roofline, batch: &Batch) -> f64 {
    let pace = model.pace(batch, &Growth::default());
    pace.first as f64 / TICKS_PER_NANO as f64 / 1e6
}

/// Sequences that have `context` tokens each.
fn decode(seqs: u64, context: u64) -> Batch {
    Batch {
        decode_seqs: seqs,
        context_tokens: seqs * context,
        decode_context: seqs * context,
        decode_shortest: context,
        decode_longest: context,
        ..Batch::default()
    }
}

fn prompt(tokens: u64) -> Batch {
    Batch {
        prefill_tokens: tokens,
        prefill_pairs: tokens * (tokens + 1) / 2,
        prefill_seqs: 1,
        context_tokens: tokens,
        ..Batch::default()
    }
}

/// Nothing but what matrices and memory take.
const BARE: &str = "compute_efficiency: 1, attention_efficiency: 1, bandwidth_efficiency: 1, \
                    per_layer: 0s, per_step: 0s";

fn near(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 2e-3, "{found} of {expected}");
}

#[test]
fn few_sequences_wait_for_memory_and_long_prompts_for_arithmetic() {
    let llama = model("{}");
    // What norms, rotation and activation read and write of a token: 32 layers x (8 x 4096 +
    // 2 x 6144 + 3 x 14,336) numbers of 2 bytes at 80 % of 3350 GB/s.
    let token = 32.0 * 88_064.0 * 2.0 / 2680e9 * 1e3;
    // 2 bytes of 6.979e9 weights of the layers and 0.525e9 of the head are 5.600 ms; 32
    // layers and the step take 1.14 ms; 32 contexts of 1000 tokens of 131,072 bytes 1.565 ms;
    // and 32 rows of 32 x (6144 + 8192 + 32,768 + 18,432) + 132,352 numbers 0.055 ms.
    near(millis(&llama, &decode(32, 1000)), 5.600 + 1.14 + 1.565 + 0.055 + 32.0 * token);
    // 2048 tokens x 2 x 6.979e9 at 70 % of 989.5e12 are 41.27 ms, attention among them
    // 4 x 32 x 4096 x 2048 x 2049 / 2 at 55 % is 2.02 ms; the head reads its weights for one
    // sequence in 0.392 ms.
    near(millis(&llama, &prompt(2048)), 41.27 + 2.02 + 0.392 + 1.14 + 2048.0 * token);
}

#[test]
fn gpus_that_share_layers_share_what_they_take_and_add_up() {
    let of = |gpus: u32| {
        let yaml = format!(
            "{{ model: llama-3.1-70b, tensor_parallel_size: {gpus}, {BARE}, \
             link: {{ latency: 10us, bandwidth: 100GB/s }} }}"
        );
        millis(&model(&yaml), &decode(16, 1000))
    };
    let alone = millis(&model(&format!("{{ model: llama-3.1-70b, {BARE} }}")), &decode(16, 1000));
    // 161 sums of 16 x 8192 numbers of 2 bytes, of which a GPU sends 3/2, and the words of 16
    // sequences, of which it sends 3/4.
    let sums = 161.0 * (0.010 + 16.0 * 8192.0 * 2.0 * 1.5 / 100e9 * 1e3);
    let words = 0.010 + 16.0 * 128_256.0 * 2.0 * 0.75 / 100e9 * 1e3;
    // All is a quarter but for what each GPU has of rows: what comes in and goes out of
    // layers, and is normalised.
    let rows = 16.0 * 80.0 * 2.0 * ((4.0 + 8.0) * 8192.0) / 3350e9 * 1e3 * 0.75;
    near(of(4), alone / 4.0 + sums + words + rows);
}

#[test]
fn more_gpus_than_a_node_has_send_over_the_network() {
    let of = |gpus: u32, latency: u32| {
        let yaml = format!(
            "{{ model: llama-3.1-405b, gpu: h200, tensor_parallel_size: {gpus}, {BARE}, \
             network: {{ latency: {latency}us, bandwidth: 40GB/s }} }}"
        );
        millis(&model(&yaml), &decode(1, 10))
    };
    assert_eq!(of(8, 30), of(8, 20));
    // 253 sums, and the words.
    assert!((of(16, 30) - of(16, 20) - 254.0 * 0.010).abs() < 1e-6);
}

#[test]
fn stages_work_on_parts_of_the_batch_at_once() {
    let of = |stages: u32| {
        let yaml = format!(
            "{{ model: qwen3-32b, pipeline_parallel_size: {stages}, {BARE}, \
             link: {{ latency: 0s, bandwidth: 1TB/s }} }}"
        );
        millis(&model(&yaml), &decode(64, 1000))
    };
    // A step of 64 in four stages takes as long as one of 16, and three transfers of 16
    // tokens of 2 x 5120 numbers.
    let yaml = format!("{{ model: qwen3-32b, {BARE} }}");
    let sent = 3.0 * 16.0 * 2.0 * 5120.0 * 2.0 / 1e12 * 1e3;
    near(of(4), millis(&model(&yaml), &decode(16, 1000)) + sent);
}

#[test]
fn experts_are_read_that_any_token_goes_to() {
    let moe = model(&format!("{{ model: qwen3-30b-a3b, {BARE} }}"));
    let read = |tokens: f64| {
        let touched = 128.0 * (1.0 - (1.0 - 8.0 / 128.0f64).powf(tokens));
        let attention = 2048.0 * 128.0 * 72.0;
        let layer = attention + 2048.0 * 128.0 + touched * 3.0 * 2048.0 * 768.0;
        (48.0 * layer + 151_936.0 * 2048.0) * 2.0 / 3350e9 * 1e3
    };
    near(millis(&moe, &decode(1, 1)), read(1.0));
    let sixty = millis(&moe, &decode(60, 1));
    assert!(sixty > read(60.0) && sixty < 1.03 * read(60.0), "{sixty} beside {}", read(60.0));
}

#[test]
fn latent_attention_reads_little_and_multiplies_much() {
    let one = model(&format!("{{ model: deepseek-v3, gpu: h200, {BARE} }}"));
    let more = millis(&one, &decode(1, 20_000)) - millis(&one, &decode(1, 10_000));
    // 61 layers of 128 heads x 2 x 1088 operations at 989.5e12: longer than reading 1152
    // bytes at 4800 GB/s.
    near(more, 10_000.0 * 61.0 * 128.0 * 2.0 * 1088.0 / 989.5e12 * 1e3);
    let shared =
        model(&format!("{{ model: deepseek-v3, tensor_parallel_size: 8, gpu: h200, {BARE} }}"));
    let more = millis(&shared, &decode(1, 20_000)) - millis(&shared, &decode(1, 10_000));
    near(more, 10_000.0 * 61.0 * 1152.0 / 4800e9 * 1e3);
}

#[test]
fn layers_with_a_window_read_no_more_than_that() {
    let gemma = model(&format!("{{ model: gemma-3-27b, {BARE} }}"));
    let at = |context| millis(&gemma, &decode(8, context));
    let token = 2.0 * 16.0 * 128.0 * 2.0 / 3350e9 * 1e3;
    near(at(1000) - at(500), 8.0 * 500.0 * 62.0 * token);
    near(at(9000) - at(5000), 8.0 * 4000.0 * 10.0 * token);
    // Of a prompt the ten see all and the others 1024 tokens: the longer it takes, the less
    // arithmetic is reached.
    let of = |reached: &str| {
        let slow = BARE.replace("attention_efficiency: 1", reached);
        millis(&model(&format!("{{ model: gemma-3-27b, {slow} }}")), &prompt(8192))
    };
    let pairs = 10.0 * 8192.0 * 8193.0 / 2.0 + 52.0 * (1024.0 * 1025.0 / 2.0 + 7168.0 * 1024.0);
    let work = pairs * 4.0 * 32.0 * 128.0 / 989.5e12 * 1e3;
    near(of("attention_efficiency: 0.25") - of("attention_efficiency: 0.5"), 2.0 * work);
}

#[test]
fn fewer_bits_save_traffic_and_where_there_are_units_arithmetic() {
    let of = |more: &str, batch: &Batch| {
        millis(&model(&format!("{{ model: qwen3-32b, {BARE}, {more} }}")), batch)
    };
    let (one, many) = (decode(1, 1), prompt(8192));
    let head = 151_936.0 * 5120.0 * 2.0 / 3350e9 * 1e3;
    let (bf16, fp8) = (of("gpu: h100", &one), of("precision: { weights: fp8 }", &one));
    near(fp8 - head, (bf16 - head) / 2.0);
    let int4 = of("precision: { weights: int4 }", &one);
    near(int4 - head, (bf16 - head) / 2.0 * (0.5 + 2.5 / 128.0));
    let saved = of("gpu: h100", &many) - of("precision: { weights: fp8 }", &many);
    near(saved, 8192.0 * 2.0 * 31.207e9 / 2.0 / 989.5e12 * 1e3);
    // An A100 has no units for fp8, and four bits are multiplied as sixteen.
    let a100 = |bits: &str| of(&format!("gpu: a100, precision: {{ weights: {bits} }}"), &many);
    assert_eq!(a100("fp8"), a100("bf16"));
    assert_eq!(of("precision: { weights: int4 }", &many), of("gpu: h100", &many));
    let keys = decode(64, 4000);
    let saved = of("gpu: h100", &keys) - of("precision: { kv_cache: fp8 }", &keys);
    near(saved, 64.0 * 4000.0 * 131_072.0 * 2.0 / 2.0 / 3350e9 * 1e3);
    // gpt-oss: experts of 4.25 bits, all else of 16.
    let gpt = millis(&model(&format!("{{ model: gpt-oss-120b, {BARE} }}")), &decode(1, 1));
    let attention = 36.0 * (2880.0 * 64.0 * 144.0 + 2880.0 * 128.0) * 2.0;
    let experts = 36.0 * 4.0 * 3.0 * 2880.0 * 2880.0 * 4.25 / 8.0;
    near(gpt, (attention + experts + 201_088.0 * 2880.0 * 2.0) / 3350e9 * 1e3);
}

#[test]
fn bytes_take_the_place_of_bits() {
    let settings = MemorySettings {
        gpu_memory_utilization: 0.9,
        max_num_seqs: 256,
        max_num_batched_tokens: 2048,
        max_model_len: None,
        block_size: 16,
    };
    let blocks = |more: &str| model(&format!("{{ {more} }}")).memory().blocks(&settings).unwrap();
    assert_eq!(blocks("weight_bytes: 2, kv_bytes: 2"), blocks(""));
    assert_eq!(blocks("kv_bytes: 1"), blocks("precision: { kv_cache: fp8 }"));
    assert!(blocks("weight_bytes: 1") > blocks("precision: { weights: fp8 }"), "head and all");
    let old = millis(&model(&format!("{{ weight_bytes: 1, {BARE} }}")), &decode(1, 1));
    near(old, (8.03e9 - 0.525e9) / 3350e9 * 1e3);
}

#[test]
fn custom_figures_are_those_of_a_model_without_words() {
    let of = |yaml: &str| millis(&model(&format!("{{ model: {yaml}, {BARE} }}")), &decode(1, 100));
    let custom = of("{ custom: { parameters_billion: 8.03 } }");
    // 8.03e9 weights of 2 bytes, 100 tokens of 131,072 bytes.
    near(custom, (2.0 * 8.03e9 + 100.0 * 131_072.0) / 3350e9 * 1e3);
}

#[test]
fn sizes_that_no_model_has_are_refused() {
    for wrong in [
        "parameters_billion: 1.0e300",
        "num_attention_heads: 4294967295",
        "num_key_value_heads: 4294967295",
        "head_dim: 4294967295",
        "num_hidden_layers: 4294967295",
        "num_hidden_layers: 0",
    ] {
        let spec = spec(&format!("{{ model: {{ custom: {{ {wrong} }} }} }}"));
        let problem = spec.load(&DataPaths::default()).unwrap_err();
        assert_eq!(problem.path.to_string(), "roofline.model.custom", "{wrong}");
    }
}

#[test]
fn nothing_overflows() {
    let huge = Batch {
        prefill_tokens: 1 << 40,
        prefill_pairs: u64::MAX,
        prefill_seqs: 1 << 20,
        decode_seqs: 1 << 40,
        context_tokens: u64::MAX,
        decode_context: u64::MAX >> 1,
        decode_shortest: 1,
        decode_longest: u64::MAX,
    };
    for name in ["gemma-3-27b", "deepseek-v3", "llama-3.1-405b"] {
        let growth = Growth { context_tokens: 1 << 41, decode_context: 1 << 40, prefill_pairs: 7 };
        let pace = model(&format!("{{ model: {name}, gpu: l4 }}")).pace(&huge, &growth);
        assert_eq!((pace.first, pace.steps), (MOST_TICKS, 1), "{name}");
    }
}

proptest! {
    #[test]
    fn a_pace_holds_as_long_as_it_says(
        kind in 0usize..4, seqs in 0u64..300, shortest in 1u64..3000, more in 0u64..3000,
        mean in 0.0f64..1.0, prefill_tokens in 0u64..3000, computed in 0u64..100_000,
        scale in 0u64..20, pair in 0u64..1 << 24,
    ) {
        let name = ["llama-3.1-8b", "gemma-3-27b", "gpt-oss-20b", "deepseek-v3"][kind];
        let mut model = model(&format!("{{ model: {name}, pipeline_parallel_size: 2 }}"));
        for attention in &mut model.attention {
            attention.read <<= scale;
            attention.decode <<= scale / 2;
            attention.pair = pair;
        }
        let longest = shortest + if seqs > 1 { more } else { 0 };
        let mean = ((longest - shortest) as f64 * mean) as u64;
        let context = seqs * shortest + mean * seqs.saturating_sub(1);
        // A prompt's parts are computed as decodes go on.
        let growth = Growth {
            prefill_pairs: prefill_tokens * prefill_tokens,
            context_tokens: seqs + prefill_tokens,
            decode_context: seqs,
        };
        let batch = |step: u64| Batch {
            prefill_tokens,
            prefill_seqs: u64::from(prefill_tokens > 0),
            prefill_pairs: prefill_tokens * (computed + step * prefill_tokens)
                + prefill_tokens * (prefill_tokens + 1) / 2,
            decode_seqs: seqs,
            context_tokens: context + seqs * step
                + if prefill_tokens > 0 { computed + (step + 1) * prefill_tokens } else { 0 },
            decode_context: context + seqs * step,
            decode_shortest: if seqs > 0 { shortest + step } else { u64::MAX },
            decode_longest: if seqs > 0 { longest + step } else { 0 },
        };
        let pace = model.pace(&batch(0), &growth);
        let last = pace.steps.min(10_000);
        for step in (0..last.min(40)).chain([last / 2, last - 1]) {
            let later = model.pace(&batch(step), &growth);
            prop_assert_eq!(later.first as i64, pace.first as i64 + pace.slope * step as i64);
        }
        prop_assert!(prefill_tokens == 0 || kind == 0 || kind == 3 || pace.steps == 1);
    }
}
