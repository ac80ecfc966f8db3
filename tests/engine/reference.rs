//! A batching engine as plain as can be: step by step, block by block, everything
//! searched from end to end. What [`Engine`](windtunnel::serving::engine::Engine) does
//! in one go must come out as it does here, to the nanosecond.
#![allow(dead_code, reason = "each test uses a part of it")]

#[path = "memory.rs"]
mod memory;

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
    decodes: bool,
    made: u32,
    computed: u32,
    /// Blocks without a name, and units.
    own: Vec<usize>,
    units: Vec<usize>,
    named: usize,
    /// Tokens that it computes in the step after the one that is composed, when it begins;
    /// their blocks are its own already.
    planned: Option<u32>,
}

impl Sequence {
    fn remaining(&self) -> u32 {
        self.input + self.made - self.computed
    }

    /// The name of the `nth` unit of its tokens: the caller's, or one that no other
    /// sequence has.
    fn name(&self, nth: usize) -> Name {
        self.chain.get(nth).map_or((self.rank.1, nth as u64), |id| (0, *id))
    }
}

pub struct Reference {
    spec: EngineSpec,
    step: StepModel,
    slowdown: u128,
    memory: Memory,
    waiting: Vec<Sequence>,
    running: Vec<Sequence>,
    /// Of each running sequence, the tokens computed in the running step.
    chunks: Vec<u32>,
    clock: u128,
    /// When the running step ends.
    end: Option<u128>,
    arrivals: u64,
    steps: u64,
    pub most_used: usize,
    happened: Vec<Progress>,
}

const NANO: u128 = 1 << 32;

/// What a sequence that computes `chunk` tokens in this step computes in the next.
fn next_tokens((sequence, chunk): (&Sequence, &u32)) -> u32 {
    let left = sequence.remaining() - chunk;
    if left > 0 { left } else { u32::from(sequence.made + 1 < sequence.output) }
}

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
            memory: Memory::new(total, (spec.tokens_per_id() / spec.block_size) as usize),
            waiting: Vec::new(),
            running: Vec::new(),
            chunks: Vec::new(),
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
                && input > self.spec.max_num_batched_tokens)
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
        let tokens = u64::from(input) + u64::from(job.output_tokens);
        let key = match self.spec.policy {
            QueuePolicy::Fcfs => 0,
            QueuePolicy::Sjf => tokens,
            QueuePolicy::Priority => u64::from(job.priority),
        };
        let per_id = self.spec.tokens_per_id();
        let is_of_prompt = job.blocks.len() <= input.div_ceil(per_id) as usize;
        let ids = if is_of_prompt { u64::from(input) } else { tokens } / u64::from(per_id);
        let ids = ids as usize;
        let caching = self.spec.enable_prefix_caching;
        self.wait(Sequence {
            id: job.id,
            input,
            output: job.output_tokens,
            rank: (key, self.arrivals),
            chain: job.blocks.iter().copied().take(if caching { ids } else { 0 }).collect(),
            prefilled: job.prefilled,
            started: false,
            cancelled: false,
            decodes: false,
            made: 0,
            computed: 0,
            own: Vec::new(),
            units: Vec::new(),
            named: 0,
            planned: None,
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
            self.compose();
        }
    }

    fn tell(&mut self, id: JobId, kind: ProgressKind) {
        self.happened.push(Progress { at: time_of(self.clock), id, kind });
    }

    fn end_step(&mut self) {
        self.steps += 1;
        let chunks = std::mem::take(&mut self.chunks);
        let running = std::mem::take(&mut self.running);
        let mut stays = Vec::new();
        let per_id = self.spec.tokens_per_id();
        // Those taken back leave first.
        let mut order: Vec<(Sequence, u32)> = running.into_iter().zip(chunks).collect();
        for (sequence, chunk) in order.iter_mut().filter(|(sequence, _)| sequence.cancelled) {
            sequence.computed += *chunk;
            self.memory.give_back(sequence, per_id, false);
        }
        order.retain(|(sequence, _)| !sequence.cancelled);
        for (mut sequence, chunk) in order {
            let completes = chunk > 0 && chunk == sequence.remaining();
            sequence.computed += chunk;
            sequence.decodes |= completes;
            if completes && sequence.output > 0 {
                sequence.made += 1;
                if sequence.made == 1 {
                    self.tell(sequence.id, ProgressKind::FirstToken);
                }
            }
            if completes && sequence.made == sequence.output {
                self.tell(sequence.id, ProgressKind::Finished);
                self.memory.give_back(&mut sequence, per_id, false);
            } else {
                stays.push(sequence);
            }
        }
        self.running = stays;
    }

    fn blocks_for(&self, sequence: &Sequence, chunk: u32) -> u32 {
        let size = self.spec.block_size;
        (sequence.computed + chunk).div_ceil(size) - sequence.computed.div_ceil(size)
    }

    /// The same, of one whose blocks may be its own already.
    fn blocks_wanted(&self, sequence: &Sequence, chunk: u32) -> u32 {
        if sequence.planned.is_some() { 0 } else { self.blocks_for(sequence, chunk) }
    }

    fn compose(&mut self) {
        self.chunks = vec![0; self.running.len()];
        let mut budget = self.spec.max_num_batched_tokens;
        if self.spec.asynchronous() {
            let preempted = self.schedule_running(&mut budget);
            if self.chunks.iter().all(|chunk| *chunk == 0) {
                self.schedule_waiting(&mut budget, false);
            }
            if !preempted {
                let most = self.spec.max_num_batched_tokens;
                let next: u32 = self.running.iter().zip(&self.chunks).map(next_tokens).sum();
                self.schedule_waiting(&mut most.saturating_sub(next), true);
            }
        } else if self.spec.enable_chunked_prefill {
            if !self.schedule_running(&mut budget) {
                self.schedule_waiting(&mut budget, false);
            }
        } else {
            self.schedule_waiting(&mut budget, false);
            if self.chunks.iter().all(|chunk| *chunk == 0) {
                self.schedule_running(&mut budget);
            }
        }
        self.most_used = self.most_used.max(self.memory.total - self.memory.free.len());
        self.end = (!self.running.is_empty()).then(|| self.clock + self.duration());
    }

    fn duration(&self) -> u128 {
        let mut batch = Batch { decode_shortest: u64::MAX, ..Batch::default() };
        for (sequence, chunk) in self.running.iter().zip(&self.chunks) {
            let (chunk, computed) = (u64::from(*chunk), u64::from(sequence.computed));
            if chunk == 0 {
                continue;
            }
            batch.context_tokens += computed + chunk;
            if sequence.remaining() == 1 {
                batch.decode_seqs += 1;
                batch.decode_context += computed + chunk;
                batch.decode_shortest = batch.decode_shortest.min(computed + chunk);
                batch.decode_longest = batch.decode_longest.max(computed + chunk);
            } else {
                batch.prefill_seqs += 1;
                batch.prefill_tokens += chunk;
                batch.prefill_pairs += (1..=chunk).map(|nth| computed + nth).sum::<u64>();
            }
        }
        u128::from(self.step.pace(&batch, &Growth::default()).first) * self.slowdown
    }

    /// Whether any was preempted.
    fn schedule_running(&mut self, budget: &mut u32) -> bool {
        let mut preempted = false;
        let (mut nth, mut given) = (0, 0);
        while nth < self.running.len() {
            let sequence = &self.running[nth];
            let chunk = sequence.planned.unwrap_or(sequence.remaining().min(*budget));
            let blocks = self.blocks_wanted(sequence, chunk);
            if blocks <= self.memory.free.len() as u32 - given {
                given += blocks;
                self.chunks[nth] = chunk;
                *budget -= chunk;
                nth += 1;
                continue;
            }
            preempted = true;
            let ranks = self.running.iter().map(|sequence| sequence.rank);
            let (victim, _) = ranks.enumerate().max_by_key(|(_, rank)| *rank).unwrap();
            let mut sequence = self.running.remove(victim);
            let chunk = self.chunks.remove(victim);
            given -= self.blocks_wanted(&sequence, chunk);
            *budget += chunk;
            sequence.planned = None;
            nth -= usize::from(victim < nth);
            let returns = self.spec.enable_prefix_caching;
            self.memory.give_back(&mut sequence, self.spec.tokens_per_id(), returns);
            sequence.computed = 0;
            sequence.named = 0;
            sequence.decodes = false;
            self.tell(sequence.id, ProgressKind::Preempted);
            self.wait(sequence);
        }
        for nth in 0..self.running.len() {
            let blocks = self.blocks_wanted(&self.running[nth], self.chunks[nth]);
            let blocks = self.memory.take(blocks);
            self.running[nth].own.extend(blocks);
            self.running[nth].planned = None;
            self.name_if_complete(nth);
        }
        preempted
    }

    fn name_if_complete(&mut self, nth: usize) {
        let sequence = &mut self.running[nth];
        // What a decoding sequence fills gets its name when it leaves.
        if self.chunks[nth] == sequence.remaining() && !sequence.decodes {
            let filled = sequence.input + sequence.made;
            let whole = (filled / self.spec.tokens_per_id()) as usize;
            self.memory.name(sequence, whole.min(sequence.chain.len()));
        }
    }

    /// Lets those that wait begin with the step that is composed, or with the `next` one.
    fn schedule_waiting(&mut self, budget: &mut u32, next: bool) {
        while *budget > 0
            && self.running.len() < self.spec.max_num_seqs as usize
            && !self.waiting.is_empty()
        {
            let sequence = &self.waiting[0];
            let per_id = self.spec.tokens_per_id();
            let target = sequence.input + sequence.made;
            let names = (0..((target - 1) / per_id) as usize).map(|nth| sequence.name(nth));
            let hits: Vec<usize> =
                names.map_while(|name| self.memory.known.get(&name).copied()).collect();
            let cached = hits.len() as u32 * per_id;
            let computed =
                if sequence.prefilled && !sequence.started { target - 1 } else { cached };
            let mut chunk = target - computed;
            if self.spec.enable_chunked_prefill {
                chunk = chunk.min(*budget);
            } else if chunk > *budget {
                let alone = self.chunks.iter().all(|chunk| *chunk == 0) && sequence.started;
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
            sequence.named = hits.len();
            sequence.units = hits;
            sequence.own = self.memory.take(new as u32);
            sequence.computed = computed;
            let kind = if sequence.started {
                ProgressKind::Resumed { cached_tokens: cached }
            } else {
                ProgressKind::Started { cached_tokens: cached }
            };
            sequence.started = true;
            self.tell(sequence.id, kind);
            *budget = budget.saturating_sub(chunk);
            sequence.planned = next.then_some(chunk);
            self.running.push(sequence);
            self.chunks.push(if next { 0 } else { chunk });
            if !next {
                self.name_if_complete(self.running.len() - 1);
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }
}
