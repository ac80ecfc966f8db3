//! What the engine's tests share.

use windtunnel::kernel::{Duration, Time};
use windtunnel::serving::engine::{Engine, EngineSpec, Job, Progress, ProgressKind};
use windtunnel::serving::step::{LinearSpec, StepModel, StepSpec};
use windtunnel::workload::DataPaths;

/// A spec whose steps take so many nanoseconds, and so many more for each prompt token
/// and each decoding sequence; each is scheduled when the last has ended.
pub fn linear(per_step: u64, per_prefill_token: u64, per_decode_seq: u64) -> EngineSpec {
    let [step, prompt, decode] = [per_step, per_prefill_token, per_decode_seq].map(Duration);
    let step = StepSpec::Linear(LinearSpec::of(step, prompt, decode));
    EngineSpec { step, async_scheduling: false, ..EngineSpec::default() }
}

/// The engine of `spec`.
pub fn engine(spec: &EngineSpec) -> Engine {
    Engine::new(spec, &StepModel::new(&spec.step, &DataPaths::default()).unwrap())
}

/// A job without a chain of blocks.
pub fn job(id: u32, input_tokens: u32, output_tokens: u32) -> Job<'static> {
    Job { id: id.into(), input_tokens, output_tokens, ..Job::default() }
}

/// Runs an engine until nothing more happens.
pub fn finish(engine: &mut Engine) -> Vec<Progress> {
    let mut happened = Vec::new();
    while let Some(at) = engine.next_at() {
        engine.advance(at, &mut happened);
    }
    happened
}

/// The same, in short: nanoseconds, number, what.
pub fn told(engine: &mut Engine) -> Vec<(u64, u32, ProgressKind)> {
    let happened = finish(engine).into_iter();
    happened.map(|progress| (progress.at.0, progress.id.index, progress.kind)).collect()
}

/// Runs an engine up to and at `now`.
pub fn advance(engine: &mut Engine, now: Time, happened: &mut Vec<Progress>) {
    while let Some(at) = engine.next_at().filter(|at| *at <= now) {
        engine.advance(at, happened);
    }
}
