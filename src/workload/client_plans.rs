//! What requests are drawn from: populations of prompts, and the clients that ask
//! them.

use std::borrow::Cow;
use std::collections::HashMap;

use super::arrivals::{Arrivals, CalendarStart};
use super::clients::Client;
use super::data_paths::DataPaths;
use super::error::WorkloadError;
use super::incoming::{IntentId, ProfileId, PromptId, SloClassId};
use super::lengths::{Copula, Lengths};
use super::params::{Profile, ProfileKey};
use super::payloads::PayloadsSpec;
use super::prompts::{Prompts, PromptsSpec};
use super::session::{Session, SessionSpec};
use super::spec::WorkloadSpec;
use super::users::{Askers, UserTable};
use crate::spec::Path;

/// What requests are drawn from.
#[derive(Debug)]
pub(super) struct ClientPlans {
    pub populations: Vec<Population>,
    pub clients: Vec<ClientPlan>,
}

/// A population of prompts, and their numbers among those of all populations.
#[derive(Debug)]
pub(super) struct Population {
    pub prompts: Prompts,
    /// `None` where the texts say how long they are.
    pub lengths: Option<Lengths>,
    pub numbers: Numbers,
    pub payloads: Option<PayloadsSpec>,
    /// With what the names of its streams begin.
    pub streams: String,
}

/// Where the prompts of a population are among all: the populations that have an
/// end one after the other, then those without one in turns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    base: u64,
    stride: u64,
}

/// One class of clients.
#[derive(Debug)]
pub(super) struct ClientPlan {
    /// With what the names of its streams begin.
    pub streams: String,
    pub arrivals: Arrivals,
    /// Index of its prompts' population.
    pub population: usize,
    pub output: Option<Lengths>,
    pub copula: Option<Copula>,
    pub askers: Askers,
    pub profile: ProfileId,
    pub slo_class: SloClassId,
    pub session: Option<Session>,
}

impl Numbers {
    /// The number among all prompts of the population's prompt `local`.
    #[inline]
    pub fn of(self, local: PromptId) -> PromptId {
        PromptId(self.base + local.0 * self.stride)
    }

    #[inline]
    fn local(self, prompt: PromptId) -> PromptId {
        PromptId((prompt.0 - self.base) / self.stride)
    }
}

impl ClientPlans {
    /// The recipe of a checked spec; its users and its clients' parameters are added
    /// to `users` and `profiles`.
    pub fn new(
        spec: &WorkloadSpec,
        paths: &DataPaths,
        start: CalendarStart,
        users: &mut UserTable,
        profiles: &mut Vec<Profile>,
    ) -> Result<Self, WorkloadError> {
        let (clients, classes) = (spec.resolved_clients(), spec.slo_classes());
        let payloads = &spec.payloads;
        let mut populations = Populations { paths, payloads, made: Vec::new(), shared: None };
        let mut plans = Vec::new();
        let class_of: HashMap<&str, u16> =
            classes.iter().map(String::as_str).zip(0..=u16::MAX).collect();
        let mut known = HashMap::new();
        for (i, client) in clients.iter().enumerate() {
            let lengths = "a checked spec has a distribution";
            let tokens = &client.tokens;
            let shown = client.id.filter(|_| !client.shares_users);
            let class = class_of.get(client.slo_class).copied();
            plans.push(ClientPlan {
                streams: client.streams(),
                arrivals: client.arrivals.process(start),
                population: populations.of(client, i)?,
                output: tokens.output.as_ref().map(|it| it.distribution().expect(lengths)),
                copula: Copula::new(tokens.correlation),
                askers: users.askers(client.users, shown),
                profile: profile(client.profile, profiles, &mut known),
                slo_class: SloClassId(class.unwrap_or(0)),
                session: client.session.map(|it: &SessionSpec| it.plan(tokens)),
            });
        }
        let mut populations = populations.made;
        number(&mut populations);
        Ok(ClientPlans { populations, clients: plans })
    }

    /// The population that a prompt is of, and its number there.
    #[inline]
    fn place(&self, prompt: PromptId) -> (&Population, PromptId) {
        if let [only] = &self.populations[..] {
            return (only, prompt);
        }
        let found = self.populations.iter().find(|it| it.holds(prompt));
        let population = found.unwrap_or(&self.populations[0]);
        (population, population.numbers.local(prompt))
    }

    /// Prompts have numbers below this; `None` if there is no end of new ones.
    pub fn prompts(&self) -> Option<usize> {
        self.populations.iter().map(|it| it.prompts.count()).sum()
    }

    /// A prompt's text, if it is real.
    pub fn text(&self, prompt: PromptId) -> Option<Cow<'_, str>> {
        let (population, local) = self.place(prompt);
        population.prompts.text(local)
    }

    /// The prompt of this text.
    pub fn named(&self, text: &str) -> Option<PromptId> {
        let named = |it: &Population| Some(it.numbers.of(it.prompts.named(text)?));
        self.populations.iter().find_map(named)
    }

    /// What a prompt means.
    #[inline]
    pub fn intent(&self, prompt: PromptId) -> IntentId {
        let (population, local) = self.place(prompt);
        population.intent(local)
    }
}

impl Population {
    /// What the population's prompt `local` means. There are no more intents than
    /// prompts, so that their numbers do not meet others'.
    #[inline]
    fn intent(&self, local: PromptId) -> IntentId {
        IntentId(self.numbers.of(PromptId(self.prompts.intent(local).0)).0)
    }

    fn holds(&self, prompt: PromptId) -> bool {
        let Numbers { base, stride } = self.numbers;
        let Some(distance) = prompt.0.checked_sub(base) else { return false };
        match self.prompts.count() {
            Some(count) => distance < count as u64,
            None => distance % stride == 0,
        }
    }
}

impl Client<'_> {
    fn streams(&self) -> String {
        self.id.map_or_else(|| "workload".to_owned(), |id| format!("workload.clients.{id}"))
    }
}

/// The population of prompts of a checked spec.
pub(super) fn population(spec: &PromptsSpec, paths: &DataPaths) -> Result<Prompts, WorkloadError> {
    spec.population(paths)
        .map_err(|problem| WorkloadError::Spec(problem.within(&Path::parse("prompts"))))
}

/// The populations of a workload's clients, each made once.
struct Populations<'p> {
    paths: &'p DataPaths,
    payloads: &'p Option<PayloadsSpec>,
    made: Vec<Population>,
    /// Index of the one that clients share.
    shared: Option<usize>,
}

impl Populations<'_> {
    /// The index of the population of client `i`.
    fn of(&mut self, client: &Client<'_>, i: usize) -> Result<usize, WorkloadError> {
        if let Some(shared) = self.shared.filter(|_| client.shares_prompts) {
            return Ok(shared);
        }
        let prompts = population(&client.prompts, self.paths).map_err(|error| match error {
            WorkloadError::Spec(problem) if client.id.is_some() && !client.shares_prompts => {
                WorkloadError::Spec(problem.within(&Path::parse("clients").join(i)))
            }
            other => other,
        })?;
        let measured = client.prompts.measure_themselves(&client.tokens);
        let lengths =
            (!measured).then(|| client.tokens.input.distribution().expect("a checked spec"));
        let streams = if client.shares_prompts { "workload".to_owned() } else { client.streams() };
        let (numbers, payloads) = (Numbers::ALL, self.payloads.clone());
        self.made.push(Population { prompts, lengths, numbers, payloads, streams });
        let index = self.made.len() - 1;
        if client.shares_prompts {
            self.shared = Some(index);
        }
        Ok(index)
    }
}

impl Numbers {
    /// Those of an only population.
    const ALL: Numbers = Numbers { base: 0, stride: 1 };
}

fn number(populations: &mut [Population]) {
    let endless = populations.iter().filter(|it| it.prompts.count().is_none()).count() as u64;
    let mut base = 0;
    for population in &mut *populations {
        if let Some(count) = population.prompts.count() {
            population.numbers = Numbers { base, stride: 1 };
            base += count as u64;
        }
    }
    for population in populations.iter_mut().filter(|it| it.prompts.count().is_none()) {
        population.numbers = Numbers { base, stride: endless };
        base += 1;
    }
}

/// The profile's index, added if none prints alike.
fn profile(
    profile: Profile,
    profiles: &mut Vec<Profile>,
    known: &mut HashMap<ProfileKey, ProfileId>,
) -> ProfileId {
    *known.entry(profile.key()).or_insert_with(|| {
        profiles.push(profile);
        ProfileId(profiles.len() as u32 - 1)
    })
}
