//! Several classes of clients, whose requests come together.

use std::borrow::Cow;
use std::collections::HashSet;

use indexmap::IndexSet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arrivals::{ArrivalsSpec, Rhythm};
use super::lengths::LengthsSpec;
use super::params::Profile;
use super::prompts::PromptsSpec;
use super::python::PyNumber;
use super::session::SessionSpec;
use super::spec::WorkloadSpec;
use super::tokens::TokensSpec;
use super::users::UsersSpec;
use crate::spec::{Fraction, Positive, Problems};

/// The class of requests for which none is given.
const STANDARD: &str = "standard";

/// The most classes of clients.
const MOST: usize = 10_000;

/// One class of clients: what it does otherwise than the workload says. The names
/// are those of BLIS and `ServeGen` where they have one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientSpec {
    /// Its name; its random streams are named after it.
    pub id: String,
    /// Its part of `aggregate_rate`, relative to the other clients' parts. Default:
    /// its arrivals' own rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_fraction: Option<Positive>,
    /// When its requests, or its sessions, arrive. Default: as the workload's, but
    /// at times of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<ArrivalsSpec>,
    /// What makes a session of each arrival. Default: the workload's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionSpec>,
    /// What it asks. Default: the workload's prompts, which clients share; if its
    /// prompts have other lengths, as many of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts: Option<PromptsSpec>,
    /// How long its prompts and answers are. Default: the workload's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokensSpec>,
    /// Who asks. Default: the workload's users, whom clients share. Users drawn up
    /// by a law are called after the client: `chat/user-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<UsersSpec>,
    /// How urgent its requests are. Default: the workload's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo_class: Option<String>,
    /// The longest answer that it wants, in tokens. Default: the workload's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Its sampling temperature. Default: the workload's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<PyNumber>,
    /// Its nucleus sampling. Default: the workload's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<PyNumber>,
    /// The least quality that it wants. Default: the workload's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality_threshold: Option<Fraction>,
}

/// A class of clients with nothing left open: a workload without `clients` is one.
pub(super) struct Client<'s> {
    /// `None` where there is only one.
    pub id: Option<&'s str>,
    pub arrivals: Cow<'s, ArrivalsSpec>,
    pub session: Option<&'s SessionSpec>,
    pub prompts: Cow<'s, PromptsSpec>,
    /// Whether its prompts are the workload's, which clients share.
    pub shares_prompts: bool,
    pub tokens: Cow<'s, TokensSpec>,
    pub users: Option<&'s UsersSpec>,
    /// Whether its users are the workload's, whom clients share.
    pub shares_users: bool,
    pub slo_class: &'s str,
    pub profile: Profile,
}

impl WorkloadSpec {
    /// The classes of clients, at least one. The spec must have passed its check.
    pub(super) fn resolved_clients(&self) -> Vec<Client<'_>> {
        let whole = self.whole();
        let Some(clients) = &self.clients else { return vec![whole] };
        let fractions: f64 =
            clients.iter().filter_map(|it| it.rate_fraction).map(Positive::get).sum();
        clients.iter().map(|client| whole.with(client, self.rate_of(client, fractions))).collect()
    }

    /// How the rate of requests is meant to change: those of a trace or a list come when
    /// they did. The spec must have passed its check.
    pub(super) fn rhythm(&self) -> Rhythm {
        if self.trace.is_some() || self.requests.is_some() {
            return Rhythm::Changing;
        }
        let clients = self.resolved_clients();
        clients.iter().map(|it| it.arrivals.rhythm()).fold(Rhythm::Even, Rhythm::and)
    }

    /// The lengths of answers that clients draw, where in the file they are set, and
    /// the longest answer that those clients ask for.
    pub fn answers(&self) -> Vec<(String, &LengthsSpec, Option<u32>)> {
        let own = self.tokens.as_ref().and_then(|tokens| tokens.output.as_ref());
        let mut found = Vec::new();
        let clients = self.clients.iter().flatten();
        for (i, client) in clients.enumerate() {
            let asked = client.max_tokens.or(self.max_tokens);
            match client.tokens.as_ref() {
                Some(tokens) => found.extend(
                    tokens
                        .output
                        .as_ref()
                        .map(|it| (format!("clients.{i}.tokens.output"), it, asked)),
                ),
                None if found.iter().any(|(place, ..)| place == "tokens.output") => {}
                None => found.extend(own.map(|it| ("tokens.output".to_owned(), it, asked))),
            }
        }
        if self.clients.is_none() {
            found.extend(own.map(|it| ("tokens.output".to_owned(), it, self.max_tokens)));
        }
        found
    }

    /// The client that the workload is by itself.
    fn whole(&self) -> Client<'_> {
        Client {
            id: None,
            arrivals: self.arrivals.as_ref().map_or_else(Cow::default, Cow::Borrowed),
            session: self.session.as_ref(),
            prompts: self.prompts.as_ref().map_or_else(Cow::default, Cow::Borrowed),
            shares_prompts: true,
            tokens: self.tokens.as_ref().map_or_else(Cow::default, Cow::Borrowed),
            users: self.users.as_ref(),
            shares_users: true,
            slo_class: self.slo_class.as_deref().unwrap_or(STANDARD),
            profile: self.profile(),
        }
    }

    /// The arrivals of a client that has a part of the whole rate.
    fn rate_of(&self, client: &ClientSpec, fractions: f64) -> Option<ArrivalsSpec> {
        let (whole, part) = (self.aggregate_rate?, client.rate_fraction?);
        let arrivals = client.arrivals.as_ref().or(self.arrivals.as_ref());
        let rate = format!("{}/s", whole.per_sec() * part.get() / fractions).parse().ok()?;
        arrivals.cloned().unwrap_or_default().at_rate(rate)
    }

    /// The names of the SLO classes, by the order of the clients.
    pub fn slo_classes(&self) -> Vec<String> {
        let clients = self.resolved_clients();
        let names: IndexSet<&str> = clients.iter().map(|client| client.slo_class).collect();
        names.into_iter().map(str::to_owned).collect()
    }
}

impl<'s> Client<'s> {
    /// What `spec` makes of it.
    fn with(&self, spec: &'s ClientSpec, arrivals: Option<ArrivalsSpec>) -> Client<'s> {
        let tokens = spec.tokens.as_ref().map_or_else(|| self.tokens.clone(), Cow::Borrowed);
        let own = spec.arrivals.as_ref().map_or_else(|| self.arrivals.clone(), Cow::Borrowed);
        Client {
            id: Some(&spec.id),
            arrivals: arrivals.map_or(own, Cow::Owned),
            session: spec.session.as_ref().or(self.session),
            prompts: spec.prompts.as_ref().map_or_else(|| self.prompts.clone(), Cow::Borrowed),
            shares_prompts: spec.prompts.is_none() && tokens.input == self.tokens.input,
            tokens,
            users: spec.users.as_ref().or(self.users),
            shares_users: spec.users.is_none(),
            slo_class: spec.slo_class.as_deref().unwrap_or(self.slo_class),
            profile: Profile {
                max_tokens: spec.max_tokens.or(self.profile.max_tokens),
                temperature: spec.temperature.or(self.profile.temperature),
                top_p: spec.top_p.or(self.profile.top_p),
                quality_threshold: spec
                    .quality_threshold
                    .map(Fraction::get)
                    .or(self.profile.quality_threshold),
                missing_prompt: false,
            },
        }
    }
}

/// Reports clients that cannot be told apart, and rates that add up to nothing.
pub(super) fn check(clients: &[ClientSpec], workload: &WorkloadSpec, problems: &mut Problems) {
    if clients.is_empty() {
        problems.error_help("there must be at least one client", "such as `- { id: chat }`");
    }
    if clients.len() > MOST {
        problems.error(format!("{} clients are more than {MOST}", clients.len()));
    }
    let mut seen = HashSet::new();
    for (i, client) in clients.iter().enumerate() {
        problems.at(i, |p| {
            p.at("id", |p| {
                if client.id.trim().is_empty() {
                    p.error("a client needs a name");
                } else if !seen.insert(client.id.as_str()) {
                    p.error_help(
                        format!("there are two clients `{}`", client.id),
                        "give each a name of its own",
                    );
                }
            });
            client.check(workload, p);
        });
    }
}

impl ClientSpec {
    fn check(&self, workload: &WorkloadSpec, problems: &mut Problems) {
        self.check_rate(workload, problems);
        if let Some(arrivals) = &self.arrivals {
            problems.at("arrivals", |p| arrivals.check(p));
        }
        if let Some(session) = &self.session {
            problems.at("session", |p| session.check(p));
        }
        if let Some(prompts) = &self.prompts {
            problems.at("prompts", |p| prompts.check(p));
        }
        if let Some(tokens) = &self.tokens {
            problems.at("tokens", |p| tokens.check(p));
        }
        if let Some(users) = &self.users {
            problems.at("users", |p| users.check(p));
        }
    }

    fn check_rate(&self, workload: &WorkloadSpec, problems: &mut Problems) {
        let arrivals = self.arrivals.as_ref().or(workload.arrivals.as_ref());
        match (self.rate_fraction, workload.aggregate_rate) {
            (Some(_), None) => problems.at("rate_fraction", |p| {
                p.error_help("a part of no rate", "set workload.aggregate_rate, such as 100/s");
            }),
            (None, Some(_)) => problems.error_help(
                "the client has no part of `aggregate_rate`",
                "give it a `rate_fraction`",
            ),
            (Some(_), Some(rate)) => {
                let scaled = arrivals.is_none_or(|arrivals| arrivals.at_rate(rate).is_some());
                if !scaled {
                    problems.at("rate_fraction", |p| {
                        p.error_help(
                            "its arrivals have no one rate that could be set",
                            "expected poisson, constant, gamma or weibull",
                        );
                    });
                }
            }
            (None, None) => {}
        }
    }
}
