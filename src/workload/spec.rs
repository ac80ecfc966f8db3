//! The `workload:` block of an experiment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arrivals::ArrivalsSpec;
use super::clients::{self, Client, ClientSpec};
use super::listed::{self, RequestSpec};
use super::params::Profile;
use super::payloads::PayloadsSpec;
use super::prompts::PromptsSpec;
use super::python::PyNumber;
use super::session::SessionSpec;
use super::shared_prefix::SharedPrefixSpec;
use super::tokens::TokensSpec;
use super::trace::TraceSpec;
use super::users::UsersSpec;
use crate::spec::{Fraction, Problems, Rate};

/// Who asks what, when. Requests come from `arrivals` (the default), from a
/// `trace`, or from a list of `requests`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorkloadSpec {
    /// When requests arrive. Default: `poisson: { rate: 20/s }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<ArrivalsSpec>,
    /// Several classes of clients, whose requests come together; what they leave
    /// open is as the workload says. Default: one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<ClientSpec>>,
    /// The rate of all clients together, of which each has its `rate_fraction`.
    /// Default: each has the rate of its own arrivals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregate_rate: Option<Rate>,
    /// What makes a session of several turns of each arrival. Default: each is one
    /// request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionSpec>,
    /// A recorded trace instead of arrivals: its times and its lengths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceSpec>,
    /// A list of requests instead of arrivals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Vec<RequestSpec>>,
    /// What is asked. Default: `zipf: { count: 10000, exponent: 0.9 }`; with a
    /// trace its own prompts, or `unique` if it knows none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompts: Option<PromptsSpec>,
    /// What prompts begin with in common, such as a system prompt: its tokens, or a
    /// list of several. They are part of lengths that are drawn or traced, and come
    /// on top of texts. Of use to prefix caches. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_prefix: Option<SharedPrefixSpec>,
    /// A system prompt, in tokens or as a list of several, that comes before the text whose
    /// length is drawn or traced, and is the same for all. (`shared_prefix` is a part of
    /// lengths; here each is said apart. Steps of workflows have a `system` of their
    /// own.) Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<SharedPrefixSpec>,
    /// What prompts bring beside their text: images, results of tools. Default:
    /// nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payloads: Option<PayloadsSpec>,
    /// How long prompts and answers are, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokensSpec>,
    /// Who asks. Default: one user, `anonymous`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<UsersSpec>,
    /// How urgent the requests are: the name of a service class, for which servers
    /// and results tell requests apart. Default: `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slo_class: Option<String>,
    /// The longest answer that clients want, in tokens. Default: not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// The sampling temperature that clients ask for. Default: not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<PyNumber>,
    /// The nucleus sampling that clients ask for. Default: not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<PyNumber>,
    /// The least quality that clients ask for, 0 to 1. Default: not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality_threshold: Option<Fraction>,
}

impl WorkloadSpec {
    /// Reports what is wrong with it, and what would have no effect.
    pub fn check(&self, problems: &mut Problems) {
        self.check_source(problems);
        if let Some(arrivals) = &self.arrivals {
            problems.at("arrivals", |p| arrivals.check(p));
        }
        if let Some(trace) = &self.trace {
            problems.at("trace", |p| trace.check(p));
        }
        if let Some(requests) = &self.requests {
            problems.at("requests", |p| listed::check(requests, self.users.as_ref(), p));
        }
        if let Some(prompts) = &self.prompts {
            problems.at("prompts", |p| prompts.check(p));
        }
        if let Some(prefix) = &self.shared_prefix {
            problems.at("shared_prefix", |p| prefix.check(p));
        }
        if let Some(prefix) = &self.system_prompt {
            problems.at("system_prompt", |p| {
                prefix.check(p);
                if self.shared_prefix.is_some() {
                    p.error_help(
                        "prompts begin with a `shared_prefix` already",
                        "keep one: a `shared_prefix` is part of the lengths, a `system_prompt` \
                         comes on top",
                    );
                }
            });
        }
        if let Some(payloads) = &self.payloads {
            problems.at("payloads", |p| payloads.check(p));
        }
        if let Some(tokens) = &self.tokens {
            problems.at("tokens", |p| tokens.check(p));
        }
        if let Some(session) = &self.session {
            problems.at("session", |p| session.check(p));
        }
        if let Some(clients) = &self.clients {
            problems.at("clients", |p| clients::check(clients, self, p));
        }
        if let Some(users) = &self.users {
            problems.at("users", |p| users.check(p));
        }
    }

    /// One source only, and nothing beside it that it would not use.
    fn check_source(&self, problems: &mut Problems) {
        let recorded: Vec<&str> = [
            self.trace.is_some().then_some("trace"),
            self.requests.is_some().then_some("requests"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let arrivals = self.arrivals.as_ref().map(|_| "arrivals");
        let drawn = arrivals.or(self.clients.as_ref().map(|_| "clients"));
        let drawn = drawn.or(self.session.as_ref().map(|_| "session"));
        let given: Vec<&str> = drawn.into_iter().chain(recorded).collect();
        if let [first, .., last] = given[..] {
            problems.at(last, |p| {
                p.error_help(
                    format!("requests cannot come from both `{first}` and `{last}`"),
                    "keep one of arrivals (with clients and sessions), trace and requests",
                );
            });
            return;
        }
        let mut useless = |field: &str, given: bool, why: &str| {
            if given {
                problems.at(field, |p| {
                    p.error_help(format!("`{field}` has no effect here: {why}"), "remove it");
                });
            }
        };
        if self.clients.is_none() {
            let why = "there are no `clients` to divide it among";
            useless("aggregate_rate", self.aggregate_rate.is_some(), why);
        }
        let only_jobs = self.trace.as_ref().is_some_and(TraceSpec::has_only_jobs);
        useless(
            "prompts",
            only_jobs && self.prompts.is_some(),
            "recorded jobs ask what they asked",
        );
        if only_jobs || self.trace.as_ref().is_some_and(|trace| trace.block_tokens().is_some()) {
            let why = "the trace tells which prompts begin alike";
            useless("shared_prefix", self.shared_prefix.is_some(), why);
            useless("system_prompt", self.system_prompt.is_some(), why);
        }
        if let (Some(PromptsSpec::Paraphrases(_)), Some(tokens)) = (&self.prompts, &self.tokens)
            && tokens.input != TokensSpec::default().input
        {
            useless("tokens", true, "each text has its own length; only `tokens.output` is used");
        }
        let recorded = self.trace.is_some() || self.requests.is_some();
        if recorded {
            let why = "payloads belong to requests that are drawn";
            useless("payloads", self.payloads.is_some(), why);
        }
        if self.trace.is_some() {
            useless("tokens", self.tokens.is_some(), "each row of a trace brings its own lengths");
        }
        if self.requests.is_some() {
            useless("prompts", self.prompts.is_some(), "each listed request has its own text");
            useless("tokens", self.tokens.is_some(), "listed requests are measured by their words");
        }
        let traced = self.trace.as_ref().is_some_and(TraceSpec::knows_users);
        if traced || self.requests.is_some() {
            let drawn = matches!(self.users, Some(UsersSpec::Zipf(_)));
            useless("users", drawn, "requests name their users; a `list` gives them classes");
            if let Some(UsersSpec::List(users)) = &self.users {
                check_no_weights(users, problems);
            }
        }
    }

    /// Whether its requests begin jobs that were recorded.
    pub fn has_jobs(&self) -> bool {
        self.trace.as_ref().is_some_and(TraceSpec::has_jobs)
    }

    /// Whether a shared prefix adds to lengths: where texts say how long they are.
    pub fn prefix_adds(&self) -> bool {
        let measured = |client: &Client<'_>| client.prompts.measure_themselves(&client.tokens);
        self.requests.is_some()
            || self.trace.is_none() && self.resolved_clients().iter().any(measured)
    }

    /// What clients ask for unless a request says otherwise.
    pub(super) fn profile(&self) -> Profile {
        Profile {
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            top_p: self.top_p,
            quality_threshold: self.quality_threshold.map(Fraction::get),
            missing_prompt: false,
        }
    }
}

/// Where requests name their users, weights would do nothing.
fn check_no_weights(users: &[super::users::UserSpec], problems: &mut Problems) {
    for (i, _) in users.iter().enumerate().filter(|(_, user)| user.weight.is_some()) {
        problems.at("users", |p| {
            p.at("list", |p| {
                p.at(i, |p| {
                    p.at("weight", |p| {
                        p.error_help(
                            "`weight` has no effect here: requests name their users",
                            "remove it",
                        );
                    });
                });
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(yaml: &str) -> WorkloadSpec {
        let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).unwrap();
        serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap()
    }

    fn messages(yaml: &str) -> Vec<String> {
        let mut problems = Problems::default();
        spec(yaml).check(&mut problems);
        problems.list().iter().map(|p| format!("{}: {}", p.path, p.message)).collect()
    }

    #[test]
    fn sensible_workloads_pass() {
        for yaml in [
            "{}",
            "arrivals: {constant: {rate: 5/m}}\nprompts: unique\ntokens: {output: {constant: 211}}",
            "shared_prefix: [{name: a, tokens: 5}, {tokens: 9, weight: 2}]\npayloads: {images: {}}",
            "trace: {azure: a.csv, speed: 2.0, on_bad_row: skip}\nprompts: {zipf: {count: 5}}",
            "requests: [{prompt: Hi, user: ann}]\nusers: {list: [{name: ann, class: vip}]}",
            "requests: [{prompt: null}]\nmax_tokens: 5\ntemperature: 1",
        ] {
            assert_eq!(messages(yaml), [""; 0], "{yaml}");
        }
    }

    #[test]
    fn what_would_do_nothing_is_an_error() {
        for (yaml, place) in [
            ("arrivals: {poisson: {rate: 1/s}}\ntrace: {azure: a.csv}", "trace: "),
            ("requests: [{prompt: a}]\ntrace: {azure: a.csv}", "requests: "),
            ("trace: {azure: a.csv}\ntokens: {input: {constant: 5}}", "tokens: "),
            ("trace: {mooncake: a.jsonl}\nshared_prefix: 5", "shared_prefix: "),
            ("requests: [{prompt: a}]\nprompts: unique", "prompts: "),
            ("requests: [{prompt: a}]\npayloads: {images: {}}", "payloads: "),
            ("requests: [{prompt: a}]\ntokens: {output: {constant: 5}}", "tokens: "),
            ("requests: [{prompt: a}]\nusers: {zipf: {count: 5}}", "users: "),
            (
                "requests: [{prompt: a}]\nusers: {list: [{name: a, weight: 2}]}",
                "users.list.0.weight: ",
            ),
        ] {
            let found = messages(yaml);
            assert_eq!(found.len(), 1, "{yaml}: {found:?}");
            assert!(found[0].starts_with(place), "{found:?}");
        }
    }

    #[test]
    fn values_out_of_range_are_errors_at_their_place() {
        for (yaml, place) in [
            ("arrivals: {poisson: {rate: 0/s}}", "arrivals.poisson.rate: "),
            ("arrivals: {constant: {rate: 1e12/s}}", "arrivals.constant.rate: "),
            ("prompts: {zipf: {count: 0}}", "prompts.zipf.count: "),
            ("shared_prefix: []", "shared_prefix: "),
            ("payloads: {tools: {count: {constant: 0}}}", "payloads.tools.count.constant: "),
            ("prompts: {zipf: {count: 1000000000}}", "prompts.zipf.count: "),
            ("tokens: {input: {constant: 0}}", "tokens.input.constant: "),
            ("tokens: {output: {lognormal: {mean: 9, p90: 99}}}", "tokens.output.lognormal.p90: "),
            ("trace: {speed: 2}", "trace: "),
            ("trace: {azure: a.csv, speed: 1e-9}", "trace.speed: "),
            ("trace: {azure: a.csv, mooncake: a.jsonl}", "trace.mooncake: "),
            ("trace: {mooncake: \"\"}", "trace.mooncake: "),
            ("requests: []", "requests: "),
            (
                "requests: [{prompt: a, user: anne}]\nusers: {list: [{name: ann}]}",
                "requests.0.user: ",
            ),
        ] {
            let found = messages(yaml);
            assert_eq!(found.len(), 1, "{yaml}: {found:?}");
            assert!(found[0].starts_with(place), "{found:?}");
        }
    }

    #[test]
    fn a_spec_survives_being_written_and_read() {
        for yaml in [
            "arrivals: {poisson: {rate: 5.53/s}}\nusers: {zipf: {classes: {vip: 0.1}}}",
            "trace: {azure: a.csv}\ntemperature: 1.0\ntop_p: 1",
            "requests: [{at: 1.5s, prompt: a}]",
        ] {
            let value = serde_yaml::with::singleton_map_recursive::serialize(
                &spec(yaml),
                serde_yaml::value::Serializer,
            )
            .unwrap();
            assert_eq!(spec(&serde_yaml::to_string(&value).unwrap()), spec(yaml));
        }
    }
}
