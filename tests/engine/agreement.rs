//! The engine passes steps in one go; the reference goes step by step. Both must say
//! the same of every job, to the nanosecond and in the same order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use windtunnel::kernel::{Duration, Time};
use windtunnel::serving::engine::{
    Engine, EngineSpec, Job, JobId, Progress, ProgressKind, QueuePolicy, Refused,
};
use windtunnel::serving::step::{
    LinearSpec, OverheadsSpec, RooflineSpec, StepModel, StepSpec, TableSpec,
};
use windtunnel::workload::DataPaths;

use crate::reference::Reference;
use crate::support::job;

#[derive(Clone, Debug)]
enum Action {
    Submit {
        input: u32,
        output: u32,
        priority: u32,
        chain: u64,
        shared: u32,
        prefilled: bool,
        names_answer: bool,
    },
    Cancel {
        back: u32,
    },
    Slowdown {
        quarters: u32,
    },
    Crash,
    Look {
        back: u32,
    },
}

#[derive(Clone, Copy, Debug)]
enum When {
    /// So many nanoseconds after the last.
    After(u64),
    /// As a step ends: the one that runs, or one of those that follow.
    StepEnd(u32),
}

/// When, whether after all else that happens then, and what.
fn actions() -> impl Strategy<Value = Vec<(When, bool, Action)>> {
    let flags = (prop::bool::weighted(0.1), any::<bool>());
    let submit = (1u32..60, 0u32..80, 0u32..3, 0u64..4, 0u32..80, flags).prop_map(
        |(input, output, priority, chain, shared, (prefilled, names_answer))| Action::Submit {
            input,
            output,
            priority,
            chain,
            shared,
            prefilled,
            names_answer,
        },
    );
    let action = prop_oneof![
        20 => submit,
        3 => (0u32..6).prop_map(|back| Action::Cancel { back }),
        1 => (1u32..12).prop_map(|quarters| Action::Slowdown { quarters }),
        2 => (0u32..6).prop_map(|back| Action::Look { back }),
    ];
    let gap = prop_oneof![Just(0u64), (0u64..40).prop_map(|tens| 10 * tens), 0u64..3000];
    let when = prop_oneof![2 => gap.prop_map(When::After), 1 => (0u32..4).prop_map(When::StepEnd)];
    let crash = prop_oneof![60 => Just(None), 1 => Just(Some(Action::Crash))];
    let late = prop::bool::weighted(0.2);
    prop::collection::vec(
        (when, late, action, crash)
            .prop_map(|(when, late, action, crash)| (when, late, crash.unwrap_or(action))),
        1..60,
    )
}

fn step() -> impl Strategy<Value = StepSpec> {
    let linear = (0u64..4, 0u64..3, 0u64..3).prop_map(|(step, prompt, decode)| {
        let nanos = |tens| Duration(10 * tens);
        StepSpec::Linear(LinearSpec::of(nanos(step), Duration(prompt), nanos(decode)))
    });
    // So small and slow a GPU that contexts count, and arithmetic overtakes traffic
    // and the other way round.
    let model = prop::sample::select(vec![
        (
            "{ custom: { parameters_billion: 2.0e-6, num_hidden_layers: 1, num_attention_heads: 3, num_key_value_heads: 2, head_dim: 7 } }",
            "",
        ),
        ("windows.json", ""),
        ("windows.json", "tensor_parallel_size: 2"),
        ("windows.json", "pipeline_parallel_size: 2"),
        ("experts.json", "precision: { weights: int4, kv_cache: fp8 }"),
        (
            "experts.json",
            "tensor_parallel_size: 2\ndata_parallel_size: 2\nenable_expert_parallel: true",
        ),
        ("latent.json", ""),
        ("latent.json", "tensor_parallel_size: 2\npipeline_parallel_size: 3"),
    ]);
    let roofline = (model, 1u32..200, 1u32..200, 0u64..30);
    let roofline = roofline.prop_map(|((model, more), compute, traffic, per_step)| {
        let yaml = format!(
            "model: {model}
gpu: {{ custom: {{ tflops: {}, bandwidth_gb_s: {}, memory_gb: 1 }} }}
link: {{ latency: 3ns, bandwidth: 2GB/s }}
per_layer: 1ns
per_step: {per_step}ns
{more}",
            f64::from(compute) * 1e-2,
            f64::from(traffic) * 0.37,
        );
        let value: serde_yaml::Value = serde_yaml::from_str(&yaml).unwrap();
        let spec: RooflineSpec =
            serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap();
        StepSpec::Roofline(spec)
    });
    let table = Just(StepSpec::Table(TableSpec { file: PROFILE.into() }));
    let layers = Just(StepSpec::Layers(
        serde_yaml::from_str("{ profile: layers, model: config.json }").unwrap(),
    ));
    let operators = prop::sample::select(vec!["config.json", "windowed.json"]).prop_map(|model| {
        let yaml = format!(
            "{{ tables: operators, model: {model}, hardware: h100, per_step: 7ns, per_kernel: 1ns, \
             sampling_ps_per_word: 333.3, max_cudagraph_capture_size: 4 }}"
        );
        StepSpec::Operators(serde_yaml::from_str(&yaml).unwrap())
    });
    prop_oneof![2 => linear, 2 => roofline, 1 => table, 1 => layers, 1 => operators]
}

fn specs() -> impl Strategy<Value = EngineSpec> {
    let policy =
        prop_oneof![Just(QueuePolicy::Fcfs), Just(QueuePolicy::Sjf), Just(QueuePolicy::Priority)];
    let sizes = (1u32..9, 0u32..40, prop::sample::select(vec![1u32, 2, 4, 16]), 1u32..4);
    let long = prop_oneof![1 => Just(0u32), 1 => 1u32..30];
    let blocks = prop_oneof![8u32..30, 30u32..300];
    let limit = prop_oneof![4 => Just(None), 1 => (1u32..6).prop_map(Some)];
    let flags = (prop::bool::weighted(0.7), any::<bool>(), any::<bool>(), any::<bool>());
    let per_step = prop_oneof![Just(0u64), 1u64..50];
    (step(), per_step, sizes, blocks, flags, policy, (limit, long)).prop_map(
        |(
            step,
            per_step,
            (seqs, more, block_size, per_unit),
            blocks,
            flags,
            policy,
            (limit, long),
        )| {
            let (chunked, caching, ahead, whole) = flags;
            EngineSpec {
                step,
                overheads: OverheadsSpec {
                    per_step: Duration(per_step),
                    ..OverheadsSpec::default()
                },
                async_scheduling: ahead,
                long_prefill_token_threshold: long,
                scheduler_reserve_full_isl: whole,
                max_num_seqs: Some(seqs),
                max_num_batched_tokens: Some(seqs + more),
                enable_chunked_prefill: chunked,
                block_size,
                num_gpu_blocks: Some(blocks),
                enable_prefix_caching: caching,
                hash_block_size: Some(block_size * per_unit),
                policy,
                queue_limit: limit,
                ..EngineSpec::default()
            }
        },
    )
}

/// The chain of a prompt that shares its first `shared` tokens with all prompts of
/// `chain`, and no others.
fn blocks(spec: &EngineSpec, job: u32, tokens: u32, chain: u64, shared: u32) -> Vec<u64> {
    let per_id = spec.tokens_per_id();
    let alone = u64::from(job) << 32;
    (0..tokens / per_id)
        .map(|nth| if (nth + 1) * per_id <= shared { chain << 20 } else { alone } + u64::from(nth))
        .map(|id| id + 1)
        .collect()
}

/// An engine of either kind.
trait Serves {
    fn submit(&mut self, now: Time, job: &Job) -> Result<(), Refused>;
    fn cancel(&mut self, now: Time, id: JobId) -> bool;
    fn set_slowdown(&mut self, now: Time, factor: f64);
    fn crash(&mut self, now: Time, lost: &mut Vec<JobId>);
    fn advance(&mut self, now: Time, out: &mut Vec<Progress>);
    fn next_at(&self) -> Option<Time>;
    fn tokens_made(&mut self, now: Time, id: JobId) -> u32;
    fn steps_by(&mut self, now: Time) -> u64;
}

macro_rules! serves {
    ($kind:ident, $steps:expr) => {
        impl Serves for $kind {
            fn submit(&mut self, now: Time, job: &Job) -> Result<(), Refused> {
                $kind::submit(self, now, job)
            }
            fn cancel(&mut self, now: Time, id: JobId) -> bool {
                $kind::cancel(self, now, id)
            }
            fn set_slowdown(&mut self, now: Time, factor: f64) {
                $kind::set_slowdown(self, now, factor);
            }
            fn crash(&mut self, now: Time, lost: &mut Vec<JobId>) {
                $kind::crash(self, now, lost);
            }
            fn advance(&mut self, now: Time, out: &mut Vec<Progress>) {
                $kind::advance(self, now, out);
            }
            fn next_at(&self) -> Option<Time> {
                $kind::next_at(self)
            }
            fn tokens_made(&mut self, now: Time, id: JobId) -> u32 {
                $kind::tokens_made(self, now, id)
            }
            fn steps_by(&mut self, now: Time) -> u64 {
                $steps(self, now)
            }
        }
    };
}
serves!(Engine, |engine: &mut Engine, now| engine.stats(now).steps);
serves!(Reference, Reference::steps_by);

/// What was heard of jobs and answered to actions, and when the last step ended.
#[derive(Default)]
struct Heard {
    happened: Vec<Progress>,
    answers: Vec<String>,
    jobs: u32,
    over: Time,
}

impl Heard {
    /// Does one thing to an engine.
    fn act(&mut self, it: &mut impl Serves, spec: &EngineSpec, now: Time, action: &Action) {
        match *action {
            Action::Submit { input, output, priority, chain, shared, prefilled, names_answer } => {
                let blocks = blocks(spec, self.jobs, input + output, chain, shared);
                let sizes = job(self.jobs, input, output);
                let job = Job { priority, blocks: &blocks, prefilled, names_answer, ..sizes };
                self.answers.push(format!("{:?}", it.submit(now, &job)));
                self.jobs += 1;
            }
            Action::Cancel { back } => {
                let id = self.jobs.saturating_sub(back + 1);
                self.answers.push(format!("{}", it.cancel(now, id.into())));
            }
            Action::Slowdown { quarters } => it.set_slowdown(now, f64::from(quarters) / 4.0),
            Action::Crash => {
                let mut lost = Vec::new();
                it.crash(now, &mut lost);
                self.answers.push(format!("{lost:?}"));
            }
            Action::Look { back } => {
                let id = self.jobs.saturating_sub(back + 1);
                let made = it.tokens_made(now, id.into());
                self.answers.push(format!("{made} tokens, {} steps", it.steps_by(now)));
            }
        }
    }

    fn finish(&mut self, it: &mut impl Serves) {
        while let Some(at) = it.next_at() {
            it.advance(at, &mut self.happened);
            self.over = self.over.max(at);
        }
    }
}

/// Goes step by step, and finds out when things are to be done.
fn expected(
    reference: &mut Reference,
    spec: &EngineSpec,
    actions: &[(When, bool, Action)],
) -> (Heard, Vec<Time>) {
    let (mut heard, mut now, mut times) = (Heard::default(), Time(0), Vec::new());
    for (when, late, action) in actions {
        match *when {
            When::After(gap) => now += Duration(gap),
            When::StepEnd(nth) => {
                for _ in 0..nth {
                    now = reference.step_end().unwrap_or(now).max(now);
                    reference.advance(now, &mut heard.happened);
                    now += Duration(1);
                }
                now = reference.step_end().unwrap_or(now).max(now);
            }
        }
        if *late {
            reference.advance(now, &mut heard.happened);
        }
        heard.act(reference, spec, now, action);
        times.push(now);
    }
    heard.over = now;
    heard.finish(reference);
    (heard, times)
}

/// The same at the same times; an `eager` caller looks whenever something happens.
fn found(
    engine: &mut Engine,
    spec: &EngineSpec,
    actions: &[(When, bool, Action)],
    times: &[Time],
    eager: bool,
) -> Heard {
    let mut heard = Heard::default();
    for ((_, late, action), now) in actions.iter().zip(times) {
        while let Some(at) = engine.next_at().filter(|at| eager && at < now) {
            engine.advance(at, &mut heard.happened);
        }
        if *late {
            engine.advance(*now, &mut heard.happened);
        }
        heard.act(engine, spec, *now, action);
        heard.over = *now;
    }
    heard.finish(engine);
    heard
}

const PROFILE: &str = "profile.csv";

/// A profile with bends in all directions, in nanoseconds that are not whole.
fn write_profile(folder: &std::path::Path) {
    let mut text = "prefill_tokens,decode_seqs,context_tokens,step_us\n".to_owned();
    for prefill in [0u64, 3, 20] {
        for decode in [0u64, 2, 5] {
            for context in [0u64, 40, 90, 200, 1000] {
                let bend = (prefill * 7 + decode * 3 + context / 40 * 5) % 11;
                let micros = 0.0101 + 0.001_37 * (prefill + 2 * decode + bend) as f64;
                writeln!(text, "{prefill},{decode},{context},{micros}").unwrap();
            }
        }
    }
    std::fs::write(folder.join(PROFILE), text).unwrap();
}

/// A layer profile with bends, and holes where a profiler leaves them.
fn write_layers(folder: &std::path::Path) {
    let config = r#"{ "architectures": ["LlamaForCausalLM"], "num_hidden_layers": 3,
        "hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 9, "vocab_size": 7 }"#;
    std::fs::write(folder.join("config.json"), config).unwrap();
    let folder = folder.join("layers/tp1");
    std::fs::create_dir_all(&folder).unwrap();
    let mut dense = "layer,tokens,time_us\n".to_owned();
    let parts = ["embedding", "layernorm", "qkv_proj", "rotary_emb", "o_proj", "gate_up_proj"];
    for part in parts.into_iter().chain(["act_fn", "down_proj", "final_layernorm"]) {
        for tokens in [1u64, 2, 9, 30] {
            writeln!(dense, "{part},{tokens},{}", 0.001 + 0.000_37 * tokens as f64).unwrap();
        }
    }
    std::fs::write(folder.join("dense.csv"), dense).unwrap();
    let rows = "lm_head,1,0.01\nlm_head,5,0.013\nsampler,1,0.001\nsampler,5,0.0021\n";
    let rows = format!("layer,sequences,time_us\n{rows}");
    std::fs::write(folder.join("per_sequence.csv"), rows).unwrap();
    let mut written = std::collections::BTreeSet::new();
    let mut attention = "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n".to_owned();
    for (chunk, seqs) in [(0u64, 1u64), (0, 4), (2, 0), (16, 0), (2, 1), (16, 1), (2, 4)] {
        for (before, context) in [0u64, 30].into_iter().zip([2u64, 7]).chain([(0, 40), (30, 90)]) {
            let (before, context) =
                (if chunk == 0 { 0 } else { before }, if seqs == 0 { 0 } else { context });
            if !written.insert((chunk, before, seqs, context)) {
                continue;
            }
            let bend = (chunk * 7 + seqs * 3 + context * before) % 11;
            let work = chunk * (before + chunk) + seqs * context + bend;
            let micros = 0.002 + 0.000_113 * work as f64;
            writeln!(attention, "{chunk},{before},{seqs},{context},{micros}").unwrap();
        }
    }
    std::fs::write(folder.join("attention.csv"), attention).unwrap();
    let skew = "pc,n_label,skew_rate_label,kv_big_label,kp_label,alpha,n_samples
0,n<=2,sr<=50%,kvB<=20,kp=0,0.31,4\n0,n>2,sr>50%,kvB>20,kp>0,-0.2,4\n16,n>2,sr<=50%,kvB>20,kp=0,1.7,2\n";
    std::fs::write(folder.join("skew_fit.csv"), skew).unwrap();
}

/// Tables of operators with bends, and a model with a window.
fn write_operators(folder: &std::path::Path) {
    let config = std::fs::read_to_string(folder.join("config.json")).unwrap();
    let windowed =
        config.replace("Llama", "Mistral").replace(": 7 }", ": 7, \"sliding_window\": 23 }");
    std::fs::write(folder.join("windowed.json"), windowed).unwrap();
    let folder = folder.join("operators");
    std::fs::create_dir_all(&folder).unwrap();
    let file = |operator: &str, text: String| {
        std::fs::write(folder.join(format!("toy-vllm0.1-{operator}-bf16.csv")), text).unwrap();
    };
    let mut gemm = "m,n,k,latency_ms\n".to_owned();
    for m in [1u64, 2, 9, 30] {
        for (n, k) in [4u64, 17].iter().flat_map(|n| [4u64, 9].map(|k| (*n, k))) {
            let millis = 1.3e-6 + 1.7e-9 * (m * n * k) as f64;
            writeln!(gemm, "{m},{n},{k},{millis}").unwrap();
        }
    }
    file("gemm", gemm);
    let columns = "batch_size,isl,step,num_heads,num_kv_heads,head_dim,latency_ms\n";
    let (mut context, mut generation) = (columns.to_owned(), columns.to_owned());
    for count in [1u64, 3, 7] {
        for length in [1u64, 8, 20, 50] {
            let bend = (count * 7 + length * 3) % 11;
            let prompts = 2.1e-6 + 3.1e-8 * (count * length * length + bend) as f64;
            writeln!(context, "{count},{length},0,2,2,4,{prompts}").unwrap();
            let decodes = 1.1e-6 + 7.7e-8 * (count * length + bend) as f64;
            writeln!(generation, "{count},1,{},2,2,4,{decodes}", length - 1).unwrap();
        }
    }
    file("context-attention", context);
    file("generation-attention", generation);
}

/// Small models of all kinds.
fn write_models(folder: &std::path::Path) {
    let sizes = r#""hidden_size": 12, "num_attention_heads": 4, "num_key_value_heads": 2,
        "head_dim": 3, "intermediate_size": 8, "vocab_size": 10"#;
    let experts = r#""num_experts_per_tok": 2, "moe_intermediate_size": 4"#;
    for (name, architecture, more) in [
        ("windows", "Gemma2", "\"num_hidden_layers\": 2, \"sliding_window\": 20".to_owned()),
        ("experts", "Qwen3Moe", format!("\"num_hidden_layers\": 2, \"num_experts\": 8, {experts}")),
        (
            "latent",
            "DeepseekV3",
            format!(
                "\"num_hidden_layers\": 3, \"n_routed_experts\": 4, \"n_shared_experts\": 1, \
                 \"first_k_dense_replace\": 1, \"q_lora_rank\": 5, \"kv_lora_rank\": 6, \
                 \"qk_nope_head_dim\": 3, \"qk_rope_head_dim\": 2, \"v_head_dim\": 3, {experts}"
            ),
        ),
    ] {
        let text =
            format!("{{ \"architectures\": [\"{architecture}ForCausalLM\"], {more}, {sizes} }}");
        std::fs::write(folder.join(format!("{name}.json")), text).unwrap();
    }
}

#[test]
fn steps_in_one_go_give_what_steps_one_by_one_do() {
    let folder = tempfile::tempdir().unwrap();
    write_profile(folder.path());
    write_layers(folder.path());
    write_operators(folder.path());
    write_models(folder.path());
    let paths = DataPaths { folders: vec![folder.path().to_path_buf()] };
    let counts: RefCell<BTreeMap<&str, u32>> = RefCell::default();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: ProptestConfig::default().cases.max(3000),
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&(specs(), actions()), |(spec, actions)| {
        let step = StepModel::new(&spec.step, &paths).unwrap().with_overheads(&spec.overheads);
        let mut reference = Reference::new(&spec, &step);
        let (expected, times) = expected(&mut reference, &spec, &actions);
        prop_assert!(reference.is_empty());
        count(&mut counts.borrow_mut(), &expected);
        for eager in [true, false] {
            let mut engine = Engine::new(&spec, &step);
            let found = found(&mut engine, &spec, &actions, &times, eager);
            prop_assert_eq!(&found.answers, &expected.answers, "what was answered");
            let pairs = found.happened.iter().zip(&expected.happened);
            for (nth, (found, expected)) in pairs.enumerate() {
                prop_assert_eq!(found, expected, "{} of what happened, eager: {}", nth, eager);
            }
            prop_assert_eq!(found.happened.len(), expected.happened.len());
            prop_assert_eq!((engine.waiting(), engine.running()), (0, 0));
            prop_assert_eq!(engine.kv_use(), 0.0);
            let most = reference.most_used as f64 / f64::from(spec.blocks(&step).unwrap());
            let stats = engine.stats(found.over);
            prop_assert_eq!(stats.steps, reference.steps_by(found.over));
            prop_assert!(stats.kv_max <= most.min(1.0) + 1e-9);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    // The workloads reach all that can happen.
    let counts = counts.into_inner();
    for what in [
        "started",
        "reused",
        "first",
        "finished",
        "preempted",
        "resumed",
        "resumed, reusing",
        "refused: full",
        "refused: too long",
        "cancelled",
        "looked",
        "lost",
    ] {
        let times = counts.get(what).copied().unwrap_or(0);
        assert!(times >= 100, "{what}: {times} of {counts:?}");
    }
}

fn count(counts: &mut BTreeMap<&'static str, u32>, heard: &Heard) {
    for progress in &heard.happened {
        let what = match progress.kind {
            ProgressKind::Started { cached_tokens: 0 } => "started",
            ProgressKind::Started { .. } => "reused",
            ProgressKind::Preempted => "preempted",
            ProgressKind::Resumed { cached_tokens: 0 } => "resumed",
            ProgressKind::Resumed { .. } => "resumed, reusing",
            ProgressKind::FirstToken => "first",
            ProgressKind::Finished => "finished",
        };
        *counts.entry(what).or_default() += 1;
    }
    for answer in &heard.answers {
        let what = match answer.as_str() {
            "Err(QueueFull)" => "refused: full",
            "Err(TooLong)" => "refused: too long",
            "true" => "cancelled",
            made if made.ends_with("steps") && !made.starts_with("0 ") => "looked",
            lost if lost.starts_with('[') && lost != "[]" => "lost",
            _ => continue,
        };
        *counts.entry(what).or_default() += 1;
    }
}
