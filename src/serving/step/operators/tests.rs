use std::fmt::Write;
use std::path::Path as File;

use proptest::prelude::*;

use super::super::step_time::{Batch, Growth};
use super::*;

/// Tables whose times are by simple rules: a product of m, n and k takes 1 us and 1 ns for
/// each of their product, prompts 2 us and 100 ns a pair, decodes 3 us and 10 ns for each token
/// of their contexts, an all-reduce 5 us in a graph and 10 us without.
fn write(folder: &File) {
    let file = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let mut text = "m,n,k,latency_ms\n".to_owned();
    for m in [1u64, 20, 40] {
        for (n, k) in [8u64, 64].iter().flat_map(|n| [8u64, 32].map(|k| (*n, k))) {
            writeln!(text, "{m},{n},{k},{}", (1.0 + (m * n * k) as f64 / 1e3) / 1e3).unwrap();
        }
    }
    file("toy-vllm0.2-gemm-bf16.csv", &text);
    let columns = "batch_size,isl,step,num_heads,num_kv_heads,head_dim,latency_ms\n";
    let (mut prompts, mut decodes) = (columns.to_owned(), columns.to_owned());
    for (heads, kv) in [(1u64, 1u64), (2, 2), (4, 2)] {
        for count in [1u64, 4] {
            for tokens in [1u64, 10] {
                let us = 2.0 + 0.1 * (count * tokens * (tokens + 1) / 2) as f64;
                writeln!(prompts, "{count},{tokens},0,{heads},{kv},4,{}", us / 1e3).unwrap();
            }
            for context in [1u64, 101] {
                let us = 3.0 + 0.01 * (count * context) as f64;
                let before = context - 1;
                writeln!(decodes, "{count},1,{before},{heads},{kv},4,{}", us / 1e3).unwrap();
            }
        }
    }
    file("toy-vllm0.2-context-attention-bf16.csv", &prompts);
    file("toy-vllm0.1-generation-attention-bf16.csv", &decodes);
    let mut text = "num_gpus,message_size,backend,latency_ms\n".to_owned();
    for numbers in [1u64, 1001] {
        for (backend, us) in [("vllm_graph", 5.0), ("vllm_eager", 10.0)] {
            let us = us + 0.001 * numbers as f64;
            writeln!(text, "2,{numbers},{backend},{}", us / 1e3).unwrap();
        }
    }
    file("toy-vllm0.2-allreduce-bf16.csv", &text);
    // No tables.
    file("open-loop-vllm-0.15.1.csv", "a\n1\n");
}

const CONFIG: &str = r#"{ "architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2,
    "hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 64 }"#;

fn load(folder: &File, config: &str, more: &str) -> Result<Operators, Problem> {
    std::fs::write(folder.join("config.json"), config).unwrap();
    let spec = "{ tables: ., model: config.json, per_step: 0s, per_kernel: 0s, \
                sampling_ps_per_word: 0, max_cudagraph_capture_size: 16, hardware: { custom: { \
                tflops: 1, bandwidth_gb_s: 1.0e12, memory_gb: 1.0e-3 } } }";
    let mut spec: serde_yaml::Mapping = serde_yaml::from_str(spec).unwrap();
    let more = more.trim_start_matches(", ");
    spec.extend(serde_yaml::from_str::<serde_yaml::Mapping>(&format!("{{ {more} }}")).unwrap());
    let spec = serde_yaml::Value::Mapping(spec);
    let spec: OperatorsSpec = serde_yaml::with::singleton_map_recursive::deserialize(spec).unwrap();
    spec.load(&DataPaths { folders: vec![folder.to_path_buf()] })
}

fn operators(more: &str) -> Operators {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    load(folder.path(), CONFIG, more).unwrap()
}

fn micros(model: &Operators, batch: &Batch) -> f64 {
    let pace = model.pace(batch, &Growth::default());
    pace.first as f64 / TICKS_PER_NANO as f64 / 1e3
}

fn decoding(seqs: u64, context: u64) -> Batch {
    Batch {
        decode_seqs: seqs,
        context_tokens: seqs * context,
        decode_context: seqs * context,
        decode_shortest: context,
        decode_longest: context,
        ..Batch::default()
    }
}

/// The projections of both layers: 4 matrices, of 24 x 8, 8 x 8, 32 x 8 and 8 x 16.
fn dense(rows: f64) -> f64 {
    2.0 * (4.0 + rows * (192.0 + 64.0 + 256.0 + 128.0) / 1e3)
}

/// The head: 64 x 8.
fn head(sequences: f64) -> f64 {
    1.0 + sequences * 0.512
}

#[test]
fn a_step_is_the_sum_of_its_operators() {
    let model = operators("");
    let close = |found: f64, expected: f64| {
        assert!((found - expected).abs() < 1e-3, "{found}, expected {expected}");
    };
    close(micros(&model, &decoding(1, 16)), dense(1.0) + head(1.0) + 2.0 * 3.16);
    // Five sequences are filled up to a graph of eight, but not for the head.
    close(micros(&model, &decoding(5, 16)), dense(8.0) + head(5.0) + 2.0 * 3.8);
    let prompt = Batch {
        prefill_tokens: 20,
        prefill_pairs: 20 * 21 / 2,
        context_tokens: 20,
        prefill_seqs: 2,
        ..Batch::default()
    };
    // More than a graph has; 105 pairs in each of two prompts.
    close(micros(&model, &prompt), dense(20.0) + head(2.0) + 2.0 * (2.0 + 21.0));
    let both = Batch { decode_seqs: 4, decode_context: 400, context_tokens: 420, ..prompt };
    close(micros(&model, &both), dense(24.0) + head(6.0) + 2.0 * 23.0 + 2.0 * (3.0 + 4.0));
}

#[test]
fn what_is_between_the_operators_counts() {
    let fixed = operators(", per_step: 10us, per_kernel: 1us, sampling_ps_per_word: 1.0e5");
    // Two layers with two norms, a rotation and an activation; embedding and last norm; 64
    // words of each sequence.
    let besides = 10.0 + (2.0 * 4.0 + 2.0) + 3.0 * 6.4;
    let difference = micros(&fixed, &decoding(3, 16)) - micros(&operators(""), &decoding(3, 16));
    assert!((difference - besides).abs() < 1e-3, "{difference}");
    assert_eq!(fixed.synchronous(), Duration(1_200_000));
}

#[test]
fn gpus_that_share_layers_add_up_their_parts() {
    let alone = operators("");
    let both = operators(", tensor_parallel_size: 2");
    // Half of all matrices, one head of one; five sums of 8 numbers a token; the head's words
    // are gathered, half a sum of 64.
    let dense = |rows: f64| 2.0 * (4.0 + rows * (96.0 + 64.0 + 128.0 + 64.0) / 1e3);
    let expected = |rows: f64, sum: f64, all: f64| {
        dense(rows) + 1.0 + 0.256 + 5.0 * (sum + 0.001 * 8.0 * rows) + all / 2.0
    };
    let found = micros(&both, &decoding(1, 16)) - 2.0 * 3.16;
    assert!((found - expected(1.0, 5.0, 10.064)).abs() < 1e-3, "{found}");
    assert!(micros(&alone, &decoding(1, 16)) < micros(&both, &decoding(1, 16)));
}

#[test]
fn heads_between_measured_ones_are_between_their_times() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let three = CONFIG.replace(
        "\"num_attention_heads\": 2",
        "\"num_attention_heads\": 3, \"num_key_value_heads\": 2, \"head_dim\": 4",
    );
    // No file is of groups that are no whole numbers of heads.
    assert!(load(folder.path(), &three, "").unwrap_err().message.contains("no multiple"));
    let eight = three.replace(": 3", ": 8");
    let error = load(folder.path(), &eight, "").unwrap_err();
    assert!(error.message.contains("no attention of 8 heads with 2"), "{}", error.message);
    assert!(error.message.contains("4/2, 2/2, 1/1"), "the nearest first: {}", error.message);
    assert_eq!(error.path.to_string(), "operators.model");
}

#[test]
fn what_is_missing_is_said_with_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let said = |more: &str| {
        let error = load(folder.path(), CONFIG, more).unwrap_err();
        format!("{}: {}", error.path, error.message)
    };
    for (more, expected) in [
        (", gpu: boy", "operators.gpu: no table of `boy`; there are: toy"),
        (", engine: sglang", "operators.engine: no table of `sglang` on toy; there are: vllm"),
        (", version: '0.3'", "operators.version: no GEMM table of vllm 0.3 on toy; there are: 0.2"),
        (", gemm_dtype: fp8", "operators.tables: no table `gemm` of toy, vllm 0.2"),
        (
            ", kv_cache_dtype: fp8",
            "operators.kv_cache_dtype: toy-vllm0.2-context-attention-bf16.csv has no attention with \
             kv_cache_dtype `fp8`; it has: bfloat16",
        ),
        (", tensor_parallel_size: 4", "operators.tensor_parallel_size: 4 GPUs cannot share 2"),
    ] {
        assert!(said(more).starts_with(expected), "{}", said(more));
    }
    let wide = CONFIG.replace("_heads\": 2", "_heads\": 1");
    let error = load(folder.path(), &wide, "").unwrap_err();
    assert!(error.message.contains("heads of 8 numbers; it has those of 4"), "{}", error.message);
    let file = folder.path().join("toy-vllm0.2-allreduce-bf16.csv");
    let text = std::fs::read_to_string(&file).unwrap().replace("\n2,", "\n4,");
    std::fs::write(&file, text).unwrap();
    let error = said(", tensor_parallel_size: 2");
    assert!(error.contains("no all-reduce of 2 GPUs; it has those of 4"), "{error}");
    std::fs::write(folder.path().join("toy-vllm0.2-gemm-bf16.csv"), "m,n,k\n1,2,3\n").unwrap();
    assert!(said("").contains("no column `latency`"), "{}", said(""));
    let text = "m,n,k,latency_ms\n1,2,3,0.1\n1,2,x,0.1\n";
    std::fs::write(folder.path().join("toy-vllm0.2-gemm-bf16.csv"), text).unwrap();
    assert!(said("").contains("gemm-bf16.csv:3: `x`"), "{}", said(""));
    std::fs::remove_file(folder.path().join("toy-vllm0.2-gemm-bf16.csv")).unwrap();
    assert!(said("").contains("no GEMM table"), "{}", said(""));
}

#[test]
fn numbers_are_those_of_the_config() {
    let of = |quantization: &str| {
        let config = CONFIG.replace(
            "\"vocab_size\": 64",
            &format!("\"vocab_size\": 64, \"quantization_config\": {quantization}"),
        );
        let model = ModelConfig::read(&config).unwrap();
        Dtypes::of(&model, &config, Precision::Fp8)
    };
    let fp8 = of(r#"{ "quant_method": "fp8" }"#);
    assert_eq!([fp8.gemm, fp8.moe, fp8.kv_cache], ["fp8", "fp8", "fp8"]);
    let blocks = of(r#"{ "quant_method": "fp8", "weight_block_size": [128, 128] }"#);
    assert_eq!(blocks.gemm, "fp8_block");
    let mx = of(r#"{ "quant_method": "mxfp4" }"#);
    assert_eq!([mx.gemm, mx.moe], ["bfloat16", "w4a16_mxfp4"]);
}

#[test]
fn experts_are_those_of_the_models_shape() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let config = CONFIG.replace("LlamaFor", "Qwen3MoeFor").replace(
        "\"vocab_size\": 64",
        "\"vocab_size\": 64, \"num_experts\": 4, \"num_experts_per_tok\": 2, \
         \"moe_intermediate_size\": 12",
    );
    let mut text = "moe_dtype,num_tokens,hidden_size,inter_size,topk,num_experts,moe_tp_size,\
                    moe_ep_size,distribution,latency_ms\n"
        .to_owned();
    for (tp, ep, us) in [(1, 1, 40.0), (1, 2, 30.0)] {
        for tokens in [1u64, 11] {
            for (word, more) in [("balanced", 0.0), ("power_law_1.2", 5.0)] {
                let millis = (us + more + tokens as f64) / 1e3;
                writeln!(text, "bfloat16,{tokens},8,12,2,4,{tp},{ep},{word},{millis}").unwrap();
            }
        }
    }
    let file = folder.path().join("toy-vllm0.2-moe-bf16.csv");
    std::fs::write(&file, &text).unwrap();
    let micros_of = |more: &str| {
        let model = load(folder.path(), &config, more).unwrap();
        micros(&model, &decoding(1, 16))
    };
    // Two layers of projections, router (4 x 8) and experts; the head; attention.
    let rest = 2.0 * (3.0 + 0.192 + 0.064 + 0.064) + head(1.0) + 2.0 * 3.16;
    assert!((micros_of("") - rest - 2.0 * 46.0).abs() < 1e-3, "{}", micros_of(""));
    let balanced = micros_of(", expert_distribution: balanced");
    assert!((balanced - rest - 2.0 * 41.0).abs() < 1e-3, "{balanced}");
    // Half of the projections, five sums of 8 numbers and half a sum of 64.
    let apart = micros_of(", tensor_parallel_size: 2, enable_expert_parallel: true");
    let rest = 2.0 * (3.0 + 0.096 + 0.064 + 0.064) + 1.256 + 2.0 * 3.16 + 5.0 * 5.008 + 5.032;
    assert!((apart - rest - 2.0 * 36.0).abs() < 1e-3, "{apart}");
    let said = |more: &str| load(folder.path(), &config, more).unwrap_err().message;
    let shared = said(", tensor_parallel_size: 2");
    assert!(shared.contains("no such experts on 2 GPUs that share each x 1"), "{shared}");
    assert!(shared.contains("it has 1 x 1, 1 x 2"), "{shared}");
    let even = said(", expert_distribution: even");
    assert!(even.contains("no `even` experts; it has: balanced, power_law_1.2"), "{even}");
    std::fs::write(&file, text.replace(",8,12,2,4,", ",8,16,2,4,")).unwrap();
    let other = said("");
    assert!(other.contains("8/12/2/4; the nearest are 8/16/2/4"), "{other}");
}

#[test]
fn a_module_of_latent_attention_is_without_its_projections() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let config = CONFIG.replace("LlamaFor", "DeepseekV3For").replace(
        "\"vocab_size\": 64",
        "\"vocab_size\": 64, \"q_lora_rank\": 8, \"kv_lora_rank\": 512, \"qk_nope_head_dim\": 128, \
         \"qk_rope_head_dim\": 64, \"v_head_dim\": 128",
    );
    // The projections of DeepSeek V3 with two heads, by the rule of the table.
    let sides = 2112.0 * 7168.0 + 384.0 * 1536.0 + 512.0 * 512.0 + 7168.0 * 256.0;
    let projections = |tokens: u64| 4.0 + tokens as f64 * sides / 1e3;
    let columns = "num_heads,batch_size,isl,step,latency_ms\n";
    let (mut prompts, mut decodes) = (columns.to_owned(), columns.to_owned());
    for count in [1u64, 4] {
        for length in [1u64, 10] {
            let us = projections(count * length) + 7.0;
            writeln!(prompts, "2,{count},{length},0,{}", us / 1e3).unwrap();
            let us = projections(count) + 11.0;
            writeln!(decodes, "2,{count},1,{},{}", length - 1, us / 1e3).unwrap();
        }
    }
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("toy-vllm0.2-mla-context-module-bf16.csv", &prompts);
    file("toy-vllm0.2-mla-generation-module-bf16.csv", &decodes);
    let large = ", hardware: { custom: { bandwidth_gb_s: 1.0e12, memory_gb: 1 } }";
    let model = load(folder.path(), &config, large).unwrap();
    // The model's own: five projections of its sizes, and the feed-forward layer.
    let own = [(584.0, 8.0), (384.0, 8.0), (512.0, 512.0), (8.0, 256.0), (32.0, 8.0), (8.0, 16.0)];
    let dense = own.iter().map(|(n, k)| 1.0 + n * k / 1e3).sum::<f64>();
    let found = micros(&model, &decoding(1, 8));
    let expected = 2.0 * (dense + 11.0) + head(1.0);
    assert!((found - expected).abs() < 1e-2, "{found}, expected {expected}");
    let other = config.replace("\"kv_lora_rank\": 512", "\"kv_lora_rank\": 256");
    let error = load(folder.path(), &other, "").unwrap_err().message;
    assert!(
        error.contains("256/128/64/128 was not measured; that of 512/128/64/128 was"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn a_pace_holds_as_long_as_it_says(
        seqs in 1u64..14, context in 1u64..300, chunk in prop_oneof![Just(0u64), 1u64..40],
        window in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path());
        let windowed = CONFIG
            .replace("Llama", "Mistral")
            .replace("\"vocab_size\": 64", "\"vocab_size\": 64, \"sliding_window\": 77");
        let config = if window { &windowed } else { CONFIG };
        let model = load(folder.path(), config, "").unwrap();
        let batch = |step: u64| Batch {
            prefill_tokens: chunk,
            prefill_pairs: chunk * (chunk + 1) / 2,
            prefill_seqs: u64::from(chunk > 0),
            context_tokens: chunk + seqs * (context + step),
            decode_context: seqs * (context + step),
            ..decoding(seqs, context + step)
        };
        let growth =
            Growth { context_tokens: seqs, decode_context: seqs, ..Growth::default() };
        let pace = model.pace(&batch(0), &growth);
        for step in 0..pace.steps.min(400) {
            let later = model.pace(&batch(step), &growth);
            prop_assert_eq!(later.first as i64, pace.first as i64 + pace.slope * step as i64);
        }
        let read = if window { context.min(77) } else { context };
        let same = micros(&model, &batch(0));
        let alone = Batch { decode_context: seqs * read, ..batch(0) };
        prop_assert_eq!(same, micros(&model, &alone), "no more than the window is read");
    }
}

/// The wheel, where `WINDTUNNEL_WHEEL` says it is.
#[cfg(feature = "parquet")]
#[test]
fn the_wheel_has_the_numbers_of_the_csv_files() {
    let Some(wheel) = std::env::var_os("WINDTUNNEL_WHEEL") else {
        println!("SKIPPED: set WINDTUNNEL_WHEEL to the wheel aiconfigurator-core");
        return;
    };
    let data = std::env::var_os("WINDTUNNEL_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")),
        PathBuf::from,
    );
    let folder = data.join("gpu/h100");
    if !folder.is_dir() {
        println!("SKIPPED: {} is not there (set WINDTUNNEL_DATA)", folder.display());
        return;
    }
    let wheel = Catalogue::open(File::new(&wheel)).unwrap();
    let files = Catalogue::open(&folder).unwrap();
    let of = |catalogue: &Catalogue, version| {
        let tables = catalogue.of(Some("h100_sxm"), "vllm", version).unwrap();
        tables.table_at("custom_allreduce", "bfloat16", "0.14").unwrap().unwrap()
    };
    let [wheel, files] = [of(&wheel, None), of(&files, None)].map(|frame| {
        let mut rows = frame.sizes(&frame.all(), ["num_gpus", "message_size"]).unwrap();
        rows.sort_by(|a, b| (a.0, a.1).partial_cmp(&(b.0, b.1)).unwrap());
        rows
    });
    assert_eq!(wheel.len(), files.len());
    for ((sizes, exact), (same, rounded)) in wheel.iter().zip(&files) {
        assert_eq!(sizes, same);
        // The files have six digits.
        assert!((exact / rounded - 1.0).abs() < 1e-5, "{sizes:?}: {exact}, {rounded}");
    }
}
