//! A batching engine as plain as can be, in the way of vLLM's scheduler: step by step, block
//! by block, everything searched from end to end. What
//! [`Engine`](windtunnel::serving::engine::Engine) does in one go must come out as it does
//! here, to the nanosecond.
#![allow(dead_code, reason = "each test uses a part of it")]

#[path = "memory.rs"]
mod memory;

use std::collections::VecDeque;

use windtunnel::kernel::Time;
use windtunnel::serving::engine::{
    EngineSpec, Job, JobId, Progress, ProgressKind, QueuePolicy, Refused,
};
use windtunnel::serving::step::{Batch, Growth, StepModel};

use memory::{Memory, Name};

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "plain words for plain states")]
struct Sequence {
    id: JobId,
    input: u32,
    output: u32,
    rank: (u64, u64),
    chain: Vec<u64>,
    prefilled: bool,
    started: bool,
    cancelled: bool,
    /// Whether its prompt, or what it lost, is being computed.
    prefills: bool,
    /// Whether it decodes and was left out of the last step.
    left_out: bool,
    made: u32,
    /// Tokens of its answer that are scheduled and not made.
    placeholders: u32,
    /// Tokens whose keys and values are there when all that is scheduled has been done.
    computed: u32,
    in_flight: u32,
    /// Tokens whose blocks, where they are full, are known.
    hashed: u32,
    /// Blocks without a name, and units.
    own: Vec<usize>,
    units: Vec<usize>,
}

impl Sequence {
    fn target(&self) -> u32 {
        self.input + self.made + self.placeholders
    }

    /// Whether its last token is scheduled.
    fn is_ending(&self) -> bool {
        let last = self.made + self.placeholders == self.output;
        last && self.computed + u32::from(self.output > 0) == self.target()
    }

    /// The name of the `nth` unit of its tokens: the caller's, or one that no other
    /// sequence has.
    fn name(&self, nth: usize) -> Name {
        self.chain.get(nth).map_or((self.rank.1, nth as u64), |id| (0, *id))
    }
}

/// A step that is scheduled.
struct Step {
    /// Who is in it, by arrival; how many tokens, and whether the last gives the next.
    parts: Vec<(u64, u32, bool)>,
    ticks: u64,
}

pub struct Reference {
    spec: EngineSpec,
    step: StepModel,
    slowdown: u128,
    memory: Memory,
    waiting: Vec<Sequence>,
    running: Vec<Sequence>,
    /// The running step, and perhaps the one after it.
    scheduled: VecDeque<Step>,
    clock: u128,
    /// When the running step ends.
    end: Option<u128>,
    arrivals: u64,
    steps: u64,
    pub most_used: usize,
    happened: Vec<Progress>,
}

const NANO: u128 = 1 << 32;

fn time_of(clock: u128) -> Time {
    Time((clock / NANO) as u64)
}

impl Reference {
    pub fn new(spec: &EngineSpec, step: &StepModel) -> Self {
        let total = spec.blocks(step).unwrap() as usize;
        Reference {
            spec: spec.clone(),
            step: step.clone(),
            slowdown: 4096,
            memory: Memory::new(total, spec.tokens_per_id(), spec.block_size),
            waiting: Vec::new(),
            running: Vec::new(),
            scheduled: VecDeque::new(),
            clock: 0,
            end: None,
            arrivals: 0,
            steps: 0,
            most_used: 0,
            happened: Vec::new(),
        }
    }

    pub fn next_at(&self) -> Option<Time> {
        if let Some(progress) = self.happened.first() {
            return Some(progress.at);
        }
        if let Some(end) = self.end {
            return Some(time_of(end));
        }
        (!self.waiting.is_empty()).then(|| time_of(self.clock))
    }

    /// When the running step ends.
    pub fn step_end(&self) -> Option<Time> {
        self.end.map(time_of)
    }

    /// Steps that have ended by `now`.
    pub fn steps_by(&mut self, now: Time) -> u64 {
        self.catch_up(now, false);
        self.steps
    }

    pub fn submit(&mut self, now: Time, job: &Job) -> Result<(), Refused> {
        self.catch_up(now, false);
        let input = job.input_tokens.max(1);
        let stored = input + job.output_tokens.max(1) - 1;
        if stored.div_ceil(self.spec.block_size) as usize > self.memory.total
            || self.spec.max_model_len.is_some_and(|most| input + job.output_tokens > most)
            || (!self.spec.enable_chunked_prefill
                && !job.prefilled
                && input > self.spec.tokens_per_step())
        {
            return Err(Refused::TooLong);
        }
        if self.spec.queue_limit.is_some_and(|limit| self.waiting.len() >= limit as usize) {
            return Err(Refused::QueueFull);
        }
        if self.end.is_none() && self.waiting.is_empty() {
            self.clock = self.clock.max(u128::from(now.0) * NANO);
        }
        self.arrivals += 1;
        let tokens = input + job.output_tokens;
        let key = match self.spec.policy {
            QueuePolicy::Fcfs => 0,
            QueuePolicy::Sjf => u64::from(tokens),
            QueuePolicy::Priority => u64::from(job.priority),
        };
        let ids = if job.names_answer { tokens } else { input } / self.spec.tokens_per_id();
        let ids = if self.spec.enable_prefix_caching { ids } else { 0 };
        self.wait(Sequence {
            id: job.id,
            input,
            output: job.output_tokens,
            rank: (key, self.arrivals),
            chain: job.blocks.iter().copied().take(ids as usize).collect(),
            prefilled: job.prefilled,
            started: false,
            cancelled: false,
            prefills: false,
            left_out: false,
            made: 0,
            placeholders: 0,
            computed: 0,
            in_flight: 0,
            hashed: 0,
            own: Vec::new(),
            units: Vec::new(),
        });
        Ok(())
    }

    fn wait(&mut self, sequence: Sequence) {
        self.waiting.push(sequence);
        self.waiting.sort_by_key(|other| other.rank);
    }

    pub fn cancel(&mut self, now: Time, id: JobId) -> bool {
        self.catch_up(now, false);
        let waiting = self.waiting.len();
        if let Some(sequence) = self.waiting.iter().find(|sequence| sequence.id == id) {
            self.memory.forget_all_of(sequence.rank.1);
        }
        self.waiting.retain(|sequence| sequence.id != id);
        let mut running = self.running.iter_mut();
        let running = running.find(|sequence| sequence.id == id && !sequence.cancelled);
        self.waiting.len() < waiting
            || running.is_some_and(|sequence| {
                sequence.cancelled = true;
                true
            })
    }

    pub fn tokens_made(&mut self, now: Time, id: JobId) -> u32 {
        self.catch_up(now, false);
        let mut all = self.running.iter().chain(&self.waiting);
        all.find(|sequence| sequence.id == id && !sequence.cancelled).map_or(0, |it| it.made)
    }

    pub fn set_slowdown(&mut self, now: Time, factor: f64) {
        self.catch_up(now, false);
        self.slowdown = (factor * 4096.0).round() as u128;
    }

    pub fn crash(&mut self, now: Time, lost: &mut Vec<JobId>) {
        self.catch_up(now, false);
        let there = self.running.iter().chain(&self.waiting);
        let mut ids: Vec<JobId> =
            there.filter(|sequence| !sequence.cancelled).map(|sequence| sequence.id).collect();
        ids.sort_unstable();
        lost.extend(ids);
        let mut fresh = Reference::new(&self.spec, &self.step);
        (fresh.slowdown, fresh.clock) = (self.slowdown, self.clock);
        (fresh.arrivals, fresh.steps, fresh.most_used) =
            (self.arrivals, self.steps, self.most_used);
        fresh.happened = std::mem::take(&mut self.happened);
        *self = fresh;
    }

    pub fn advance(&mut self, now: Time, out: &mut Vec<Progress>) {
        self.catch_up(now, true);
        out.append(&mut self.happened);
    }

    /// All that happens before `now`, and `at` it.
    fn catch_up(&mut self, now: Time, at: bool) {
        let is_due = |clock| time_of(clock) < now || at && time_of(clock) == now;
        loop {
            match self.end {
                Some(end) if is_due(end) => {
                    self.clock = end;
                    self.end_step();
                }
                None if !self.waiting.is_empty() && is_due(self.clock) => {}
                _ => return,
            }
            // With asynchronous scheduling there is one step more than the one that runs.
            let depth = 1 + usize::from(self.spec.async_scheduling);
            while self.scheduled.len() < depth {
                self.begin_step();
                let step = self.schedule();
                if step.parts.is_empty() {
                    break;
                }
                self.scheduled.push_back(step);
            }
            self.begin_step();
        }
    }

    /// The next step begins, if none runs.
    fn begin_step(&mut self) {
        if let (None, Some(step)) = (self.end, self.scheduled.front()) {
            self.end = Some(self.clock + u128::from(step.ticks) * self.slowdown);
        }
    }

    fn tell(&mut self, id: JobId, kind: ProgressKind) {
        self.happened.push(Progress { at: time_of(self.clock), id, kind });
    }

    fn end_step(&mut self) {
        self.steps += 1;
        self.end = None;
        let step = self.scheduled.pop_front().expect("a step ends");
        // Those taken back leave first.
        let caching = self.spec.enable_prefix_caching;
        for sequence in self.running.iter_mut().filter(|sequence| sequence.cancelled) {
            self.memory.give_back(sequence, caching, false);
        }
        self.running.retain(|sequence| !sequence.cancelled);
        for (arrival, tokens, gives) in step.parts {
            if let Some(nth) = self.running.iter().position(|it| it.rank.1 == arrival) {
                let sequence = &mut self.running[nth];
                sequence.in_flight -= tokens;
                sequence.placeholders -= u32::from(gives && sequence.output > 0);
                let there = sequence.computed - sequence.in_flight;
                if gives {
                    sequence.hashed = sequence.hashed.max(there);
                }
                if !gives || !self.token(arrival) {
                    continue;
                }
                let mut sequence = self.running.remove(nth);
                self.memory.give_back(&mut sequence, caching, false);
            } else if gives && self.waiting.iter().any(|it| it.rank.1 == arrival) {
                // It was preempted meanwhile.
                if self.token(arrival) {
                    self.memory.forget_all_of(arrival);
                    self.waiting.retain(|it| it.rank.1 != arrival);
                }
            }
        }
    }

    /// A sequence makes its next token. Returns whether it was the last.
    fn token(&mut self, arrival: u64) -> bool {
        let mut all = self.running.iter_mut().chain(&mut self.waiting);
        let sequence = all.find(|it| it.rank.1 == arrival).expect("somebody who is here");
        sequence.made += u32::from(sequence.output > 0);
        let (id, made, output) = (sequence.id, sequence.made, sequence.output);
        if made == 1 {
            self.tell(id, ProgressKind::FirstToken);
        }
        if made == output {
            self.tell(id, ProgressKind::Finished);
        }
        made == output
    }

    /// Tokens of a prompt that a step may compute of so many.
    fn most_of(&self, tokens: u32) -> u32 {
        let most = self.spec.long_prefill_token_threshold;
        let alone = self.running.len() + self.waiting.len() == 1;
        if most > 0 && !alone { tokens.min(most) } else { tokens }
    }

    fn schedule(&mut self) -> Step {
        let mut budget = self.spec.tokens_per_step();
        let mut batch = Batch { decode_shortest: u64::MAX, ..Batch::default() };
        let mut chunks = vec![0; self.running.len()];
        if !self.schedule_running(&mut budget, &mut chunks) {
            self.schedule_waiting(&mut budget, &mut chunks);
        }
        self.most_used = self.most_used.max(self.memory.total - self.memory.free.len());
        let mut parts = Vec::new();
        for (sequence, chunk) in self.running.iter_mut().zip(chunks) {
            if chunk == 0 {
                continue;
            }
            add(&mut batch, sequence, u64::from(chunk));
            sequence.computed += chunk;
            sequence.in_flight += chunk;
            let gives = sequence.computed == sequence.target();
            if gives {
                (sequence.prefills, sequence.left_out) = (false, false);
                sequence.placeholders += u32::from(sequence.output > 0);
            }
            parts.push((sequence.rank.1, chunk, gives));
        }
        let ticks = self.step.pace(&batch, &Growth::default()).first;
        Step { parts, ticks }
    }

    /// Whether any was preempted.
    fn schedule_running(&mut self, budget: &mut u32, chunks: &mut Vec<u32>) -> bool {
        let (mut preempted, mut nth) = (false, 0);
        let size = self.spec.block_size;
        while nth < self.running.len() {
            let sequence = &self.running[nth];
            let chunk = if sequence.is_ending() {
                0
            } else {
                self.most_of(sequence.target() - sequence.computed).min(*budget)
            };
            if chunk == 0 {
                let sequence = &mut self.running[nth];
                sequence.left_out |= !sequence.is_ending() && !sequence.prefills;
                nth += 1;
                continue;
            }
            let blocks =
                (sequence.computed + chunk).div_ceil(size) - sequence.computed.div_ceil(size);
            let arrival = sequence.rank.1;
            while blocks as usize > self.memory.free.len() {
                preempted = true;
                let ranks = self.running.iter().map(|sequence| sequence.rank);
                let (victim, _) = ranks.enumerate().max_by_key(|(_, rank)| *rank).unwrap();
                nth -= usize::from(victim < nth);
                let sequence = self.running.remove(victim);
                *budget += chunks.remove(victim);
                let is_it = sequence.rank.1 == arrival;
                self.preempt(sequence);
                if is_it {
                    break;
                }
            }
            let Some(sequence) = self.running.get_mut(nth).filter(|it| it.rank.1 == arrival) else {
                continue;
            };
            sequence.own.extend(self.memory.take(blocks));
            self.memory.compute(sequence, chunk);
            chunks[nth] = chunk;
            *budget -= chunk;
            nth += 1;
        }
        preempted
    }

    fn preempt(&mut self, mut sequence: Sequence) {
        let caching = self.spec.enable_prefix_caching;
        self.memory.give_back(&mut sequence, caching, true);
        (sequence.computed, sequence.in_flight, sequence.hashed) = (0, 0, 0);
        (sequence.placeholders, sequence.left_out) = (0, false);
        self.tell(sequence.id, ProgressKind::Preempted);
        self.wait(sequence);
    }

    fn schedule_waiting(&mut self, budget: &mut u32, chunks: &mut Vec<u32>) {
        while *budget > 0
            && self.running.len() < self.spec.seats() as usize
            && !self.waiting.is_empty()
        {
            let sequence = &self.waiting[0];
            let per_id = self.spec.tokens_per_id();
            let target = sequence.target();
            let names = (0..((target - 1) / per_id) as usize).map(|nth| sequence.name(nth));
            let hits: Vec<usize> = names.map_while(|name| self.memory.find(name)).collect();
            let cached = hits.len() as u32 * per_id;
            let elsewhere = sequence.prefilled && !sequence.started;
            let computed = if elsewhere { target - 1 } else { cached };
            let mut chunk = self.most_of(target - computed);
            if self.spec.enable_chunked_prefill {
                chunk = chunk.min(*budget);
            } else if chunk > *budget {
                let alone = chunks.iter().all(|chunk| *chunk == 0) && sequence.started;
                if !alone {
                    return;
                }
            }
            let reused: usize = hits.iter().map(|unit| self.memory.units[*unit].blocks.len()).sum();
            let evictable: usize = hits
                .iter()
                .filter(|unit| self.memory.units[**unit].users == 0)
                .map(|unit| self.memory.units[*unit].blocks.len())
                .sum();
            let new = (computed + chunk).div_ceil(self.spec.block_size) as usize - reused;
            let whole = target.div_ceil(self.spec.block_size) as usize - reused;
            let wanted = if self.spec.scheduler_reserve_full_isl { whole } else { new };
            if wanted + evictable > self.memory.free.len() {
                return;
            }
            let mut sequence = self.waiting.remove(0);
            for unit in &hits {
                self.memory.hold(*unit);
            }
            // What is behind a gap is not looked for again.
            self.memory.forget_unused_of(sequence.rank.1);
            sequence.units = hits;
            sequence.own = self.memory.take(new as u32);
            sequence.computed = computed;
            sequence.hashed = cached;
            sequence.prefills = !elsewhere;
            sequence.left_out = elsewhere;
            let kind = if sequence.started {
                ProgressKind::Resumed { cached_tokens: cached }
            } else {
                ProgressKind::Started { cached_tokens: cached }
            };
            sequence.started = true;
            self.tell(sequence.id, kind);
            *budget = budget.saturating_sub(chunk);
            self.memory.compute(&mut sequence, chunk);
            self.running.push(sequence);
            chunks.push(chunk);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }
}

/// A step computes `chunk` more tokens of a sequence.
fn add(batch: &mut Batch, sequence: &Sequence, chunk: u64) {
    let computed = u64::from(sequence.computed);
    batch.context_tokens += computed + chunk;
    if sequence.prefills {
        batch.prefill_seqs += 1;
        batch.prefill_tokens += chunk;
        batch.prefill_pairs += (1..=chunk).map(|nth| computed + nth).sum::<u64>();
    } else {
        batch.decode_seqs += 1;
        batch.decode_context += computed + chunk;
        batch.decode_shortest = batch.decode_shortest.min(computed + chunk);
        batch.decode_longest = batch.decode_longest.max(computed + chunk);
    }
}
