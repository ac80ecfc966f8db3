use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::serving::step::memory::MemorySettings;

/// A profile of a model with two layers, written to a folder.
fn write(folder: &std::path::Path, size: u32, left_out: &str) {
    let folder = folder.join(format!("tp{size}"));
    std::fs::create_dir_all(&folder).unwrap();
    let parts = ["embedding", "layernorm", "qkv_proj", "rotary_emb", "o_proj", "gate_up_proj"];
    let mut dense = "layer,tokens,time_us\n".to_owned();
    for part in parts.into_iter().chain(["act_fn", "down_proj", "final_layernorm"]) {
        if part != left_out {
            writeln!(dense, "{part},1,1\n{part},101,2").unwrap();
        }
    }
    std::fs::write(folder.join("dense.csv"), dense).unwrap();
    let rows = "layer,sequences,time_us\nlm_head,1,10\nlm_head,11,20\nsampler,1,1\nsampler,11,1\n";
    std::fs::write(folder.join("per_sequence.csv"), rows).unwrap();
    let rows = "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us
0,0,1,16,5\n0,0,1,1016,7\n0,0,11,16,6\n0,0,11,1016,36\n16,0,0,0,10\n16,1000,0,0,30\n16,0,1,16,12\n";
    std::fs::write(folder.join("attention.csv"), rows).unwrap();
    let rows = "pc,n_label,skew_rate_label,kv_big_label,kp_label,alpha,n_samples
0,n<=4,sr<=70%,kvB<=1k,kp=0,0.25,4\n0,n<=4,sr<=70%,kvB>1k,kp=0,0.5,4\n";
    std::fs::write(folder.join("skew_fit.csv"), rows).unwrap();
}

const CONFIG: &str = r#"{ "architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2,
    "hidden_size": 1000, "num_attention_heads": 2, "intermediate_size": 10, "vocab_size": 7 }"#;

fn load(folder: &std::path::Path, more: &str) -> Result<Layers, Problem> {
    std::fs::write(folder.join("config.json"), CONFIG).unwrap();
    let spec = format!("{{ profile: p, model: config.json{more} }}");
    let spec: LayersSpec = serde_yaml::with::singleton_map_recursive::deserialize(
        serde_yaml::from_str::<serde_yaml::Value>(&spec).unwrap(),
    )
    .unwrap();
    spec.load(&DataPaths { folders: vec![folder.to_path_buf()] })
}

fn layers(more: &str) -> Layers {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("p"), 1, "");
    write(&folder.path().join("p"), 2, "");
    load(folder.path(), more).unwrap()
}

fn micros(model: &Layers, batch: &Batch) -> f64 {
    let pace = model.pace(batch, &Growth::default());
    pace.first as f64 / TICKS_PER_NANO as f64 / 1e3
}

const ONE: Batch = Batch {
    prefill_tokens: 0,
    prefill_pairs: 0,
    decode_seqs: 1,
    context_tokens: 16,
    decode_context: 16,
    prefill_seqs: 0,
    decode_shortest: 16,
    decode_longest: 16,
};

#[test]
fn a_step_is_the_sum_of_its_layers() {
    let model = layers("");
    // Embedding and last norm 2, two layers of 6 parts and 2 norms 16, head and sampler 11,
    // attention 2 x 5.
    assert!((micros(&model, &ONE) - 39.0).abs() < 1e-3);
    // 16 tokens: 18 parts of 1.15; one sequence; attention 2 x 10.
    let prompt = Batch {
        prefill_tokens: 16,
        prefill_pairs: 16 * 17 / 2,
        context_tokens: 16,
        prefill_seqs: 1,
        ..Batch::default()
    };
    assert!((micros(&model, &prompt) - (18.0 * 1.15 + 11.0 + 20.0)).abs() < 1e-3);
    // The same after 500 tokens, half way to 30.
    let later = Batch { prefill_pairs: 16 * 500 + 16 * 17 / 2, context_tokens: 516, ..prompt };
    assert!((micros(&model, &later) - (18.0 * 1.15 + 11.0 + 40.0)).abs() < 1e-3);
}

#[test]
fn unequal_contexts_take_longer_than_their_mean() {
    let model = layers("");
    let equal = Batch {
        decode_seqs: 3,
        context_tokens: 3 * 516,
        decode_context: 3 * 516,
        decode_shortest: 516,
        decode_longest: 516,
        ..ONE
    };
    // A fifth of the way from 1 to 11 sequences: 6 + (21 - 6) / 5 = 9 each.
    let dense = 18.0 * 1.02 + 13.0;
    assert!((micros(&model, &equal) - (dense + 18.0)).abs() < 1e-2);
    // The longest alone would take 7 + (36 - 7) / 5 at 1016: an alpha of 0.25.
    let unequal = Batch { decode_shortest: 266, decode_longest: 1016, ..equal };
    let longest = 7.0 + (36.0 - 7.0) / 5.0;
    let expected = dense + 2.0 * (9.0 + 0.25 * (longest - 9.0));
    assert!((micros(&model, &unequal) - expected).abs() < 1e-2);
}

#[test]
fn gpus_that_share_layers_add_up_their_parts() {
    let ar = "tensor_parallel_size: 2, all_reduce: { latency: 10us, bandwidth: 1GB/s }";
    let alone = layers(", tensor_parallel_size: 2, all_reduce: { latency: 0s, bandwidth: 1TB/s }");
    let both = layers(&format!(", {ar}"));
    // 5 times 10 us and 2000 bytes at 1 GB/s.
    let difference = micros(&both, &ONE) - micros(&alone, &ONE);
    assert!((difference - 5.0 * (12.0 - 0.002)).abs() < 1e-3, "{difference}");
}

#[test]
fn memory_holds_what_weights_leave() {
    let settings = MemorySettings {
        gpu_memory_utilization: 0.9,
        max_num_seqs: 8,
        max_num_batched_tokens: 100,
        max_model_len: None,
        block_size: 4,
    };
    // 22 GiB less 2 x (2 layers x (4 x 1000 x 1000 + 3 x 1000 x 10) + 2 x 7000) bytes, half a
    // GiB and 100 tokens of 1.5 x 2 x (3 x 1000 + 3 x 10) bytes, in blocks of 4 tokens of
    // 2 x 2 x 2 x 500 numbers of 2 bytes.
    let gib = f64::from(1 << 30);
    let weights = 2.0 * (2.0 * (4e6 + 30e3) + 14e3);
    let left = 22.0 * gib * 0.9 - weights - 0.5 * gib - 100.0 * 3.0 * 3030.0;
    let model = layers(", gpu: l4");
    assert_eq!(model.memory().unwrap().blocks(&settings), Ok((left / 32_000.0) as u32));
    assert!(layers("").memory().is_none());
}

#[test]
fn what_is_missing_is_said_by_file_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("p");
    write(&profile, 1, "rotary_emb");
    let said = |more: &str| load(folder.path(), more).unwrap_err().message;
    assert!(said("").contains("dense.csv has no layer `rotary_emb`"), "{}", said(""));
    let other = said(", tensor_parallel_size: 2");
    assert!(other.contains("no `tp2`; `tensor_parallel_size` can be: 1"), "{other}");
    let odd = said(", tensor_parallel_size: 3");
    assert!(odd.contains("3 GPUs cannot share 2 heads"), "{odd}");
    write(&profile, 1, "");
    std::fs::remove_file(profile.join("tp1/attention.csv")).unwrap();
    assert!(said("").contains("attention.csv"), "{}", said(""));
}

proptest! {
    #[test]
    fn a_pace_holds_as_long_as_it_says(
        seqs in 1u64..14, shortest in 1u64..2000, more in 0u64..1500, mean in 0.0f64..1.0,
        chunk in prop_oneof![Just(0u64), 1u64..40],
    ) {
        let model = layers("");
        let longest = shortest + if seqs > 1 { more } else { 0 };
        let mean = shortest + ((longest - shortest) as f64 * mean) as u64;
        let batch = |step: u64| Batch {
            prefill_tokens: chunk,
            prefill_pairs: chunk * (chunk + 1) / 2,
            prefill_seqs: u64::from(chunk > 0),
            decode_seqs: seqs,
            context_tokens: chunk + seqs * (mean + step),
            decode_context: seqs * (mean + step),
            decode_shortest: shortest + step,
            decode_longest: longest + step,
        };
        let growth =
            Growth { context_tokens: seqs, decode_context: seqs, ..Growth::default() };
        let pace = model.pace(&batch(0), &growth);
        for step in (0..pace.steps.min(3000)).step_by(7) {
            let later = model.pace(&batch(step), &growth);
            prop_assert_eq!(later.first as i64, pace.first as i64 + pace.slope * step as i64);
        }
    }
}
