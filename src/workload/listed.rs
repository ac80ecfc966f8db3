//! Requests listed in the experiment file itself.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::incoming::{Incoming, ProfileId, PromptId, PromptSize, SloClassId};
use super::params::Profile;
use super::python::PyNumber;
use super::spec::WorkloadSpec;
use super::text;
use super::users::{ANONYMOUS, User, UserTable, UsersSpec};
use crate::kernel::{Duration, Time};
use crate::spec::{Fraction, Problems};

/// One request of a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequestSpec {
    /// When it arrives. Default: 0s.
    pub at: Duration,
    /// The prompt's text. Without one the client sent none, which is an error
    /// that the pipeline answers.
    pub prompt: Option<String>,
    /// The longest answer wanted, in tokens. Default: the workload's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Sampling temperature. Default: the workload's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<PyNumber>,
    /// Nucleus sampling's probability mass. Default: the workload's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<PyNumber>,
    /// Who asks. Default: `anonymous`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The least quality wanted of a model. Default: the workload's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality_threshold: Option<Fraction>,
}

/// A list made ready to be replayed.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// In the order of their times; the file's order among equal times.
    pub requests: Vec<Incoming>,
    pub users: Vec<User>,
    pub profiles: Vec<Profile>,
    /// The stripped text of each prompt.
    pub texts: IndexSet<String>,
}

/// Reports users that are not in the list of users, if there is one.
pub(super) fn check(requests: &[RequestSpec], users: Option<&UsersSpec>, problems: &mut Problems) {
    if requests.is_empty() {
        problems.error_help("the list is empty", "such as `- { prompt: \"What is AI?\" }`");
    }
    let Some(UsersSpec::List(list)) = users else { return };
    let known: BTreeSet<&str> = list.iter().map(|listed| listed.name.as_str()).collect();
    for (i, request) in requests.iter().enumerate() {
        if let Some(user) = &request.user
            && !known.contains(user.as_str())
        {
            problems.at(i, |p| {
                p.at("user", |p| p.unknown("user", user, list.iter().map(|u| u.name.as_str())));
            });
        }
    }
}

impl Listed {
    /// Replaces texts, names and parameters by ids.
    pub fn new(requests: &[RequestSpec], spec: &WorkloadSpec) -> Self {
        let mut listed = Listed::default();
        let mut users = UserTable::default();
        users.add_all(spec.users.as_ref());
        let mut profiles = HashMap::new();
        for request in requests {
            let name = request.user.as_deref().unwrap_or(ANONYMOUS);
            let sent = request.prompt.as_deref().unwrap_or_default();
            let (stripped, size) = (text::strip(sent), PromptSize::of(sent));
            let prompt = match listed.texts.get_index_of(stripped) {
                Some(known) => known,
                None => listed.texts.insert_full(stripped.to_owned()).0,
            };
            let asked = request.profile(spec);
            let profile = *profiles.entry(asked.key()).or_insert_with(|| {
                listed.profiles.push(asked);
                listed.profiles.len() as u32 - 1
            });
            listed.requests.push(Incoming {
                copy: 0,
                at: Time(request.at.as_nanos()),
                user: users.named(name),
                prompt: PromptId(prompt as u64),
                chars: size.chars,
                blank_chars: size.blank_chars,
                input_decitokens: size.decitokens,
                output_tokens: None,
                profile: ProfileId(profile),
                slo_class: SloClassId(0),
                payload_bytes: 0,
                blocks: None,
                thread: None,
                turn: 0,
                call: None,
            });
        }
        listed.users = users.into_users();
        listed.requests.sort_by_key(|request| request.at);
        listed
    }
}

impl RequestSpec {
    fn profile(&self, workload: &WorkloadSpec) -> Profile {
        let common = workload.profile();
        Profile {
            max_tokens: self.max_tokens.or(common.max_tokens),
            temperature: self.temperature.or(common.temperature),
            top_p: self.top_p.or(common.top_p),
            quality_threshold: self
                .quality_threshold
                .map(Fraction::get)
                .or(common.quality_threshold),
            missing_prompt: self.prompt.is_none(),
        }
    }
}
