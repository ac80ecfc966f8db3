//! What the engine does, in cases small enough to work out by hand.

use windtunnel::kernel::Time;
use windtunnel::serving::engine::ProgressKind::{
    self, Finished, FirstToken, Preempted, Resumed, Started,
};
use windtunnel::serving::engine::{EngineSpec, Job, JobId, QueuePolicy, Refused};
use windtunnel::serving::step::StepModel;
use windtunnel::spec::Problems;
use windtunnel::workload::DataPaths;

use crate::support::{advance, engine, finish, job, linear, told};

const FRESH: ProgressKind = Started { cached_tokens: 0 };

#[test]
fn prompts_are_computed_in_parts_beside_decoding_sequences() {
    // A step takes 100, each prompt token 1, each decoding sequence 10.
    let spec = EngineSpec {
        max_num_batched_tokens: Some(64),
        max_num_seqs: Some(8),
        ..linear(100, 1, 10)
    };
    let mut engine = engine(&spec);
    engine.submit(Time(0), &job(0, 50, 6)).unwrap();
    engine.submit(Time(200), &job(1, 150, 2)).unwrap();
    let steps = [
        (0, 0, FRESH),
        // 50 prompt tokens.
        (150, 0, FirstToken),
        // A decode of 110 is running when job 1 comes; then 63 of its tokens, twice.
        (260, 1, FRESH),
        (260 + 2 * 173 + 134, 1, FirstToken),
        (260 + 2 * 173 + 134 + 120, 0, Finished),
        (260 + 2 * 173 + 134 + 120, 1, Finished),
    ];
    assert_eq!(told(&mut engine), steps);
}

#[test]
fn without_chunked_prefill_a_prompt_waits_for_a_step_that_has_room_for_it() {
    let spec = EngineSpec { enable_chunked_prefill: false, ..linear(100, 1, 10) };
    let mut engine = engine(&EngineSpec { max_num_batched_tokens: Some(256), ..spec });
    engine.submit(Time(0), &job(0, 50, 3)).unwrap();
    engine.submit(Time(160), &job(1, 200, 2)).unwrap();
    engine.submit(Time(160), &job(2, 57, 1)).unwrap();
    assert_eq!(engine.submit(Time(160), &job(3, 257, 1)), Err(Refused::TooLong));
    let steps = [
        (0, 0, FRESH),
        (150, 0, FirstToken),
        // Job 0 makes its second token until 260; then both prompts do not fit beside it.
        (260, 1, FRESH),
        (570, 0, Finished),
        (570, 1, FirstToken),
        (570, 2, FRESH),
        (737, 1, Finished),
        (737, 2, FirstToken),
        (737, 2, Finished),
    ];
    assert_eq!(told(&mut engine), steps);
    // Job 0: 110 and 310; job 1: 167.
    let gaps = engine.inter_token();
    assert_eq!((gaps.count(), gaps.sum_nanos()), (3, 110 + 310 + 167));
}

#[test]
fn a_step_scheduled_ahead_lets_who_comes_wait_for_the_one_after_it() {
    let spec = EngineSpec { async_scheduling: true, max_num_seqs: Some(2), ..linear(100, 0, 0) };
    let mut engine = engine(&spec);
    engine.submit(Time(0), &job(0, 50, 5)).unwrap();
    engine.submit(Time(110), &job(1, 50, 1)).unwrap();
    engine.submit(Time(120), &job(2, 50, 1)).unwrap();
    let steps = [
        (0, 0, FRESH),
        (100, 0, FirstToken),
        // The step from 200 is scheduled as job 1 comes: it is in the one from 300. Its seat is
        // taken until 400, when the step from 400 is scheduled already.
        (200, 1, FRESH),
        (400, 1, FirstToken),
        (400, 1, Finished),
        (400, 2, FRESH),
        (500, 0, Finished),
        (600, 2, FirstToken),
        (600, 2, Finished),
    ];
    assert_eq!(told(&mut engine), steps);
}

#[test]
fn a_long_prompt_leaves_room_for_others_and_is_not_held_back_alone() {
    let spec = EngineSpec {
        long_prefill_token_threshold: 40,
        max_num_batched_tokens: Some(100),
        max_num_seqs: Some(8),
        ..linear(100, 0, 0)
    };
    let mut engine = engine(&spec);
    engine.submit(Time(0), &job(0, 300, 1)).unwrap();
    engine.submit(Time(50), &job(1, 50, 1)).unwrap();
    // 100 tokens alone, then 40 beside 40 and 10 of job 1, then alone again.
    let steps = [
        (0, 0, FRESH),
        (100, 1, FRESH),
        (300, 1, FirstToken),
        (300, 1, Finished),
        (500, 0, FirstToken),
        (500, 0, Finished),
    ];
    assert_eq!(told(&mut engine), steps);
}

#[test]
fn a_prompt_s_last_token_is_of_the_prompt() {
    // A step takes 100, each prompt token 1, each decoding sequence 10.
    let spec = EngineSpec {
        max_num_batched_tokens: Some(10),
        max_num_seqs: Some(2),
        ..linear(100, 1, 10)
    };
    let mut engine = engine(&spec);
    engine.submit(Time(0), &job(0, 11, 2)).unwrap();
    assert_eq!(told(&mut engine), [(0, 0, FRESH), (211, 0, FirstToken), (321, 0, Finished)]);
}

#[test]
fn who_comes_last_loses_its_blocks_and_is_computed_again() {
    // Room for 8 blocks of 4 tokens.
    let spec = EngineSpec { block_size: 4, num_gpu_blocks: Some(8), ..linear(10, 0, 0) };
    let mut engine = engine(&spec);
    engine.submit(Time(0), &job(0, 12, 9)).unwrap();
    engine.submit(Time(0), &job(1, 12, 9)).unwrap();
    let steps = [
        (0, 0, FRESH),
        (0, 1, FRESH),
        (10, 0, FirstToken),
        (10, 1, FirstToken),
        // 16 tokens each fill 8 blocks.
        (50, 1, Preempted),
        (90, 0, Finished),
        // Job 0 took the last of its 4 full blocks. The other 5 of 12 + 5 tokens at once
        // give the sixth; three more follow.
        (90, 1, Resumed { cached_tokens: 12 }),
        (130, 1, Finished),
    ];
    assert_eq!(told(&mut engine), steps);
    let stats = engine.stats(Time(130));
    assert_eq!((stats.preemptions, stats.prefill_tokens, stats.output_tokens), (1, 29, 18));
    assert!((stats.kv_max - 1.0).abs() < 1e-9 && engine.kv_use() == 0.0);
    // Job 1 waited from its fifth token, at 50, to its sixth, at 100.
    assert!((engine.inter_token().max() - 50e-9).abs() < 1e-15);
    assert_eq!(engine.inter_token().sum_nanos(), 80 + 120);
}

#[test]
fn priorities_and_lengths_decide_who_is_next_and_who_goes() {
    let spec = EngineSpec { max_num_seqs: Some(1), ..linear(10, 0, 0) };
    for (policy, order) in [
        (QueuePolicy::Fcfs, [0, 1, 2, 3]),
        (QueuePolicy::Sjf, [3, 2, 0, 1]),
        (QueuePolicy::Priority, [1, 3, 0, 2]),
    ] {
        let mut engine = engine(&EngineSpec { policy, ..spec.clone() });
        for (id, output, priority) in [(0, 3, 5), (1, 4, 1), (2, 2, 9), (3, 1, 1)] {
            engine.submit(Time(0), &Job { priority, ..job(id, 2, output) }).unwrap();
        }
        let ends = finish(&mut engine).into_iter().filter(|progress| progress.kind == Finished);
        let found: Vec<u32> = ends.map(|progress| progress.id.index).collect();
        assert_eq!(found, order, "{policy:?}");
    }
    // Two that grow in 6 blocks of 4: the first to come is of less importance, and goes.
    let tight = EngineSpec { block_size: 4, num_gpu_blocks: Some(6), ..linear(10, 0, 0) };
    let mut engine = engine(&EngineSpec { policy: QueuePolicy::Priority, ..tight });
    engine.submit(Time(0), &Job { priority: 2, ..job(0, 8, 8) }).unwrap();
    engine.submit(Time(0), &Job { priority: 1, ..job(1, 8, 8) }).unwrap();
    let gone = finish(&mut engine).into_iter().find(|progress| progress.kind == Preempted);
    assert_eq!(gone.map(|progress| progress.id.index), Some(0));
}

#[test]
fn known_prefixes_are_not_computed_again() {
    let spec = EngineSpec { block_size: 4, num_gpu_blocks: Some(6), ..linear(100, 1, 0) };
    let mut engine = engine(&spec);
    let ask = |id, blocks| Job { blocks, ..job(id, 12, 2) };
    engine.submit(Time(0), &ask(0, &[1, 2, 3])).unwrap();
    engine.submit(Time(0), &ask(1, &[1, 2, 9])).unwrap();
    let found = |happened: &[windtunnel::serving::engine::Progress]| {
        let mut cached = happened.iter().filter_map(|progress| match progress.kind {
            Started { cached_tokens } => Some(cached_tokens),
            _ => None,
        });
        [cached.next(), cached.next()]
    };
    // In the same step already.
    assert_eq!(found(&finish(&mut engine)), [Some(0), Some(8)]);
    assert_eq!(engine.cached_tokens(&[1, 2, 3]), 12);
    assert_eq!(engine.cached_tokens(&[1, 2, 9, 4]), 12);
    assert_eq!(engine.cached_tokens(&[5, 2]), 0);
    // The last token is always computed: two of three blocks are of use.
    engine.submit(Time(1000), &ask(2, &[1, 2, 3])).unwrap();
    assert_eq!(found(&finish(&mut engine)), [Some(8), None]);
    // Another prompt takes the 4 blocks that were used least recently.
    engine.submit(Time(2000), &Job { blocks: &[11, 12, 13, 14], ..job(3, 16, 1) }).unwrap();
    finish(&mut engine);
    assert!(engine.cached_tokens(&[1, 2, 3]) < 12);
    assert_eq!(engine.cached_tokens(&[11, 12, 13, 14]), 16);
    let stats = engine.stats(Time(5000));
    assert_eq!((stats.prompt_tokens, stats.cached_tokens), (52, 16));
    let mut without = engine_without_caching();
    without.submit(Time(0), &ask(0, &[1, 2, 3])).unwrap();
    finish(&mut without);
    assert_eq!(without.cached_tokens(&[1, 2, 3]), 0);
}

fn engine_without_caching() -> windtunnel::serving::engine::Engine {
    engine(&EngineSpec { block_size: 4, enable_prefix_caching: false, ..linear(100, 1, 0) })
}

#[test]
fn an_answer_is_a_prefix_of_the_next_turn() {
    let mut engine = engine(&EngineSpec { block_size: 4, ..linear(100, 1, 0) });
    // Six tokens of prompt and seven of answer, of which the last is never computed.
    engine
        .submit(Time(0), &Job { blocks: &[1, 2, 3], names_answer: true, ..job(0, 6, 7) })
        .unwrap();
    finish(&mut engine);
    assert_eq!(engine.cached_tokens(&[1, 2, 3]), 12);
}

#[test]
fn prompt_and_answer_can_be_made_by_two_engines() {
    let (mut prefill, mut decode) = (engine(&linear(100, 1, 10)), engine(&linear(100, 1, 10)));
    prefill.submit(Time(0), &job(0, 500, 1)).unwrap();
    assert_eq!(told(&mut prefill), [(0, 0, FRESH), (600, 0, FirstToken), (600, 0, Finished)]);
    // The first token belongs to the prompt now; the others follow a decode step each.
    decode.submit(Time(650), &Job { prefilled: true, ..job(0, 501, 4) }).unwrap();
    let steps = [(650, 0, FRESH), (760, 0, FirstToken), (1090, 0, Finished)];
    assert_eq!(told(&mut decode), steps);
    assert_eq!(decode.stats(Time(1090)).prefill_tokens, 0);
}

#[test]
fn what_never_fits_and_what_finds_the_queue_full_is_refused() {
    let spec = EngineSpec {
        block_size: 4,
        num_gpu_blocks: Some(4),
        queue_limit: Some(2),
        max_num_seqs: Some(1),
        ..linear(100, 1, 10)
    };
    let mut engine = engine(&spec);
    assert_eq!(engine.submit(Time(0), &job(0, 12, 6)), Err(Refused::TooLong));
    assert_eq!(engine.submit(Time(0), &job(0, u32::MAX, u32::MAX)), Err(Refused::TooLong));
    engine.submit(Time(0), &job(0, 12, 5)).unwrap();
    engine.advance(Time(0), &mut Vec::new());
    engine.submit(Time(1), &job(1, 1, 1)).unwrap();
    engine.submit(Time(1), &job(2, 1, 1)).unwrap();
    assert_eq!(engine.submit(Time(1), &job(3, 1, 1)), Err(Refused::QueueFull));
    engine.set_draining(true);
    assert_eq!(engine.submit(Time(1000), &job(3, 1, 1)), Err(Refused::Draining));
    assert_eq!(finish(&mut engine).iter().filter(|p| p.kind == Finished).count(), 3);
    let short = EngineSpec { max_model_len: Some(16), ..linear(1, 0, 0) };
    assert_eq!(
        crate::support::engine(&short).submit(Time(0), &job(0, 10, 7)),
        Err(Refused::TooLong)
    );
}

#[test]
fn who_is_taken_back_leaves_after_the_running_step_and_nothing_is_heard_of_it() {
    let mut engine = engine(&EngineSpec { max_num_seqs: Some(1), ..linear(100, 0, 0) });
    for id in 0..3 {
        engine.submit(Time(0), &job(id, 10, 5)).unwrap();
    }
    let mut cancel = |at, id: u32| engine.cancel(Time(at), id.into());
    assert!(cancel(150, 0));
    assert!(cancel(160, 1) && !cancel(160, 1));
    assert!(!cancel(160, 0) && !cancel(160, 77));
    let steps = [
        (0, 0, FRESH),
        (100, 0, FirstToken),
        (200, 2, FRESH),
        (300, 2, FirstToken),
        (700, 2, Finished),
    ];
    assert_eq!(told(&mut engine), steps);
}

#[test]
fn a_slowdown_counts_from_the_next_step_and_a_crash_at_once() {
    let mut engine = engine(&linear(100, 0, 0));
    engine.submit(Time(0), &job(7, 10, 6)).unwrap();
    engine.submit(Time(0), &job(3, 10, 100)).unwrap();
    engine.set_slowdown(Time(150), 2.5);
    let mut happened = Vec::new();
    advance(&mut engine, Time(900), &mut happened);
    engine.set_slowdown(Time(960), 1.0);
    advance(&mut engine, Time(1300), &mut happened);
    // Two steps of 100, then four of 250, the last of which was running at 960.
    let end = happened.iter().find(|progress| progress.kind == Finished).unwrap();
    assert_eq!((end.id.index, end.at), (7, Time(1200)));
    engine.submit(Time(1310), &job(9, 10, 1)).unwrap();
    let mut lost = Vec::new();
    engine.crash(Time(1320), &mut lost);
    assert_eq!(lost, [3, 9].map(JobId::from));
    assert_eq!((engine.next_at(), engine.kv_use(), engine.running()), (None, 0.0, 0));
    engine.submit(Time(2000), &job(3, 10, 1)).unwrap();
    assert_eq!(told(&mut engine), [(2000, 3, FRESH), (2100, 3, FirstToken), (2100, 3, Finished)]);
    let stats = engine.stats(Time(2100));
    assert!((stats.busy_s - 1420e-9).abs() < 1e-15, "{stats:?}");
}

#[test]
fn statistics_add_up_and_a_reset_forgets_them_only() {
    let mut engine = engine(&linear(100, 1, 10));
    engine.submit(Time(0), &job(0, 50, 11)).unwrap();
    engine.submit(Time(0), &job(1, 50, 0)).unwrap();
    finish(&mut engine);
    // A step of 200, then ten of 110.
    let stats = engine.stats(Time(2000));
    assert_eq!((stats.steps, stats.prefill_tokens, stats.output_tokens), (11, 100, 11));
    assert!((stats.busy_s - 1300e-9).abs() < 1e-15 && (stats.busy_share - 0.65).abs() < 1e-12);
    assert!((stats.batch_mean - (2.0 * 200.0 + 1100.0) / 1300.0).abs() < 1e-12);
    assert!((stats.running_mean - (2.0 * 200.0 + 1100.0) / 2000.0).abs() < 1e-12);
    let gaps = engine.inter_token();
    assert_eq!((gaps.count(), gaps.sum_nanos()), (10, 1100));
    engine.submit(Time(3000), &job(0, 50, 3)).unwrap();
    engine.advance(Time(3000), &mut Vec::new());
    engine.reset_stats(Time(3200));
    finish(&mut engine);
    let stats = engine.stats(Time(3370));
    assert_eq!((stats.steps, stats.output_tokens, stats.prompt_tokens), (2, 2, 0));
    assert!((stats.busy_share - 1.0).abs() < 1e-12);
}

#[test]
fn the_longest_gaps_between_tokens_are_shorter_with_chunked_prefill() {
    // Sarathi-Serve (Agrawal et al., OSDI 2024): prompts computed in parts do not make
    // those wait that decode.
    let longest = |enable_chunked_prefill| {
        let spec = EngineSpec {
            enable_chunked_prefill,
            max_num_batched_tokens: Some(if enable_chunked_prefill { 512 } else { 8192 }),
            ..EngineSpec::default()
        };
        let mut engine = engine(&spec);
        for id in 0..40 {
            engine.submit(Time(u64::from(id) * 200_000_000), &job(id, 4000, 200)).unwrap();
        }
        finish(&mut engine);
        engine.inter_token().max()
    };
    // 512 tokens of 17 us and the step itself, or 4000 tokens.
    assert!((longest(true) - 0.0146).abs() < 0.0005, "{}", longest(true));
    assert!(longest(false) > 0.07, "{}", longest(false));
}

#[test]
fn specs_are_read_written_and_checked() {
    for yaml in [
        "{}",
        "{ step: { linear: { preset: llama-3.3-70b-h100x4, per_step: 13ms } }, policy: sjf }",
        "{ step: { roofline: { model: llama-3.1-70b, gpu: h200, tensor_parallel_size: 2 } } }",
        "{ step: { table: { file: a.csv } }, num_gpu_blocks: 100, queue_limit: 5 }",
    ] {
        let mut problems = Problems::default();
        let spec = read(yaml);
        spec.check(&mut problems);
        assert!(problems.list().is_empty(), "{yaml}: {problems:?}");
        let mut text = Vec::new();
        let mut writer = serde_yaml::Serializer::new(&mut text);
        serde_yaml::with::singleton_map_recursive::serialize(&spec, &mut writer).unwrap();
        assert_eq!(read(&String::from_utf8(text).unwrap()), spec, "{yaml}");
    }
    for (step, batch) in [
        ("{ linear: {} }", (1024, 8192)),
        ("{ linear: { preset: llama-3.1-8b-a100 } }", (256, 2048)),
        ("{ table: { file: a.csv } }", (1024, 8192)),
        ("{ roofline: { gpu: h200 } }", (1024, 8192)),
        ("{ roofline: { gpu: b200 } }", (1024, 16_384)),
        ("{ roofline: { gpu: a100 } }", (256, 2048)),
        ("{ roofline: { gpu: l40s } }", (256, 2048)),
        ("{ layers: { profile: a, model: b, gpu: l4 } }", (256, 2048)),
    ] {
        let spec = read(&format!("{{ step: {step} }}"));
        assert_eq!((spec.seats(), spec.tokens_per_step()), batch, "{step}");
    }
    let small = read("{ max_num_batched_tokens: 100 }");
    assert_eq!((small.seats(), small.tokens_per_step()), (100, 100));
    let whole = read("{ enable_chunked_prefill: false, max_model_len: 20000 }");
    assert_eq!(whole.tokens_per_step(), 20_000);
    for (yaml, place) in [
        ("{ max_num_seqs: 0 }", "max_num_seqs"),
        ("{ max_num_seqs: 200, max_num_batched_tokens: 100 }", "max_num_batched_tokens"),
        ("{ max_num_batched_tokens: 0 }", "max_num_batched_tokens"),
        ("{ max_num_seqs: 10000 }", "max_num_seqs"),
        (
            "{ long_prefill_token_threshold: 200, max_model_len: 100 }",
            "long_prefill_token_threshold",
        ),
        ("{ block_size: 0 }", "block_size"),
        ("{ hash_block_size: 24 }", "hash_block_size"),
        ("{ num_gpu_blocks: 0 }", "num_gpu_blocks"),
        ("{ queue_limit: 0 }", "queue_limit"),
        ("{ gpu_memory_utilization: 0 }", "gpu_memory_utilization"),
        ("{ step: { linear: { per_step: 0, per_decode_seq: 0 } } }", "step.linear"),
        ("{ step: { roofline: { compute_efficiency: 0 } } }", "step.roofline.compute_efficiency"),
        (
            "{ step: { roofline: { gpu: a100, precision: { weights: fp8 } } } }",
            "step.roofline.precision.weights",
        ),
        (
            "{ step: { roofline: { gpu: a100, model: deepseek-v3 } } }",
            "step.roofline.precision.weights",
        ),
        (
            "{ step: { roofline: { precision: { activations: fp8 } } } }",
            "step.roofline.precision.activations",
        ),
        (
            "{ step: { roofline: { weight_bytes: 1, precision: { weights: fp8 } } } }",
            "step.roofline.weight_bytes",
        ),
    ] {
        let mut problems = Problems::default();
        read(yaml).check(&mut problems);
        let places: Vec<String> = problems.list().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(places, [place], "{yaml}");
    }
}

#[test]
fn demand_is_what_is_held_and_what_is_waited_for() {
    let spec = EngineSpec {
        max_num_seqs: Some(1),
        max_num_batched_tokens: Some(32),
        enable_prefix_caching: false,
        ..linear(1000, 0, 0)
    };
    let mut engine = engine(&spec);
    assert_eq!((engine.demand_tokens(), engine.capacity_tokens()), (0, 29_205 * 16));
    engine.submit(Time::ZERO, &job(0, 100, 40)).unwrap();
    engine.submit(Time::ZERO, &job(1, 50, 1)).unwrap();
    assert_eq!(engine.demand_tokens(), 150);
    let mut happened = Vec::new();
    // The first step has blocks for 32 tokens.
    engine.advance(Time::ZERO, &mut happened);
    assert_eq!(engine.demand_tokens(), 32 + 68 + 50);
    engine.cancel(Time(1), 1.into());
    assert_eq!(engine.demand_tokens(), 100);
    // Four steps for the prompt, and 17 tokens more.
    advance(&mut engine, Time(4000), &mut happened);
    engine.tokens_made(Time(21_001), 0.into());
    assert_eq!(engine.demand_tokens(), 128);
    finish(&mut engine);
    assert_eq!(engine.demand_tokens(), 0);
}

fn read(yaml: &str) -> EngineSpec {
    let value: serde_yaml::Value = serde_yaml::from_str(yaml).unwrap();
    serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap()
}

#[test]
fn blocks_are_said_or_known_or_asked_for() {
    let blocks = |yaml: &str| {
        let spec = read(yaml);
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/torture/traces");
        let paths = DataPaths { folders: vec![folder.into()] };
        let model = StepModel::new(&spec.step, &paths)?;
        spec.blocks(&model)
    };
    assert_eq!(blocks("{}"), Ok(29_205));
    assert_eq!(blocks("{ step: { roofline: {} }, num_gpu_blocks: 7 }"), Ok(7));
    assert!(blocks("{ step: { roofline: {} } }").is_ok_and(|blocks| blocks > 20_000));
    for (yaml, place, says) in [
        ("{ step: { roofline: { model: llama-3.1-70b } } }", "step.roofline", "does not fit"),
        ("{ step: { roofline: {} }, gpu_memory_utilization: 0.2 }", "step.roofline", "no room"),
        ("{ step: { layers: { profile: layers, model: model.json } } }", "step.layers", "not said"),
        (
            "{ step: { roofline: { tensor_parallel_size: 5 } } }",
            "roofline.tensor_parallel_size",
            "5 GPUs cannot share 32 heads",
        ),
        ("{ step: { roofline: { model: no.json } } }", "roofline.model", "`no.json` was not found"),
        (
            "{ step: { roofline: { model: { custom: { parameters_billion: 0.1 } } } } }",
            "roofline.model.custom",
            "attention alone has",
        ),
    ] {
        let problem = blocks(yaml).unwrap_err();
        assert_eq!(problem.path.to_string(), place, "{yaml}");
        assert!(problem.message.contains(says), "{yaml}: {}", problem.message);
        assert!(problem.help.is_some() || yaml.contains("custom"), "{yaml}");
    }
    let wrong = serde_yaml::from_str::<EngineSpec>("{ step: !roofline { model: llama-3.1-8 } }");
    let wrong = wrong.unwrap_err().to_string();
    assert!(wrong.contains("unknown model `llama-3.1-8`, did you mean `llama-3.1-8b`?"), "{wrong}");
}
