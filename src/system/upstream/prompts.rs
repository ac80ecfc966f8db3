//! Prompts before hosted models: what their providers keep of them, and which model each
//! conversation was with.

use std::collections::HashMap;

use super::keep_alive::KeepAlive;
use super::{Attempt, Upstream};
use crate::cache::Match;
use crate::cache::prompt::{
    Asked, Choose, PromptCache, PromptCacheSpec, PromptScope, PromptUse, Reason, Visible,
};
use crate::cost::{Cached, CostSpec, ModelId, Rates, Usage, members};
use crate::kernel::{Duration, Keyed, Streams, Time};
use crate::serving::{ModelSpec, Service};
use crate::stats::{Cell, Table};
use crate::system::clients::Clients;
use crate::system::context::Context;
use crate::system::ids::{AttemptId, InferenceId};
use crate::system::measure::{Observers, PromptSums};
use crate::system::setup::Setup;
use crate::workload::{Incoming, PromptParts, Source, User};

/// Conversations of which nothing was heard for so long are forgotten, unless something keeps
/// prompts for longer.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The prompt caches of all models, and who asked them what.
pub struct Prompts {
    pub(super) models: Vec<Option<ModelPrompts>>,
    /// By slot of an attempt, and of an inference for the attempt that answered.
    by_attempt: Vec<PromptUse>,
    by_inference: Vec<PromptUse>,
    conversations: HashMap<u64, Conversation>,
    /// How many conversations there were when the old ones were last forgotten.
    settled: usize,
    forgotten_after: Duration,
    /// Room for what a prompt is made of, and for what each model has of it.
    pub(super) made: PromptParts,
    known: Vec<Cached>,
    /// Whether whoever chooses a model knows what is cached.
    aware: bool,
}

/// The prompt cache of one model.
pub(super) struct ModelPrompts {
    pub cache: PromptCache,
    /// By user.
    scopes: Vec<u32>,
    /// By SLO class, the lifetime that it asks for, if it asks for one.
    by_class: Vec<Option<u8>>,
    /// Of the others, how many ask for this lifetime or a shorter one.
    shares: Vec<f64>,
    draws: Keyed,
    pub keep_alive: Option<KeepAlive>,
}

/// What is known of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Conversation {
    /// The model that answered last.
    pub model: u32,
    /// When.
    pub last: Time,
    /// Tokens that its provider keeps of it, and until when.
    tokens: u64,
    expires: Time,
}

impl Prompts {
    /// Those of a setup, if any model has one or anybody wants to know of conversations.
    pub fn new(setup: &Setup, source: &Source, streams: &Streams) -> Option<Box<Self>> {
        let cost = &setup.cost;
        if !setup.knows_conversations() {
            return None;
        }
        let is_used = setup.models.iter().any(|(_, model)| model.prompt_cache.is_some());
        let model = |(name, model): &(String, ModelSpec)| {
            let spec = model.prompt_cache.as_ref()?;
            Some(ModelPrompts::new(spec, name, (cost, source), streams))
        };
        let models: Vec<Option<ModelPrompts>> = setup.models.iter().map(model).collect();
        let lifetimes = models.iter().flatten().flat_map(|it| &it.cache.rules().lifetimes);
        let longest = lifetimes.map(|it| it.ttl).max().unwrap_or_default();
        Some(Box::new(Prompts {
            models,
            by_attempt: Vec::new(),
            by_inference: Vec::new(),
            conversations: HashMap::new(),
            settled: 0,
            forgotten_after: FORGOTTEN_AFTER.max(longest),
            made: PromptParts::default(),
            known: Vec::new(),
            aware: is_used && cost.cache_aware.unwrap_or(true),
        }))
    }

    /// Which model a conversation was with.
    pub fn conversation(&self, id: Option<u64>) -> Option<Conversation> {
        self.conversations.get(&id?).copied()
    }

    /// What each model has of a prompt now; nothing where nobody wants to know.
    pub fn known(&mut self, incoming: &Incoming, clients: &Clients, now: Time) -> &[Cached] {
        self.known.clear();
        if self.aware {
            clients.parts(incoming, &mut self.made);
            for model in &self.models {
                let cached = model.as_ref().map(|it| it.known(incoming, &self.made, clients, now));
                self.known.push(cached.unwrap_or_default());
            }
        }
        &self.known
    }

    /// Counts from zero again; what is kept stays.
    pub fn reset_stats(&mut self) {
        for model in self.models.iter_mut().flatten() {
            model.cache.reset_stats();
        }
    }

    /// A model has answered a conversation: whether it was with another one before.
    fn answered(
        &mut self,
        conversation: u64,
        model: u32,
        now: Time,
        used: Option<(u64, Time)>,
    ) -> bool {
        let (tokens, expires) = used.unwrap_or_default();
        let here = Conversation { model, last: now, tokens, expires };
        let before = self.conversations.insert(conversation, here);
        if self.conversations.len() > 2 * self.settled + 1024 {
            let after = self.forgotten_after;
            self.conversations.retain(|_, it| it.last.saturating_add(after) > now);
            self.settled = self.conversations.len();
        }
        before.is_some_and(|before| before.model != model)
    }

    /// What a request's conversation had before, of a prompt that `made` tells.
    fn asked(&self, incoming: &Incoming, model: u32, clients: &Clients, now: Time) -> Asked {
        let Some(here) = &self.models[model as usize] else { return Asked::default() };
        let scope = here.scope(incoming);
        let mut asked =
            Asked { scope, lifetime: here.lifetime(incoming, clients), ..Asked::default() };
        if let Some(before) = self.conversation(clients.conversation(incoming)) {
            if before.model == model {
                asked.had = if now < before.expires { before.tokens } else { 0 };
            } else if let Some(other) = &self.models[before.model as usize] {
                asked.elsewhere = other.cache.peek(&self.made, other.scope(incoming), now).0;
            }
        }
        asked
    }
}

impl ModelPrompts {
    fn new(
        spec: &PromptCacheSpec,
        name: &str,
        (cost, source): (&CostSpec, &Source),
        streams: &Streams,
    ) -> Self {
        let rules = spec.rules();
        let class = |class: &String| {
            let asks = rules.lifetimes.iter().position(|it| it.classes.contains(class));
            asks.map(|index| index as u8)
        };
        let by_class = source.slo_classes().iter().map(class).collect();
        let all: f64 = rules.lifetimes.iter().map(|it| it.share).sum();
        let mut sum = 0.0;
        let shares = rules.lifetimes.iter().map(|it| {
            sum += it.share / all;
            sum
        });
        ModelPrompts {
            scopes: scopes(rules.scope, cost, source.users()),
            by_class,
            shares: shares.collect(),
            draws: Keyed::new(
                &mut streams.stream(&format!("serving.{name}.prompt_cache.lifetimes")),
            ),
            keep_alive: rules.keep_alive.map(KeepAlive::new),
            cache: PromptCache::new(rules),
        }
    }

    pub fn scope(&self, incoming: &Incoming) -> u32 {
        self.scopes.get(incoming.user.0 as usize).copied().unwrap_or(0)
    }

    /// The lifetime that a request asks for.
    fn lifetime(&self, incoming: &Incoming, clients: &Clients) -> u8 {
        if self.shares.len() == 1 {
            return 0;
        }
        let of_class = self.by_class.get(usize::from(incoming.slo_class.0));
        if let Some(lifetime) = of_class.copied().flatten() {
            return lifetime;
        }
        let conversation = clients.conversation(incoming);
        let whose = conversation.filter(|_| self.cache.rules().choose == Choose::Session);
        let u = self.draws.uniform_of_two(
            whose.unwrap_or(incoming.prompt.0),
            match whose {
                Some(_) => 0,
                None => incoming.at.as_nanos(),
            },
        );
        let at = self.shares.iter().position(|share| u < *share);
        at.unwrap_or(self.shares.len() - 1) as u8
    }

    fn known(
        &self,
        incoming: &Incoming,
        prompt: &PromptParts,
        clients: &Clients,
        now: Time,
    ) -> Cached {
        let (read, until) = self.cache.peek(prompt, self.scope(incoming), now);
        let lifetime = self.lifetime(incoming, clients);
        Cached {
            keeps: true,
            read_decitokens: 10 * read,
            written_decitokens: 10 * until.saturating_sub(read),
            for_an_hour: self.cache.rules().lifetimes[usize::from(lifetime)].is_hour(),
        }
    }

    pub fn is_hour(&self, lifetime: u8) -> bool {
        self.cache.rules().lifetimes[usize::from(lifetime)].is_hour()
    }
}

/// By user, the number of those with whom it shares what is kept.
fn scopes(scope: PromptScope, cost: &CostSpec, users: &[User]) -> Vec<u32> {
    let shared = match scope {
        PromptScope::Organisation => return Vec::new(),
        PromptScope::User => return (0..users.len() as u32).collect(),
        PromptScope::Team => &cost.teams,
        PromptScope::Key => &cost.keys,
    };
    let users = users.iter().map(|user| (user.name.as_str(), Some(&*user.class)));
    members(shared, users).map(|index| index.map_or(0, |index| index as u32 + 1)).collect()
}

impl Upstream {
    /// Whether prompts are kept alive, by timers that may go on after the last request.
    pub fn keeps_alive(&self) -> bool {
        let mut models = self.prompts.iter().flat_map(|it| it.models.iter().flatten());
        models.any(|model| model.keep_alive.is_some())
    }

    /// A hosted model begins to work on a prompt: what it has of it. `None` where its provider
    /// keeps nothing.
    #[inline]
    pub(super) fn find_prompt(
        &mut self,
        incoming: &Incoming,
        model: u32,
        now: Time,
        clients: &Clients,
    ) -> Option<PromptUse> {
        let prompts = self.prompts.as_mut()?;
        prompts.models[model as usize].as_ref()?;
        clients.parts(incoming, &mut prompts.made);
        let asked = prompts.asked(incoming, model, clients, now);
        let here = prompts.models[model as usize].as_mut()?;
        Some(here.cache.look_up(&prompts.made, &asked, now))
    }

    /// It is known how long that takes: what was read is kept for longer, and what is written
    /// perhaps there at once. Returns whether it is there at the first token.
    pub(super) fn begin_prompt(
        &mut self,
        id: AttemptId,
        mut used: PromptUse,
        (service, fails): (Service, bool),
        cx: &mut Context<'_, '_>,
    ) -> bool {
        let now = cx.now();
        let Attempt { inference, model, .. } = self.attempts[id];
        let request = &cx.requests[self.inferences[inference].request];
        let incoming = &request.incoming;
        let Some(prompts) = self.prompts.as_mut() else { return false };
        let Some(here) = prompts.models[model as usize].as_mut() else { return false };
        let mut at_first_token = false;
        if !fails {
            let base = here.cache.base(now, now.saturating_add(service.total));
            here.cache.touch(&prompts.made, &used, base, now);
            match here.cache.rules().visible {
                Visible::RequestStart => {
                    here.cache.write(&prompts.made, &used, base, now);
                    used.wrote = true;
                }
                Visible::FirstToken => at_first_token = true,
                Visible::ResponseEnd => {}
            }
            if let Some(keep) = &mut here.keep_alive {
                let conversation = cx.clients.conversation(incoming);
                let number = cx.clients.workflow_of(incoming);
                let whose = (conversation, here.scopes.get(incoming.user.0 as usize));
                let asked = (request.id, request.measured, number);
                keep.used(whose, asked, incoming, &prompts.made, &used, cx.sim, model);
            }
        }
        put(&mut prompts.by_attempt, id.slot(), used);
        at_first_token
    }

    /// What an attempt has written is there for others from now on.
    pub(super) fn keep_prompt(
        &mut self,
        id: AttemptId,
        incoming: &Incoming,
        clients: &Clients,
        now: Time,
    ) {
        let Attempt { model, started, service, .. } = self.attempts[id];
        let Some(prompts) = self.prompts.as_mut() else { return };
        let Some(here) = prompts.models[model as usize].as_mut() else { return };
        let used = &mut prompts.by_attempt[id.slot() as usize];
        if used.wrote {
            return;
        }
        used.wrote = true;
        clients.parts(incoming, &mut prompts.made);
        let base = here.cache.base(started, started.saturating_add(service.total));
        here.cache.write(&prompts.made, used, base, now);
    }

    /// The attempt that is taken as an inference's answer.
    pub(super) fn take_prompt(&mut self, id: AttemptId, inference: InferenceId) {
        if let Some(prompts) = &mut self.prompts
            && let Some(used) = prompts.by_attempt.get(id.slot() as usize).copied()
        {
            put(&mut prompts.by_inference, inference.slot(), used);
        }
    }

    /// A model has answered: its conversation is with it from now on. Whether it was with
    /// another one before.
    pub fn conversation_answered(
        &mut self,
        id: InferenceId,
        incoming: &Incoming,
        clients: &Clients,
        now: Time,
    ) -> bool {
        let Some(prompts) = &mut self.prompts else { return false };
        let Some(conversation) = clients.conversation(incoming) else { return false };
        let inference = &self.inferences[id];
        let used = inference.prefix.and_then(|_| {
            let here = prompts.models[inference.model as usize].as_ref()?;
            let used = prompts.by_inference.get(id.slot() as usize)?;
            let ends = inference.started.saturating_add(inference.service.total);
            let rules = here.cache.rules();
            let ttl = rules.lifetimes[usize::from(used.lifetime)].ttl;
            Some((used.until, here.cache.base(inference.started, ends).saturating_add(ttl)))
        });
        prompts.answered(conversation, inference.model, now, used)
    }

    /// What the answer of an inference has written: tenths of a token, and whether for an hour.
    pub fn written_by(&self, id: InferenceId, found: Option<Match>, input: u64) -> (u64, bool) {
        let model = self.inferences[id].model;
        let used = self.prompts.as_ref().filter(|_| found.is_some());
        let used = used.and_then(|it| it.used(model, it.by_inference.get(id.slot() as usize)));
        used.unwrap_or_else(|| (self.written_decitokens(model, found, input), false))
    }

    /// The same of an attempt.
    pub(super) fn written_by_attempt(&self, id: AttemptId, input: u64) -> (u64, bool) {
        let Attempt { model, prefix, .. } = self.attempts[id];
        let used = self.prompts.as_ref().filter(|_| prefix.is_some());
        let used = used.and_then(|it| it.used(model, it.by_attempt.get(id.slot() as usize)));
        used.unwrap_or_else(|| (self.written_decitokens(model, prefix, input), false))
    }

    /// Counts what a measured answer had to do with its model's prompt cache.
    pub fn count_prompt(
        &self,
        id: InferenceId,
        usage: &Usage,
        rates: &Rates,
        observers: &mut Observers<'_>,
    ) {
        let inference = &self.inferences[id];
        let Some(prompts) = self.prompts.as_ref().filter(|_| inference.prefix.is_some()) else {
            return;
        };
        let used = prompts.by_inference.get(id.slot() as usize);
        prompts.count(inference.model, used, (usage, rates), observers);
    }

    /// The same of an attempt that nobody got anything of.
    pub(super) fn count_prompt_of(&self, id: AttemptId, usage: &Usage, cx: &mut Context<'_, '_>) {
        let Attempt { model, prefix, .. } = self.attempts[id];
        let Some(prompts) = self.prompts.as_ref().filter(|_| prefix.is_some()) else { return };
        let rates = cx.charge.optimizer.price(ModelId(model)).rates_of(usage);
        let used = prompts.by_attempt.get(id.slot() as usize);
        prompts.count(model, used, (usage, &rates), cx.observers);
    }

    /// Tokens of a prompt that do not count against its provider's limit.
    pub(super) fn uncounted_tokens(
        &mut self,
        incoming: &Incoming,
        model: u32,
        clients: &Clients,
        now: Time,
    ) -> u64 {
        let Some(prompts) = self.prompts.as_mut() else { return 0 };
        let Some(here) = prompts.models[model as usize].as_ref() else { return 0 };
        if here.cache.rules().counts_against_limits {
            return 0;
        }
        clients.parts(incoming, &mut prompts.made);
        here.cache.peek(&prompts.made, here.scope(incoming), now).0
    }
}

impl Prompts {
    fn used(&self, model: u32, used: Option<&PromptUse>) -> Option<(u64, bool)> {
        let here = self.models[model as usize].as_ref()?;
        let used = used?;
        let written = if used.wrote { 10 * used.written() } else { 0 };
        Some((written, here.is_hour(used.lifetime)))
    }

    fn count(
        &self,
        model: u32,
        used: Option<&PromptUse>,
        (usage, rates): (&Usage, &Rates),
        observers: &mut Observers<'_>,
    ) {
        let (Some(used), true) = (used, self.models[model as usize].is_some()) else { return };
        if let Some(sums) = observers.measures.prompts.get_mut(model as usize) {
            sums.count(used, usage, rates);
        }
    }
}

/// A row for each prompt cache.
pub fn table(upstream: &Upstream, sums: &[PromptSums], setup: &Setup) -> Table {
    let counts = ["model", "requests", "hit_rate"].map(str::to_owned);
    let of = |name: &str| [format!("{name}_tokens"), format!("{name}_usd")];
    let parts = ["read", "written", "uncached"].into_iter().flat_map(of);
    let reasons = Reason::ALL.into_iter().flat_map(|reason| of(reason.name()));
    let rest = ["keep_alives", "keep_alive_usd", "entries", "held_tokens", "evictions"];
    let columns = counts.into_iter().chain(parts).chain(reasons);
    let mut table = Table::new(columns.chain(rest.map(str::to_owned)));
    let Some(prompts) = &upstream.prompts else { return table };
    for (((name, _), here), sums) in setup.models.iter().zip(&prompts.models).zip(sums) {
        let Some(here) = here else { continue };
        let mut row = vec![name.as_str().into(), sums.requests.into(), sums.hit_rate().into()];
        for part in [sums.read, sums.written, sums.uncached].iter().chain(&sums.missed) {
            row.extend([Cell::Num(part.tokens()), Cell::Num(part.usd())]);
        }
        row.extend([sums.keep_alives.into(), Cell::Num(sums.keep_alive_cost.usd())]);
        let cache = &here.cache;
        row.extend([cache.len() as u64, cache.held(), cache.evictions()].map(Cell::from));
        table.push(row);
    }
    table
}

/// Keeps what is known of a slot; there are never more than were ever under way together.
fn put(list: &mut Vec<PromptUse>, slot: u32, used: PromptUse) {
    let slot = slot as usize;
    if list.len() <= slot {
        list.resize(slot + 1, PromptUse::default());
    }
    list[slot] = used;
}
