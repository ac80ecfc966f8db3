use super::*;
use crate::serving::step::precision::Precision;

const LLAMA: &str = include_str!("known/llama-3.1-8b.json");

fn read(text: &str) -> ModelConfig {
    ModelConfig::read(text).unwrap()
}

fn windows(model: &ModelConfig) -> Vec<Option<u32>> {
    model.kinds.iter().map(|kind| kind.window).collect()
}

#[test]
fn every_built_in_model_can_be_read() {
    for model in KnownModel::ALL {
        let config = model.config();
        assert_eq!(config.kinds.len(), config.layers as usize, "{model:?}");
        assert_eq!(serde_yaml::from_str::<KnownModel>(model.name()).unwrap(), *model);
    }
}

#[test]
fn windows_are_those_of_the_architecture() {
    let gemma = windows(&KnownModel::Gemma3x27b.config());
    assert_eq!(gemma[4..8], [Some(1024), None, Some(1024), Some(1024)]);
    assert_eq!(gemma.iter().flatten().count(), 52, "ten of 62 attend to everything");
    let gpt = windows(&KnownModel::GptOss120b.config());
    assert_eq!(gpt[..3], [Some(128), None, Some(128)]);
    // A window that is not used: the trap of Qwen's files.
    assert_eq!(windows(&KnownModel::Qwen25x7b.config()), vec![None; 28]);
    let used = include_str!("known/qwen2.5-7b.json")
        .replace("false, \"max_window_layers\": 28", "true, \"max_window_layers\": 20");
    assert_eq!(windows(&read(&used)).iter().flatten().count(), 8);
    // Mistral 7B v0.1 has one in all layers, Llama 4 in three of four.
    let old = include_str!("known/mistral-7b.json").replace("null", "4096");
    assert_eq!(windows(&read(&old)), vec![Some(4096); 32]);
    let scout = windows(&KnownModel::Llama4Scout.config());
    assert_eq!(scout[2..5], [Some(8192), None, Some(8192)]);
    // What is said layer by layer goes first.
    let said = LLAMA.replace(
        "\"num_hidden_layers\": 32",
        "\"sliding_window\": 9, \"num_hidden_layers\": 2, \
         \"layer_types\": [\"full_attention\", \"sliding_attention\"]",
    );
    assert_eq!(windows(&read(&said)), [None, Some(9)]);
}

#[test]
fn experts_are_in_the_layers_that_have_them() {
    let deepseek = KnownModel::DeepSeekV3.config();
    let sparse: Vec<bool> = deepseek.kinds.iter().map(|kind| kind.sparse).collect();
    assert_eq!(sparse[..4], [false, false, false, true]);
    let experts = Experts { count: 256, per_token: 8, intermediate: 2048, shared: 2048 };
    assert_eq!(deepseek.experts, Some(experts));
    let scout = KnownModel::Llama4Scout.config();
    assert_eq!(scout.experts.unwrap().shared, 8192, "one shared expert, which no field names");
    let stepped = include_str!("known/qwen3-30b-a3b.json")
        .replace("\"decoder_sparse_step\": 1", "\"decoder_sparse_step\": 2")
        .replace("[]", "[3]");
    let sparse: Vec<bool> = read(&stepped).kinds.iter().map(|kind| kind.sparse).collect();
    assert_eq!(sparse[..6], [false, true, false, false, false, true]);
}

#[test]
fn weights_are_kept_as_the_file_says() {
    let of = |quantization: &str| {
        let with = format!("{{ \"quantization_config\": {quantization},");
        ModelConfig::read(&LLAMA.replacen('{', &with, 1)).map(|model| model.weights)
    };
    let all = WeightPrecision::all;
    assert_eq!(of("null"), Ok(WeightPrecision::default()));
    assert_eq!(of(r#"{ "quant_method": "fp8" }"#), Ok(all(Precision::Fp8)));
    assert_eq!(of(r#"{ "quant_method": "awq", "bits": 4 }"#), Ok(all(Precision::Int4)));
    assert_eq!(of(r#"{ "quant_method": "gptq", "bits": 8 }"#), Ok(all(Precision::Int8)));
    assert_eq!(
        of(r#"{ "quant_method": "compressed-tensors", "config_groups":
            { "group_0": { "weights": { "num_bits": 8, "type": "float" } } } }"#),
        Ok(all(Precision::Fp8))
    );
    assert!(of(r#"{ "quant_method": "gptq", "bits": 3 }"#).is_err());
    assert!(of(r#"{ "quant_method": "hqq" }"#).unwrap_err().contains("`hqq` is not known"));
    // Of gpt-oss only the experts are in four bits.
    let gpt = KnownModel::GptOss20b.config().weights;
    assert_eq!((gpt.projections, gpt.experts), (Precision::Bf16, Precision::Fp4));
}

#[test]
fn what_is_left_out_or_null_is_made_of_the_rest() {
    let null = LLAMA.replace("\"hidden_size\"", "\"head_dim\": null, \"hidden_size\"");
    assert_eq!(read(&null).head_dim, 128);
    let gemma = KnownModel::Gemma3x27b.config();
    assert_eq!((gemma.vocabulary, gemma.tied, gemma.head_dim), (262_208, true, 128));
}

#[test]
fn what_is_not_known_is_said() {
    let read = |text: &str| ModelConfig::read(text).unwrap_err();
    let mamba = read(&LLAMA.replace("Llama", "Mamba"));
    assert!(mamba.contains("MambaForCausalLM is not known; known are LlamaForCausalLM, "));
    assert!(read(&LLAMA.replace("\"hidden_size\": 4096,", "")).contains("hidden_size"));
    assert!(read("[]").contains("invalid"));
    assert!(read("{}").contains("`architectures`"));
    assert!(read(&LLAMA.replace(": 8,", ": 0,")).contains("`num_key_value_heads` is 0"));
    assert!(read(&LLAMA.replace(": 8,", ": 7,")).contains("no multiple"));
    assert!(read(&LLAMA.replace(": 4096,", ": -1,")).contains("invalid value"));
    let huge = read(&LLAMA.replace(": 14336,", ": 4294967295,"));
    assert!(huge.contains("`intermediate_size` is 4294967295, more than any model has"), "{huge}");
    let deepseek = include_str!("known/deepseek-v3.json");
    assert!(read(&deepseek.replace("kv_lora_rank", "x")).contains("`kv_lora_rank`"));
    assert!(read(&deepseek.replace(": 8,", ": 800,")).contains("`num_experts_per_tok`"));
    let types = "{ \"sliding_window\": 5, \"layer_types\": [\"linear_attention\"],";
    assert!(read(&LLAMA.replacen('{', types, 1)).contains("has 1 layers of 32"));
}
