//! Prompts before hosted models: what their providers keep of them, and which model each
//! conversation was with.

use std::collections::HashMap;

use super::keep_alive::KeepAlive;
use crate::cache::prompt::{Asked, Choose, PromptCache, PromptCacheSpec, PromptScope, PromptUse};
use crate::cost::{Cached, CostSpec, Rates, TenantKind, Tenants, Usage};
use crate::kernel::{Duration, Keyed, Streams, Time};
use crate::serving::ModelSpec;
use crate::system::clients::Clients;
use crate::system::measure::Observers;
use crate::system::setup::Setup;
use crate::workload::{Incoming, PromptParts, Source, User};

/// Conversations of which nothing was heard for so long are forgotten, unless something keeps
/// prompts for longer.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The prompt caches of all models, and who asked them what.
pub struct Prompts {
    pub(super) models: Vec<Option<ModelPrompts>>,
    /// By slot of an attempt, and of an inference for the attempt that answered.
    pub(super) by_attempt: Vec<PromptUse>,
    pub(super) by_inference: Vec<PromptUse>,
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
    /// Who shares what; nobody is told apart where all do.
    scopes: Option<Tenants>,
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
    pub(super) fn answered(
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
    pub(super) fn asked(
        &self,
        incoming: &Incoming,
        model: u32,
        clients: &Clients,
        now: Time,
    ) -> Asked {
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
        self.scopes.as_ref().and_then(|scopes| scopes.of(incoming.user)).unwrap_or(0)
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

/// With whom each user shares what is kept.
fn scopes(scope: PromptScope, cost: &CostSpec, users: &[User]) -> Option<Tenants> {
    let kind = match scope {
        PromptScope::Organisation => return None,
        PromptScope::Team => TenantKind::Team,
        PromptScope::Key => TenantKind::Key,
        PromptScope::User => TenantKind::User,
    };
    Some(Tenants::of_users(kind, cost, users))
}

impl Prompts {
    pub(super) fn used(&self, model: u32, used: Option<&PromptUse>) -> Option<(u64, bool)> {
        let here = self.models[model as usize].as_ref()?;
        let used = used?;
        let written = if used.wrote { 10 * used.written() } else { 0 };
        Some((written, here.is_hour(used.lifetime)))
    }

    pub(super) fn count(
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

/// Keeps what is known of a slot; there are never more than were ever under way together.
pub(super) fn put(list: &mut Vec<PromptUse>, slot: u32, used: PromptUse) {
    let slot = slot as usize;
    if list.len() <= slot {
        list.resize(slot + 1, PromptUse::default());
    }
    list[slot] = used;
}
