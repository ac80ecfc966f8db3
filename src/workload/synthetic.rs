//! Requests that are drawn: by one class of clients or by several, each on its own
//! or in sessions.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::arrivals::Arrivals;
use super::client_plans::{ClientPlan, ClientPlans, Numbers, Population};
use super::incoming::{
    Incoming, IntentId, MAX_TOKENS, PromptId, PromptSize, UserId, sizes_of_tokens,
};
use super::lengths::{Copula, Lengths, PromptLengths};
use super::payloads::Payloads;
use super::prompt_sampler::PromptSampler;
use super::session::{Chances, Session};
use super::shared_prefix::SharedPrefixes;
use super::users::Askers;
use super::waiting_clients::{
    FollowUp, MOST_TURNS, SessionEnd, Thread, ThreadId, WaitingClients, turn_prompt,
};
use crate::kernel::{Duration, Stream, Streams, Time};

/// The requests of one run, and the clients that wait for answers.
#[derive(Debug)]
pub(super) struct Synthetic {
    clients: Vec<Drawn>,
    /// The next arrival of each client, where there are several.
    upcoming: Option<BinaryHeap<Reverse<(Time, u32)>>>,
    threads: WaitingClients,
    sessions: u64,
}

/// One class of clients at work.
#[derive(Debug)]
struct Drawn {
    arrivals: Arrivals,
    gaps: Stream,
    asked: PromptSampler,
    numbers: Numbers,
    /// Whether texts say how many tokens they have.
    measured: bool,
    /// With what texts begin in common, and the key that chooses it.
    shared: (Arc<SharedPrefixes>, u64),
    payloads: Option<Payloads>,
    output: Option<(Lengths, Stream)>,
    copula: Option<Copula>,
    askers: Askers,
    who: Stream,
    session: Option<Session>,
    chances: Option<Chances>,
    /// What all its requests have alike.
    pattern: Incoming,
    /// Threads begun by arrivals.
    begun: u64,
}

impl Synthetic {
    pub fn new(
        plans: &ClientPlans,
        shared: &(Arc<SharedPrefixes>, u64),
        streams: &Streams,
    ) -> Self {
        let mut clients: Vec<Drawn> = plans
            .clients
            .iter()
            .map(|plan| {
                let population = &plans.populations[plan.population];
                Drawn::new(plan, population, shared.clone(), streams)
            })
            .collect();
        let upcoming = (clients.len() > 1).then(|| {
            let first = |(client, i): (&mut Drawn, u32)| {
                Some(Reverse((client.arrivals.next_at(&mut client.gaps)?, i)))
            };
            clients.iter_mut().zip(0..).filter_map(first).collect()
        });
        Synthetic { clients, upcoming, threads: WaitingClients::default(), sessions: 0 }
    }

    /// The next request that does not wait for an answer.
    #[inline]
    pub fn next(&mut self) -> Option<Incoming> {
        let Some(upcoming) = &mut self.upcoming else {
            let client = &mut self.clients[0];
            let at = client.arrivals.next_at(&mut client.gaps)?;
            return Some(self.arrive(0, at));
        };
        let Reverse((at, index)) = *upcoming.peek()?;
        let client = &mut self.clients[index as usize];
        match client.arrivals.next_at(&mut client.gaps) {
            // Replaced at the top, it sinks once.
            Some(next) => {
                if let Some(mut top) = upcoming.peek_mut() {
                    *top = Reverse((next, index));
                }
            }
            None => {
                upcoming.pop();
            }
        }
        Some(self.arrive(index, at))
    }

    /// A request of a client that waited for no answer.
    #[inline]
    fn arrive(&mut self, index: u32, at: Time) -> Incoming {
        let client = &mut self.clients[index as usize];
        let user = client.askers.pick(&mut client.who);
        let request = client.draw(at, user);
        if client.chances.is_none() {
            return request;
        }
        // A closed loop numbers its own sessions: those of others do not matter.
        let loops = matches!(client.arrivals, Arrivals::ClosedLoop(_));
        let number = if loops { client.begun << 32 } else { client.begun };
        client.begun += 1;
        let thread = client.begin(index, number, self.sessions, &request);
        self.sessions += 1;
        Incoming { thread: Some(self.threads.open(thread)), ..request }
    }

    /// What follows `asked`, which was answered with `answer` tokens at `now`, or
    /// which failed.
    pub fn follow_up(&mut self, asked: &Incoming, answer: Option<u32>, now: Time) -> FollowUp {
        let Some(id) = asked.thread else { return FollowUp::default() };
        let Some(thread) = self.threads.get_mut(id) else { return FollowUp::default() };
        let client = &mut self.clients[thread.client as usize];
        let mut ended = None;
        if let (Some(session), Some(chances)) = (&client.session, &client.chances) {
            match session.next_turn(chances, thread, asked, answer, now) {
                Ok(next) => return FollowUp { next: Some(next), ended: None },
                Err(end) => ended = Some(end),
            }
        }
        FollowUp { next: self.again(id, asked, now), ended }
    }

    /// The request that begins where a client's last session, or its only request,
    /// is done.
    fn again(&mut self, id: ThreadId, asked: &Incoming, now: Time) -> Option<Incoming> {
        let thread = self.threads.get(id)?;
        let index = thread.client;
        let client = &mut self.clients[index as usize];
        let (at, number) = match &mut client.arrivals {
            Arrivals::ClosedLoop(closed) => {
                let pause = client.chances.as_ref()?.pause.uniform(thread.number);
                (now.saturating_add(closed.think().pick(pause)), thread.number + 1)
            }
            Arrivals::Concurrency(limited) => {
                let Some(at) = limited.instead_at(now, &mut client.gaps) else {
                    self.threads.close(id);
                    return None;
                };
                client.begun += 1;
                (at, client.begun - 1)
            }
            _ => {
                self.threads.close(id);
                return None;
            }
        };
        let user = match client.arrivals {
            Arrivals::ClosedLoop(_) => asked.user,
            _ => client.askers.pick(&mut client.who),
        };
        let request = Incoming { thread: Some(id), ..client.draw(at, user) };
        let begun = client.begin(index, number, self.sessions, &request);
        self.sessions += 1;
        if let Some(thread) = self.threads.get_mut(id) {
            *thread = begun;
        }
        Some(request)
    }

    /// The number of the session that a request is of; none where clients have none.
    pub fn session_of(&self, request: &Incoming) -> Option<u64> {
        let thread = self.threads.get(request.thread?)?;
        let client = &self.clients[thread.client as usize];
        client.session.as_ref().map(|_| thread.ordinal)
    }

    /// Until when the user of a session waits for an answer, if there is an end to it.
    pub fn patience(&self, request: &Incoming) -> Option<Time> {
        let thread = self.threads.get(request.thread?)?;
        let client = &self.clients[thread.client as usize];
        let (session, chances) = (client.session.as_ref()?, client.chances.as_ref()?);
        session.waits(chances, thread.number, request.turn).map(|it| request.at.saturating_add(it))
    }

    /// The thread of a request of a session that may go on.
    pub fn session(&self, request: &Incoming) -> Option<&Thread> {
        let thread = self.threads.get(request.thread?)?;
        let goes_on = request.turn + 1 < thread.turns;
        (goes_on && self.clients[thread.client as usize].session.is_some()).then_some(thread)
    }

    /// The thread of a request, where its prompt is more than one from a population.
    pub fn conversation(&self, request: &Incoming) -> Option<&Thread> {
        if request.turn == 0 {
            return None;
        }
        self.threads.get(request.thread?)
    }
}

impl Drawn {
    fn new(
        plan: &ClientPlan,
        population: &Population,
        shared: (Arc<SharedPrefixes>, u64),
        streams: &Streams,
    ) -> Self {
        let stream = |part: &str| streams.stream(&format!("{}.{part}", plan.streams));
        // All who share a population must know its prompts' lengths.
        let keys = format!("{}.tokens.input", population.streams);
        let mut keys = streams.stream(&keys);
        let prompts = &population.prompts;
        let lengths = population.lengths.clone().unwrap_or(Lengths::Constant(1));
        let lengths = PromptLengths::new(lengths, prompts.count(), &mut keys);
        let waits = plan.session.is_some()
            || matches!(plan.arrivals, Arrivals::ClosedLoop(_) | Arrivals::Concurrency(_));
        Drawn {
            arrivals: plan.arrivals.clone(),
            gaps: stream("arrivals"),
            asked: PromptSampler::new(prompts.clone(), stream("prompts"), Some(lengths)),
            numbers: population.numbers,
            measured: population.lengths.is_none(),
            shared,
            payloads: population
                .payloads
                .as_ref()
                .map(|it| it.payloads(&mut streams.stream("workload.payloads"))),
            output: plan.output.clone().map(|output| (output, stream("tokens.output"))),
            copula: plan.copula,
            askers: plan.askers.clone(),
            who: stream("users"),
            session: plan.session.clone(),
            chances: waits.then(|| Chances::new(&plan.streams, streams)),
            pattern: Incoming {
                profile: plan.profile,
                slo_class: plan.slo_class,
                ..Incoming::default()
            },
            begun: 0,
        }
    }

    /// A request of a user.
    #[inline]
    fn draw(&mut self, at: Time, user: UserId) -> Incoming {
        let (prompt, input) = self.asked.draw();
        let output_tokens = self.output.as_mut().map(|(lengths, stream)| {
            let own = stream.uniform();
            let u = match (self.copula, self.asked.length_uniform(prompt)) {
                (Some(copula), Some(other)) => copula.join(other, own),
                _ => own,
            };
            lengths.pick(u)
        });
        let drawn = sizes_of_tokens(input);
        let size = match self.asked.size(prompt) {
            Some(size) if self.measured => size,
            Some(size) => PromptSize { decitokens: drawn.1, ..size },
            None => PromptSize { chars: drawn.0, blank_chars: 0, decitokens: drawn.1 },
        };
        let PromptSize { chars, blank_chars, decitokens: input_decitokens } = size;
        let local = prompt;
        let prompt = self.numbers.of(prompt);
        let request = Incoming {
            at,
            user,
            prompt,
            chars,
            blank_chars,
            input_decitokens,
            output_tokens,
            ..self.pattern
        };
        let (shared, key) = &self.shared;
        let mut request =
            if self.measured || shared.on_top { shared.before(request, *key) } else { request };
        if let Some(payloads) = &self.payloads {
            let intent = self.asked.intent(local);
            let payload = payloads.of(IntentId(self.numbers.of(PromptId(intent.0)).0));
            request.input_decitokens += 10 * payload.tokens;
            request.payload_bytes = payload.bytes;
        }
        request
    }

    /// The thread whose first request is `request`.
    fn begin(&self, client: u32, number: u64, ordinal: u64, request: &Incoming) -> Thread {
        let turns = match (&self.session, &self.chances) {
            (Some(session), Some(chances)) => session.turns.pick(chances.turns.uniform(number)),
            _ => 1,
        };
        Thread {
            client,
            number,
            ordinal,
            turns: turns.min(MOST_TURNS),
            first: request.prompt,
            first_decitokens: request.input_decitokens,
            own: turn_prompt(ordinal, 1),
        }
    }
}

impl Session {
    /// How long the user waits for the answer to a turn, if there is an end to it.
    fn waits(&self, chances: &Chances, number: u64, turn: u32) -> Option<Duration> {
        Some(self.patience.as_ref()?.pick(chances.patience.uniform_at(number, turn)))
    }

    /// The next turn, or how the session ends.
    fn next_turn(
        &self,
        chances: &Chances,
        thread: &mut Thread,
        asked: &Incoming,
        answer: Option<u32>,
        now: Time,
    ) -> Result<Incoming, SessionEnd> {
        let (number, turn) = (thread.number, asked.turn);
        let end = |turns, abandoned| Err(SessionEnd { turns, abandoned });
        let think = self.think.pick(chances.think.uniform_at(number, turn));
        let at = now.saturating_add(think);
        let Some(answer) = answer else {
            return if self.retries { Ok(Incoming { at, ..*asked }) } else { end(turn, true) };
        };
        if turn + 1 >= thread.turns {
            return end(turn + 1, false);
        }
        let waited = now - asked.at;
        let patience = self.waits(chances, number, turn);
        let leaves = self.abandon > 0.0 && chances.abandon.uniform_at(number, turn) < self.abandon;
        if leaves || patience.is_some_and(|patience| waited > patience) {
            return end(turn + 1, true);
        }
        let turn = turn + 1;
        let (message, output_tokens) = self.message(chances, number, turn);
        let said = asked.input_decitokens + u64::from(answer) * 10;
        let prompt = turn_prompt(thread.ordinal, turn);
        let mut all = (said + u64::from(message) * 10).min(u64::from(MAX_TOKENS) * 10);
        if let Some(most) = self.max_context.map(|tokens| u64::from(tokens.max(message)) * 10)
            && all > most
        {
            all = most;
            thread.first_decitokens = 0;
            thread.own = prompt;
        }
        let (chars, _) = sizes_of_tokens(all.div_ceil(10) as u32);
        let sizes =
            Incoming { chars, blank_chars: 0, input_decitokens: all, output_tokens, ..*asked };
        Ok(Incoming { at, prompt, turn, ..sizes })
    }

    /// Tokens of turn `turn`'s message and of its answer.
    fn message(&self, chances: &Chances, number: u64, turn: u32) -> (u32, Option<u32>) {
        let u = chances.message.uniform_at(number, turn);
        let answer = self.output.as_ref().map(|output| {
            let own = chances.output.uniform_at(number, turn);
            output.pick(self.copula.map_or(own, |copula| copula.join(u, own)))
        });
        (self.message.pick(u), answer)
    }
}
