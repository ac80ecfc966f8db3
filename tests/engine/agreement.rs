//! The engine passes steps in one go; the reference goes step by step. Both must say
//! the same of every job, to the nanosecond and in the same order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use windtunnel::kernel::{Duration, Time};
use windtunnel::serving::engine::{Engine, EngineSpec, Job, Progress, ProgressKind, QueuePolicy};
use windtunnel::serving::step::{LinearSpec, RooflineSpec, StepModel, StepSpec, TableSpec};
use windtunnel::workload::DataPaths;

use crate::reference::Reference;

#[derive(Clone, Debug)]
enum Action {
    Submit { input: u32, output: u32, priority: u32, chain: u64, shared: u32, prefilled: bool },
    Cancel { back: u32 },
    Slowdown { quarters: u32 },
    Crash,
    Nothing,
}

fn actions() -> impl Strategy<Value = Vec<(u64, Action)>> {
    let submit = (1u32..60, 0u32..80, 0u32..3, 0u64..4, 0u32..80, prop::bool::weighted(0.1))
        .prop_map(|(input, output, priority, chain, shared, prefilled)| Action::Submit {
            input,
            output,
            priority,
            chain,
            shared,
            prefilled,
        });
    let action = prop_oneof![
        20 => submit,
        3 => (0u32..6).prop_map(|back| Action::Cancel { back }),
        1 => (1u32..12).prop_map(|quarters| Action::Slowdown { quarters }),
        1 => Just(Action::Nothing),
    ];
    // Gaps of whole tens fall together with ends of steps; others do not.
    let gap = prop_oneof![Just(0u64), (0u64..40).prop_map(|tens| 10 * tens), 0u64..3000];
    let crash = prop_oneof![60 => Just(None), 1 => Just(Some(Action::Crash))];
    prop::collection::vec(
        (gap, action, crash).prop_map(|(gap, action, crash)| (gap, crash.unwrap_or(action))),
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
    let roofline = (1u32..200, 1u32..200, 0u64..30).prop_map(|(compute, traffic, per_step)| {
        let yaml = format!(
            "model: {{ custom: {{ parameters_billion: 1.0e-6, num_hidden_layers: 1, num_attention_heads: 3, num_key_value_heads: 2, head_dim: 7 }} }}
gpu: {{ custom: {{ tflops: {}, bandwidth_gb_s: {}, memory_gb: 1 }} }}
per_step: {per_step}ns",
            f64::from(compute) * 1e-2,
            f64::from(traffic) * 0.37,
        );
        let value: serde_yaml::Value = serde_yaml::from_str(&yaml).unwrap();
        let spec: RooflineSpec =
            serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap();
        StepSpec::Roofline(spec)
    });
    let table = Just(StepSpec::Table(TableSpec { file: PROFILE.into() }));
    prop_oneof![2 => linear, 2 => roofline, 1 => table]
}

fn specs() -> impl Strategy<Value = EngineSpec> {
    let policy =
        prop_oneof![Just(QueuePolicy::Fcfs), Just(QueuePolicy::Sjf), Just(QueuePolicy::Priority)];
    let sizes = (1u32..9, 0u32..40, prop::sample::select(vec![1u32, 2, 4, 16]), 1u32..4);
    let blocks = prop_oneof![8u32..30, 30u32..300];
    let limit = prop_oneof![4 => Just(None), 1 => (1u32..6).prop_map(Some)];
    (step(), sizes, blocks, prop::bool::weighted(0.7), any::<bool>(), policy, limit).prop_map(
        |(step, (seqs, more, block_size, per_unit), blocks, chunked, caching, policy, limit)| {
            EngineSpec {
                step,
                max_num_seqs: seqs,
                max_num_batched_tokens: seqs + more,
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

/// Does what is to be done to engines, calling `each` with the time of each action
/// before it and after all of that time.
macro_rules! drive {
    ($engine:expr, $spec:expr, $actions:expr, $eager:expr) => {{
        let (engine, spec, actions): (_, &EngineSpec, &[(u64, Action)]) =
            ($engine, $spec, $actions);
        let (mut now, mut jobs) = (Time(0), 0u32);
        let mut happened: Vec<Progress> = Vec::new();
        let mut answers: Vec<String> = Vec::new();
        for (nth, (gap, action)) in actions.iter().enumerate() {
            now += Duration(*gap);
            if $eager {
                while let Some(at) = engine.next_at().filter(|at| *at < now) {
                    engine.advance(at, &mut happened);
                }
            }
            match *action {
                Action::Submit { input, output, priority, chain, shared, prefilled } => {
                    let blocks = blocks(spec, jobs, input + output, chain, shared);
                    let (id, input_tokens, output_tokens) = (jobs, input, output);
                    let job = Job {
                        id,
                        input_tokens,
                        output_tokens,
                        priority,
                        blocks: &blocks,
                        prefilled,
                    };
                    answers.push(format!("{:?}", engine.submit(now, &job)));
                    jobs += 1;
                }
                Action::Cancel { back } => {
                    let id = jobs.saturating_sub(back + 1);
                    answers.push(format!("{}", engine.cancel(now, id)));
                }
                Action::Slowdown { quarters } => {
                    engine.set_slowdown(now, f64::from(quarters) / 4.0);
                }
                Action::Crash => {
                    let mut lost = Vec::new();
                    engine.crash(now, &mut lost);
                    answers.push(format!("{lost:?}"));
                }
                Action::Nothing => {}
            }
            if actions.get(nth + 1).is_none_or(|(gap, _)| *gap > 0) {
                engine.advance(now, &mut happened);
            }
        }
        while let Some(at) = engine.next_at() {
            engine.advance(at, &mut happened);
        }
        (happened, answers, now)
    }};
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

#[test]
fn steps_in_one_go_give_what_steps_one_by_one_do() {
    let folder = tempfile::tempdir().unwrap();
    write_profile(folder.path());
    let paths = DataPaths { folders: vec![folder.path().to_path_buf()] };
    let counts: RefCell<BTreeMap<&str, u32>> = RefCell::default();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 3000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&(specs(), actions()), |(spec, actions)| {
        let step = StepModel::new(&spec.step, &paths).unwrap();
        let mut reference = Reference::new(&spec, &step);
        let expected = drive!(&mut reference, &spec, &actions, false);
        prop_assert!(reference.is_empty());
        count(&mut counts.borrow_mut(), &expected.0, &expected.1);
        for eager in [true, false] {
            let mut engine = Engine::new(&spec, &step);
            let found = drive!(&mut engine, &spec, &actions, eager);
            prop_assert_eq!(&found.1, &expected.1, "what was answered");
            for (nth, (found, expected)) in found.0.iter().zip(&expected.0).enumerate() {
                prop_assert_eq!(found, expected, "{} of what happened, eager: {}", nth, eager);
            }
            prop_assert_eq!(found.0.len(), expected.0.len());
            prop_assert_eq!((engine.waiting(), engine.running()), (0, 0));
            prop_assert_eq!(engine.kv_use(), 0.0);
            let most = reference.most_used as f64 / f64::from(spec.blocks());
            prop_assert_eq!(engine.stats(found.2).steps, reference.steps);
            prop_assert!(engine.stats(found.2).kv_max <= most.min(1.0) + 1e-9);
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
        "lost",
    ] {
        let times = counts.get(what).copied().unwrap_or(0);
        assert!(times >= 100, "{what}: {times} of {counts:?}");
    }
}

fn count(counts: &mut BTreeMap<&'static str, u32>, happened: &[Progress], answers: &[String]) {
    for progress in happened {
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
    for answer in answers {
        let what = match answer.as_str() {
            "Err(QueueFull)" => "refused: full",
            "Err(TooLong)" => "refused: too long",
            "true" => "cancelled",
            lost if lost.starts_with('[') && lost != "[]" => "lost",
            _ => continue,
        };
        *counts.entry(what).or_default() += 1;
    }
}
