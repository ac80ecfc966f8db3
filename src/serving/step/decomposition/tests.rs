use super::*;
use crate::serving::step::model_config::{KnownModel, ModelConfig};

fn whole(model: KnownModel) -> Decomposition {
    divided(model, Parallelism::default())
}

fn parameters(parts: &Decomposition) -> f64 {
    let two = parts.weight_bytes(WeightPrecision::default());
    two.iter().sum::<f64>() / 2.0
}

/// Those that a token is multiplied by: of layers and head, with the experts that it goes to.
fn active_parameters(parts: &Decomposition) -> f64 {
    let layer = |layer: &Layer| {
        let experts = layer.experts.map_or(0.0, |it| it.pairs(1.0) * it.numbers());
        layer.gemms.iter().map(Gemm::numbers).sum::<f64>() + experts
    };
    let layers = parts.layers.iter().map(|it| f64::from(it.count) * layer(it));
    layers.sum::<f64>() + parts.head.numbers()
}

fn divided(model: KnownModel, among: Parallelism) -> Decomposition {
    Decomposition::new(&model.config(), among).unwrap()
}

/// Billions of weights in all and of those that a token is multiplied by, as the makers say.
/// Of those that a token uses some count the embedding, in which it is looked up; here it is
/// not counted, and added where they do.
#[test]
fn weights_are_those_of_the_model_cards() {
    for (model, all, active) in [
        (KnownModel::Llama8b, 8.03, 8.03 - 0.525),
        (KnownModel::Llama70b, 70.6, 70.6 - 1.05),
        (KnownModel::Llama405b, 405.9, 405.9 - 2.1),
        (KnownModel::Qwen25x7b, 7.62, 7.62 - 0.545),
        (KnownModel::Qwen25x72b, 72.7, 72.7 - 1.246),
        (KnownModel::Mistral7b, 7.25, 7.25 - 0.134),
        (KnownModel::Mixtral8x7b, 46.7, 12.9 - 0.131),
        (KnownModel::Qwen3x8b, 8.19, 8.19 - 0.622),
        (KnownModel::Qwen3x32b, 32.8, 32.8 - 0.778),
        (KnownModel::Qwen3x30bA3b, 30.5, 3.35 - 0.311),
        (KnownModel::Qwen3x235bA22b, 235.1, 22.2 - 0.622),
        (KnownModel::Gemma3x27b, 27.0, 27.0),
        (KnownModel::Phi4, 14.66, 14.66 - 0.514),
        (KnownModel::GptOss20b, 20.9, 3.61),
        (KnownModel::GptOss120b, 116.8, 5.13),
        (KnownModel::DeepSeekV3, 671.0, 37.5 - 0.927),
        (KnownModel::KimiK2, 1026.0, 32.9 - 1.17),
        (KnownModel::Glm45, 353.0, 33.6 - 0.776),
        (KnownModel::Llama4Scout, 107.8, 17.2 - 1.03),
    ] {
        let parts = whole(model);
        let (found, used) = (parameters(&parts) / 1e9, active_parameters(&parts) / 1e9);
        assert!((found / all - 1.0).abs() < 0.005, "{model:?}: {found} of {all}");
        assert!((used / active - 1.0).abs() < 0.01, "{model:?}: {used} of {active}");
    }
}

#[test]
fn keys_and_values_are_kept_as_attention_has_them() {
    let of = |model, tokens: f64| whole(model).kv_numbers(tokens)[0];
    assert_eq!(of(KnownModel::Llama8b, 1.0), 2.0 * 32.0 * 8.0 * 128.0);
    // DeepSeek: 576 numbers in each of 61 layers, 70,272 bytes of bf16.
    assert_eq!(of(KnownModel::DeepSeekV3, 1.0) * 2.0, 70_272.0);
    // Gemma: beyond 1024 tokens ten of 62 layers go on keeping.
    let layer = 2.0 * 16.0 * 128.0;
    assert_eq!(of(KnownModel::Gemma3x27b, 1000.0), 62.0 * layer * 1000.0);
    assert_eq!(of(KnownModel::Gemma3x27b, 5000.0), layer * (10.0 * 5000.0 + 52.0 * 1024.0));
}

#[test]
fn a_gpu_has_its_part_of_a_dense_layer() {
    let llama = divided(KnownModel::Llama70b, Parallelism::tensor(4));
    let [layer] = llama.layers.as_slice() else { panic!("one kind") };
    let sizes: Vec<_> = layer.gemms.iter().map(|gemm| (gemm.name, gemm.n, gemm.k)).collect();
    assert_eq!(
        sizes,
        [
            ("qkv_proj", (16 + 2 * 2) * 128, 8192),
            ("o_proj", 8192, 16 * 128),
            ("gate_up_proj", 2 * 7168, 8192),
            ("down_proj", 8192, 7168),
        ]
    );
    let sum =
        Exchange { kind: ExchangeKind::AllReduce, gpus: 4, numbers: 8192, rows: Rows::Tokens };
    assert_eq!((layer.count, layer.exchanges.as_slice()), (80, [sum, sum].as_slice()));
    assert_eq!(llama.exchanges[0], sum);
    assert_eq!((llama.head.n, llama.head.rows), (32_064, Rows::Sequences));
    // Beyond eight GPUs the heads of keys and values are kept more than once.
    let kept = |gpus| divided(KnownModel::Llama70b, Parallelism::tensor(gpus)).kv_numbers(1.0)[0];
    assert_eq!(kept(8), 2.0 * 80.0 * 128.0);
    assert_eq!(kept(16), kept(8));
}

#[test]
fn latent_attention_keeps_what_all_heads_need_on_each_gpu() {
    let deepseek = divided(KnownModel::DeepSeekV3, Parallelism::tensor(8));
    assert_eq!(deepseek.kv_numbers(1.0)[0], 61.0 * 576.0);
    let [dense, sparse] = deepseek.layers.as_slice() else { panic!("two kinds") };
    assert_eq!((dense.count, sparse.count), (3, 58));
    let sizes: Vec<_> = sparse.gemms.iter().map(|gemm| (gemm.name, gemm.n, gemm.k)).collect();
    assert_eq!(
        sizes,
        [
            ("fused_qkv_a_proj", 1536 + 512 + 64, 7168),
            ("q_b_proj", 16 * 192, 1536),
            ("kv_b_proj", 16 * 256, 512),
            ("o_proj", 7168, 16 * 128),
            ("gate_up_proj", 2 * 256, 7168),
            ("down_proj", 7168, 256),
            ("gate", 256, 7168),
        ]
    );
    assert_eq!(sparse.attention.prefill_flops(), 2.0 * 16.0 * (192.0 + 128.0));
    assert_eq!(sparse.attention.decode_flops(), 2.0 * 16.0 * (576.0 + 512.0));
}

#[test]
fn experts_are_divided_in_parts_or_whole() {
    let among = |tensor_parallel_size, data_parallel_size, enable_expert_parallel| Parallelism {
        tensor_parallel_size,
        data_parallel_size,
        enable_expert_parallel,
        ..Parallelism::default()
    };
    let of = |among| {
        let parts = divided(KnownModel::Qwen3x30bA3b, among);
        let layer = parts.layers[0].clone();
        (layer.experts.unwrap(), layer.exchanges)
    };
    let (parts, _) = of(among(4, 1, false));
    assert_eq!((parts.on_gpu, parts.intermediate), (128, 192));
    let (whole, exchanges) = of(among(4, 1, true));
    assert_eq!((whole.on_gpu, whole.intermediate), (32, 768));
    assert_eq!(exchanges[1].kind, ExchangeKind::AllReduce, "all tokens are there already");
    // 100 tokens go to 8 of 128 experts each: 200 pairs come to a quarter of them.
    assert_eq!((whole.pairs(100.0), parts.pairs(100.0)), (200.0, 800.0));
    let touched = 32.0 * (1.0 - (1.0 - 8.0 / 128.0f64).powi(100));
    assert!((whole.touched(100.0) - touched).abs() < 1e-9);
    assert!((whole.touched(1.0) - 2.0).abs() < 1e-9);
    // Eight engines of two GPUs share the experts: as many pairs, from eight times the tokens.
    let (shared, exchanges) = of(among(2, 8, true));
    assert_eq!((shared.on_gpu, shared.pairs(100.0)), (8, 8.0 * 100.0 * 8.0 / 16.0));
    let kinds: Vec<_> = exchanges.iter().map(|it| (it.kind, it.gpus, it.numbers)).collect();
    let sent = (ExchangeKind::AllToAll, 16, 2048 * 8 / 2);
    assert_eq!(kinds, [(ExchangeKind::AllReduce, 2, 2048), sent, sent]);
}

#[test]
fn stages_have_layers_as_vllm_divides_them() {
    let among = Parallelism { pipeline_parallel_size: 4, ..Parallelism::default() };
    let deepseek = divided(KnownModel::DeepSeekV3, among);
    let stages: Vec<_> = deepseek.stages.iter().map(|stage| stage.layers.clone()).collect();
    // 61 layers: 15 each, and one more before the last.
    assert_eq!(stages, [vec![3, 12], vec![0, 15], vec![0, 16], vec![0, 15]]);
    assert_eq!(parameters(&deepseek), parameters(&whole(KnownModel::DeepSeekV3)));
    let sends = deepseek.exchanges.iter().filter(|it| it.kind == ExchangeKind::Send);
    assert_eq!(sends.map(|it| it.numbers).collect::<Vec<_>>(), vec![2 * 7168; 3]);
    let bytes = deepseek.weight_bytes(WeightPrecision::all(Precision::Fp8));
    assert!(bytes[0] < bytes[1] && bytes[3] < bytes[2], "{bytes:?}");
}

#[test]
fn what_cannot_be_divided_is_said() {
    let wrong = |model: &ModelConfig, among| {
        let problem = Decomposition::new(model, among).unwrap_err();
        format!("{}: {}", problem.path, problem.message)
    };
    let tensor = Parallelism::tensor;
    let (llama, qwen) = (KnownModel::Llama8b.config(), KnownModel::Qwen3x30bA3b.config());
    assert!(wrong(&llama, tensor(3)).contains("3 GPUs cannot share 32 heads"));
    assert!(wrong(&llama, tensor(0)).starts_with("tensor_parallel_size: expected 1"));
    let odd = ModelConfig { heads: 48, kv_heads: 6, ..llama.clone() };
    assert!(wrong(&odd, tensor(4)).contains("6 heads of keys and values"));
    let odd = ModelConfig { intermediate: 14_337, ..llama.clone() };
    assert!(wrong(&odd, tensor(2)).contains("feed-forward layers of 14337"));
    let stages = Parallelism { pipeline_parallel_size: 33, ..tensor(1) };
    assert!(wrong(&llama, stages).starts_with("pipeline_parallel_size: 33 stages"));
    let expert = |size| Parallelism { enable_expert_parallel: true, ..tensor(size) };
    assert!(wrong(&llama, expert(2)).starts_with("enable_expert_parallel: the model has no"));
    let data = |size, whole| Parallelism {
        data_parallel_size: size,
        enable_expert_parallel: whole,
        ..tensor(1)
    };
    assert!(wrong(&llama, data(2, false)).starts_with("data_parallel_size: the model has no"));
    assert!(wrong(&qwen, data(3, true)).contains("3 GPUs cannot have 128 experts"));
    assert!(wrong(&qwen, data(5, false)).contains("experts of 768"));
}
