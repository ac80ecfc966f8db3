//! Calls of models: what is asked, and what is made of the answer.

use super::frames::{Call, Job, NONE, Owner, Place};
use super::recorded::said_as_recorded;
use super::tally::{Blocked, Spent};
use super::{Draw, Engine, PLAIN_ROOT, Reason, Said, Todo, World, draw, prompt_of, subkey, then};
use crate::cost::Money;
use crate::kernel::{Duration, Time};
use crate::orchestration::plan::{Body, Kind, Llm};
use crate::orchestration::{PickSpec, ScheduleSpec};
use crate::pipeline::RequestError;
use crate::workload::blocks::{chain, shared_by_name};
use crate::workload::incoming::sizes_of_tokens;
use crate::workload::lengths::MAX_TOKENS;
use crate::workload::{CallId, Incoming, ProfileId, PromptId, PromptParts};

/// How a call was answered.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// Tokens, quality from 0 to 1 and the model's number; or what went wrong.
    pub outcome: Result<(u32, f64, u32), RequestError>,
    /// How long it waited for a server.
    pub queue: Duration,
    /// How long that worked.
    pub inference: Duration,
    /// Whether a model made the answer, and no cache or other request.
    pub is_made: bool,
    /// Tenths of tokens that models read for it; none where a cache answered.
    pub input_decitokens: u64,
}

/// Wrong answers there are to choose from where no map says so.
const ALTERNATIVES: u32 = 4;

/// The first of a call's draws for its own text: what it is asked is the same for all
/// items and rounds.
const OWN_PROMPT: u64 = 0x7072_6f6d_7074;

impl Engine {
    fn llm(&self, job: &Job) -> &Llm {
        match self.plan.steps[job.step as usize].body {
            Body::Llm(llm) => &self.plan.llms[llm as usize],
            // Only calls of models come here.
            Body::Nothing | Body::Tool(_) | Body::Flow(_) | Body::Recorded => &self.plan.llms[0],
        }
    }

    /// What names the text that a job's prompt begins with, before anything said in
    /// loops: what its flow was given, its step, what that reads, and which item it is,
    /// where items differ.
    pub(super) fn conversation_for(&self, job: u32) -> u64 {
        let job = &self.jobs[job as usize];
        let run = &self.runs[job.run() as usize];
        let scope = &self.scopes[run.scope as usize];
        let spec = &self.plan.steps[job.step as usize];
        let given = if spec.input { scope.text } else { 0 };
        let text = then(then(given, u64::from(job.step)), run.reads.text);
        match &spec.map {
            // Samples of an answer are asked the same.
            Some(map) if map.pick == PickSpec::All => then(text, u64::from(job.item)),
            _ => text,
        }
    }

    /// What names all of a job's input. Samples of an answer differ, as their seeds do.
    pub(super) fn text_for(&self, job: u32) -> u64 {
        self.text_of(job, self.conversation_for(job))
    }

    /// The same, of a job whose conversation is known.
    fn text_of(&self, job: u32, conversation: u64) -> u64 {
        let job = &self.jobs[job as usize];
        let run = &self.runs[job.run() as usize];
        let scope = &self.scopes[run.scope as usize];
        then(then(conversation, scope.before), run.before ^ u64::from(job.item) << 48)
    }

    /// Tokens of a job's prompt.
    fn prompt_tokens(&self, job: &Job) -> u32 {
        let run = &self.runs[job.run() as usize];
        let scope = &self.scopes[run.scope as usize];
        let llm = self.llm(job);
        let own = llm.prompt.as_ref().map_or(0, |prompt| {
            let key = self.instances[job.instance as usize].key;
            prompt.pick(draw(subkey(key ^ OWN_PROMPT, u64::from(job.step)), Draw::Prompt))
        });
        let given = if self.plan.steps[job.step as usize].input { scope.base } else { 0 };
        [llm.system, given, own, run.reads.tokens, run.grown]
            .into_iter()
            .fold(0, u32::saturating_add)
            .clamp(1, MAX_TOKENS)
    }

    /// Whether a job asks just what the workload did.
    fn is_plain(&self, job: &Job) -> bool {
        let run = &self.runs[job.run() as usize];
        let scope = &self.scopes[run.scope as usize];
        self.llm(job).plain && scope.parent == NONE && run.before == 0 && run.reads.text == 0
    }

    /// The most tokens that a job's call takes, for limits of tokens.
    pub(super) fn most_tokens(&self, job: u32) -> u64 {
        if let Some(call) = self.recorded_call(job) {
            return u64::from(call.input_tokens) + u64::from(call.output_tokens.unwrap_or(0));
        }
        let job = &self.jobs[job as usize];
        let output = self.output_of(job).unwrap_or(0);
        u64::from(self.prompt_tokens(job)) + u64::from(output)
    }

    fn output_of(&self, job: &Job) -> Option<u32> {
        let drawn = self.llm(job).output.as_ref();
        let asked = self.instances[job.instance as usize].incoming.output_tokens;
        drawn.map(|lengths| lengths.pick(draw(job.key, Draw::Output))).or(asked)
    }

    /// Asks a model.
    pub(super) fn ask(&mut self, id: u32, world: &mut impl World) {
        let now = world.now();
        let job = self.jobs[id as usize];
        if let Owner::Replay(replay) = job.owner {
            self.ask_recorded(id, replay, world);
            return;
        }
        let instance = &self.instances[job.instance as usize];
        let llm = self.llm(&job);
        let asked = instance.incoming;
        let profile = llm.profiles.get(asked.profile.0 as usize).copied();
        let plain = self.is_plain(&job);
        let conversation = self.conversation_for(id);
        let text = self.text_of(id, conversation);
        let call = Call {
            job: id,
            number: instance.number,
            step: job.step,
            root: instance.root,
            measured: instance.measured,
            conversation: (!plain).then_some(conversation),
            goes_on: false,
            system: llm.system,
            system_id: llm.system_id,
            question: asked.prompt.0,
            key: subkey(job.key, u64::from(job.tries)),
            priority: self.priority(&job),
            model: llm.model,
        };
        let (chars, input_decitokens) = sizes_of_tokens(self.prompt_tokens(&job));
        let made = Incoming {
            prompt: prompt_of(text),
            chars,
            input_decitokens,
            payload_bytes: 0,
            blocks: None,
            thread: None,
            turn: 1,
            ..asked
        };
        // The workload's own blocks go with the first call that asks what it asked.
        let request = if plain { asked } else { made };
        let output_tokens = self.output_of(&job);
        let call = CallId::new(self.calls.insert(call));
        let it = &mut self.jobs[id as usize];
        (it.place, it.since) = (Place::Call(call), now);
        if plain {
            self.instances[job.instance as usize].incoming.blocks = None;
        }
        world.ask(Incoming {
            at: now,
            output_tokens,
            profile: profile.map_or(asked.profile, ProfileId),
            call: Some(call),
            ..request
        });
    }

    /// The priority of a job's call, smallest first.
    pub(super) fn priority(&self, job: &Job) -> Option<u32> {
        let instance = &self.instances[job.instance as usize];
        let root = &self.plan.roots[instance.root as usize];
        Some(match self.plan.schedule {
            ScheduleSpec::Arrival => return None,
            ScheduleSpec::Priority => root.priority,
            ScheduleSpec::LeastAttainedService => {
                u32::try_from(instance.attained / 1_000_000).unwrap_or(u32::MAX)
            }
            // Refused where jobs are recorded: how long they still take is not known.
            ScheduleSpec::CriticalPath if job.run() == NONE => u32::MAX,
            ScheduleSpec::CriticalPath => {
                let run = &self.runs[job.run() as usize];
                let scope = &self.scopes[run.scope as usize];
                let spec = &self.plan.steps[job.step as usize];
                let still = spec.still_ms(spec.once, run.round);
                let after = self.plan.after(spec, scope.flow).saturating_add(scope.rank);
                u32::MAX - spec.once.saturating_add(still).saturating_add(after)
            }
        })
    }

    /// A call was answered, or it failed.
    pub fn answered(&mut self, call: CallId, answer: &Answered, world: &mut impl World) {
        let Some(asked) = self.calls.get(call.index()).copied() else { return };
        let used = Spent {
            calls: 1,
            input_decitokens: answer.input_decitokens,
            output_tokens: match answer.outcome {
                Ok((tokens, ..)) if answer.is_made => u64::from(tokens),
                _ => 0,
            },
            ..Spent::default()
        };
        self.used(&asked, &used);
        if asked.job == NONE {
            return;
        }
        let now = world.now();
        let id = asked.job;
        self.calls[call.index()].job = NONE;
        self.leave_gates(id, world);
        let job = &mut self.jobs[id as usize];
        let elapsed = now.since(job.since);
        let waited = answer.queue.min(elapsed);
        job.path.add(Kind::Queue, waited);
        job.path.add(Kind::Llm, elapsed - waited);
        (job.since, job.place) = (now, Place::Between);
        let job = *job;
        let attained = &mut self.instances[job.instance as usize].attained;
        *attained = attained.saturating_add(answer.inference.0);
        let outcome = match answer.outcome {
            Ok((tokens, quality, model)) => Ok(self.said(&job, id, tokens, quality, model)),
            Err(error) => Err(Reason::Call(error)),
        };
        self.agenda.push_back(Todo::JobEnds { job: id, key: job.key, outcome });
        self.work_off_agenda(world);
    }

    /// What an answer says.
    fn said(&self, job: &Job, id: u32, tokens: u32, quality: f64, model: u32) -> Said {
        if let Owner::Replay(_) = job.owner {
            return said_as_recorded(job, tokens, quality);
        }
        let run = &self.runs[job.run() as usize];
        let llm = self.llm(job);
        let spec = &self.plan.steps[job.step as usize];
        let text = then(self.text_for(id), u64::from(model));
        let given = run.reads.label;
        if let Some(errors) = llm.judge {
            let verdict = Some(accepts(job.key, given, errors));
            return Said { tokens, spoken: tokens, text, label: given, verdict };
        }
        let key = subkey(job.key, u64::from(job.tries));
        let right = draw(key, Draw::Right);
        let chance = if given == 0 { llm.right.unwrap_or(quality) } else { llm.recovers };
        let conforms = spec
            .map
            .as_ref()
            .is_some_and(|map| run.round > 0 && draw(key, Draw::Conform) < map.conformity);
        let label = if conforms {
            run.majority
        } else if right < chance {
            0
        } else if given != 0 {
            given
        } else {
            let others = spec.map.as_ref().map_or(ALTERNATIVES, |map| map.alternatives);
            1 + (draw(key, Draw::Wrong) * f64::from(others)) as u16
        };
        Said { tokens, spoken: tokens, text, label, verdict: None }
    }

    /// Counts what a call has used.
    fn used(&mut self, call: &Call, used: &Spent) {
        let nobody = call.job == NONE;
        let used = if nobody { Spent { wasted: used.cost, ..*used } } else { *used };
        if call.measured {
            self.tally.steps[call.step as usize].spent.add(&used);
            if nobody {
                self.tally.roots[call.root as usize].spent.add(&used);
            }
        }
        if !nobody {
            let instance = self.jobs[call.job as usize].instance;
            self.instances[instance as usize].spent.add(&used);
        }
    }

    /// A call was charged for a model's tokens.
    pub fn charged(&mut self, call: CallId, cost: Money, now: Time) {
        self.charge(call, &Spent { cost, ..Spent::default() }, now);
    }

    /// A call was charged for somebody who judged its answer.
    pub fn judged(&mut self, call: CallId, cost: Money, now: Time) {
        self.charge(call, &Spent { cost, judges: cost, ..Spent::default() }, now);
    }

    fn charge(&mut self, call: CallId, spent: &Spent, now: Time) {
        let Some(asked) = self.calls.get(call.index()).copied() else { return };
        let cost = spent.cost;
        self.used(&asked, spent);
        self.spend_budget(asked.root, cost, now);
        if asked.job == NONE {
            return;
        }
        self.check_costs(asked.job, cost);
    }

    /// A call waited for its user's budget to begin anew.
    pub fn waited_for_budget(&mut self, call: CallId, span: Duration) {
        let Some(Call { job, .. }) = self.calls.get(call.index()) else { return };
        if *job != NONE {
            self.blocked(*job, Blocked::Budget, span);
        }
    }

    /// A job was held up.
    pub(super) fn blocked(&mut self, job: u32, by: Blocked, span: Duration) {
        let Job { instance, step, .. } = self.jobs[job as usize];
        let mut spent = Spent::default();
        spent.blocked_ns[by as usize] = u128::from(span.0);
        let instance = &mut self.instances[instance as usize];
        instance.spent.add(&spent);
        if instance.measured {
            self.tally.steps[step as usize].spent.add(&spent);
        }
    }

    /// The number of a call's workflow, and the name of its step.
    pub fn name_of(&self, call: CallId) -> Option<(u64, &str)> {
        let call = self.calls.get(call.index())?;
        Some((call.number, &self.plan.steps[call.step as usize].name))
    }

    /// Nobody knows a call any more.
    pub fn forget(&mut self, call: CallId) {
        let gone = self.calls.try_remove(call.index());
        debug_assert!(gone.is_none_or(|call| call.job == NONE), "a call is answered first");
    }

    /// The priority of a call at a model's server, smallest first; `None` where all
    /// are alike.
    pub fn priority_of(&self, call: CallId) -> Option<u32> {
        self.calls.get(call.index())?.priority
    }

    /// Whether a call is a plain request, whose answer is what it comes to.
    pub fn is_plain_request(&self, call: CallId) -> bool {
        self.calls.get(call.index()).is_some_and(|call| call.root == PLAIN_ROOT)
    }

    /// Whether its workflow waits for a call.
    pub fn is_wanted(&self, call: CallId) -> bool {
        self.calls.get(call.index()).is_some_and(|call| call.job != NONE)
    }

    /// The model that a call must be answered by, if it may be no other.
    pub fn model_of(&self, call: CallId) -> Option<u32> {
        self.calls.get(call.index())?.model
    }

    /// What names what is drawn for a call, and the question of its workflow, of whose
    /// difficulty all its calls are.
    pub fn draws_of(&self, call: CallId) -> Option<(u64, u64)> {
        self.calls.get(call.index()).map(|call| (call.key, call.question))
    }

    /// The ids of the blocks of a call's prompt, written into `made`; false where the
    /// prompt is the workload's own.
    pub fn prefix(&self, request: &Incoming, block_tokens: u32, made: &mut Vec<u64>) -> bool {
        self.chain(request, 0, block_tokens, made).is_some()
    }

    /// The same, followed by those of its answer of `answer` tokens where a later prompt goes on
    /// from there. Returns whether they are; `None` where the prompt is the workload's own.
    pub fn prefix_and_answer(
        &self,
        request: &Incoming,
        answer: u32,
        block_tokens: u32,
        made: &mut Vec<u64>,
    ) -> Option<bool> {
        let call = self.calls.get(request.call?.index())?;
        self.chain(request, if call.goes_on { answer } else { 0 }, block_tokens, made)?;
        Some(call.goes_on)
    }

    /// What a call's prompt is made of, to the token, written into `made`; false where the
    /// prompt is the workload's own.
    pub fn parts(&self, request: &Incoming, made: &mut PromptParts) -> bool {
        let call = request.call.and_then(|call| self.calls.get(call.index()));
        let Some((call, conversation)) = call.and_then(|call| Some((call, call.conversation?)))
        else {
            return false;
        };
        let tokens = request.input_decitokens / 10;
        made.begin(tokens);
        made.push(shared_by_name(call.system_id).0, u64::from(call.system));
        made.end_system();
        made.push(conversation, tokens);
        true
    }

    /// What names the conversation that a call is of: its workflow's number, and what its
    /// prompt begins with.
    pub fn conversation_of(&self, call: CallId) -> Option<u64> {
        let call = self.calls.get(call.index())?;
        Some(then(call.number, call.conversation.unwrap_or(0)))
    }

    fn chain(
        &self,
        request: &Incoming,
        answer: u32,
        block_tokens: u32,
        made: &mut Vec<u64>,
    ) -> Option<()> {
        let call = self.calls.get(request.call?.index())?;
        let tokens = request.input_decitokens / 10 + u64::from(answer);
        let system = (shared_by_name(call.system_id), u64::from(call.system));
        chain(&[system, (PromptId(call.conversation?), tokens)], tokens, block_tokens, made);
        Some(())
    }
}

/// Whether a judge accepts what is so.
pub(super) fn accepts(key: u64, label: u16, [false_accept, false_reject]: [f64; 2]) -> bool {
    let u = draw(key, Draw::Verdict);
    if label == 0 { u >= false_reject } else { u < false_accept }
}
