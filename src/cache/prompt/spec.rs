//! The `prompt_cache` block of a model.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::preset::Preset;
use crate::kernel::Duration;
use crate::spec::{Capacity, Positive, Problems, parse_duration};

/// The prompt cache of a model's provider: beginnings of prompts that need not be computed
/// again for a while, and have a price of their own. Either the name of a provider's rules
/// (`prompt_cache: anthropic_5m`), or what differs from those of a `preset` or from the
/// defaults. Prices are the model's: `price.cached_input`, `cache_write` and
/// `cache_write_1h`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PromptCacheSpec {
    /// The provider whose rules hold where nothing else is said. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// How long a beginning is kept. Default: 5m.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// Several of these, of which each request asks for one, by their spans:
    /// `{ 5m: {}, 1h: { classes: [agents] } }`. From an hour on, writing costs
    /// `price.cache_write_1h`. Default: `ttl` alone.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lifetimes: BTreeMap<String, LifetimeSpec>,
    /// Whether a share of `lifetimes` is one of sessions or of requests. Default: `session`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choose: Option<Choose>,
    /// Whether reading begins the lifetime anew. Default: `on_use`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh: Option<Refresh>,
    /// From when on a lifetime counts. Default: `request_start`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// From when on others may read what a request writes; until then they write it too.
    /// Default: `first_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible: Option<Visible>,
    /// Whether any common beginning is found (`automatic`), or what the client has marked
    /// (`marked`). Default: `automatic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Where the client sets its marks. Default: `[system, last_turn]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marks: Option<Vec<Mark>>,
    /// How many marks a prompt may have. Default: 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breakpoints: Option<u32>,
    /// Shorter beginnings are not kept, in tokens. Default: 1024.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_tokens: Option<u32>,
    /// What is kept is a multiple of so many tokens; of marked prompts it is what is marked.
    /// Default: 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub increment: Option<u32>,
    /// Who may read what whom has written. Default: `organisation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<PromptScope>,
    /// How many tokens it holds (`2M tokens`), of which the least recently used go first.
    /// Default: unbounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// Beyond so many requests a minute that begin alike, another machine answers, which
    /// has not seen them. Default: one machine answers all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overflow: Option<OverflowSpec>,
    /// Requests that the client sends, and pays for, to keep its prompts in the cache.
    /// Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_alive: Option<KeepAliveSpec>,
    /// Whether cached tokens count against the server's `tpm`. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts_against_limits: Option<bool>,
}

/// Who asks for a lifetime.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LifetimeSpec {
    /// SLO classes whose requests ask for it. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// How many of the other sessions, or requests, ask for it, relative to the other
    /// lifetimes. Default: the shortest lifetime has all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<Positive>,
}

/// Whether a share is one of sessions or of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choose {
    /// All requests of a conversation ask for the same lifetime.
    #[default]
    Session,
    /// Each request for its own.
    Request,
}

/// Whether reading begins the lifetime anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refresh {
    /// Each time.
    #[default]
    OnUse,
    /// It ends a fixed time after it was written.
    Never,
}

/// From when on a lifetime counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// When the request begins that reads or writes: its own time is part of it.
    #[default]
    RequestStart,
    /// When its answer is whole.
    ResponseEnd,
}

/// From when on others may read what a request writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visible {
    /// When it begins.
    RequestStart,
    /// When its answer begins.
    #[default]
    FirstToken,
    /// When its answer is whole.
    ResponseEnd,
}

/// What is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Any common beginning, in whole increments.
    #[default]
    Automatic,
    /// A beginning that was marked when it was written, whole or not at all.
    Marked,
}

/// A place that clients mark.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The end of the system prompt.
    System,
    /// The end of the last turn: the whole prompt.
    LastTurn,
}

/// Who may read what whom has written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromptScope {
    /// Everybody: all users are of one organisation.
    #[default]
    #[serde(alias = "model")]
    Organisation,
    /// Users of one team of `cost.teams`; those of none together.
    Team,
    /// Users of one key of `cost.keys`; those without one together.
    Key,
    /// Each user alone.
    User,
}

/// When another machine answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverflowSpec {
    /// Requests a minute that one machine takes of those that begin alike. The next as many
    /// go to another, and so on.
    pub per_minute: u32,
}

/// Requests that keep a prompt in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepAliveSpec {
    /// So long after the last request of its conversation, or the last of these.
    pub every: Duration,
    /// No more of them once nobody has asked for so long.
    pub until: Duration,
    /// Tokens of their answers, which are paid for. Default: 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub output_tokens: u32,
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_one(tokens: &u32) -> bool {
    *tokens == 1
}

/// One lifetime, made ready.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifetime {
    /// What it is called in the file.
    pub name: String,
    /// How long it is.
    pub ttl: Duration,
    /// SLO classes that ask for it.
    pub classes: Vec<String>,
    /// How many others do, relative to the other lifetimes.
    pub share: f64,
}

impl Lifetime {
    /// Whether writing has the price of an hour.
    pub fn is_hour(&self) -> bool {
        self.ttl >= HOUR
    }
}

const HOUR: Duration = Duration::from_secs(3600);

/// What holds, once presets and defaults are filled in.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "as the fields of `PromptCacheSpec`")]
pub struct PromptRules {
    /// The shortest first; at least one.
    pub lifetimes: Vec<Lifetime>,
    pub choose: Choose,
    pub refresh: Refresh,
    pub clock: Clock,
    pub visible: Visible,
    pub mode: Mode,
    pub marks: Vec<Mark>,
    pub breakpoints: u32,
    pub min_tokens: u64,
    pub increment: u64,
    pub scope: PromptScope,
    /// In tokens; `u64::MAX` where it has no bound.
    pub capacity: u64,
    pub overflow: Option<u32>,
    pub keep_alive: Option<KeepAliveSpec>,
    pub counts_against_limits: bool,
}

impl PromptCacheSpec {
    /// What holds. A spec that has not passed its check gives rules all the same.
    pub fn rules(&self) -> PromptRules {
        let base = self.preset.map_or_else(PromptCacheSpec::default, Preset::spec);
        let ttl = self.ttl.or(base.ttl).unwrap_or(Duration::from_secs(300));
        let (named, only) = match (self.ttl, self.lifetimes.is_empty()) {
            (None, false) => (&self.lifetimes, None),
            (None, true) if !base.lifetimes.is_empty() => (&base.lifetimes, None),
            _ => (&self.lifetimes, Some(ttl)),
        };
        let mut lifetimes: Vec<Lifetime> = match only {
            Some(ttl) => {
                vec![Lifetime { name: ttl.to_string(), ttl, classes: Vec::new(), share: 1.0 }]
            }
            None => named
                .iter()
                .map(|(name, spec)| Lifetime {
                    name: name.clone(),
                    ttl: parse_duration(name).unwrap_or(ttl),
                    classes: spec.classes.clone(),
                    share: spec.share.map_or(0.0, Positive::get),
                })
                .collect(),
        };
        lifetimes.sort_by(|a, b| a.ttl.cmp(&b.ttl).then_with(|| a.name.cmp(&b.name)));
        if lifetimes.iter().all(|it| it.share == 0.0)
            && let Some(first) = lifetimes.first_mut()
        {
            first.share = 1.0;
        }
        let mut marks =
            self.marks.clone().or(base.marks).unwrap_or(vec![Mark::System, Mark::LastTurn]);
        marks.sort_unstable();
        let capacity = match self.capacity.or(base.capacity) {
            Some(Capacity::Entries(tokens) | Capacity::Tokens(tokens)) => tokens,
            Some(Capacity::Bytes(_) | Capacity::Unbounded) | None => u64::MAX,
        };
        let mode = self.mode.or(base.mode).unwrap_or_default();
        let increment = match mode {
            Mode::Marked => 1,
            Mode::Automatic => self.increment.or(base.increment).unwrap_or(128).max(1),
        };
        PromptRules {
            lifetimes,
            choose: self.choose.unwrap_or_default(),
            refresh: self.refresh.or(base.refresh).unwrap_or_default(),
            clock: self.clock.or(base.clock).unwrap_or_default(),
            visible: self.visible.or(base.visible).unwrap_or_default(),
            mode,
            marks,
            breakpoints: self.breakpoints.or(base.breakpoints).unwrap_or(4),
            min_tokens: u64::from(self.min_tokens.or(base.min_tokens).unwrap_or(1024)),
            increment: u64::from(increment),
            scope: self.scope.or(base.scope).unwrap_or_default(),
            capacity,
            overflow: self.overflow.or(base.overflow).map(|it| it.per_minute),
            keep_alive: self.keep_alive.or(base.keep_alive),
            counts_against_limits: self
                .counts_against_limits
                .or(base.counts_against_limits)
                .unwrap_or(true),
        }
    }

    /// Reports what cannot be, and what has no effect.
    pub fn check(&self, problems: &mut Problems) {
        if self.ttl.is_some_and(Duration::is_zero) {
            problems.at("ttl", |p| p.error("nothing is kept for no time"));
        }
        if self.ttl.is_some() && !self.lifetimes.is_empty() {
            problems.at("lifetimes", |p| {
                p.error_help("`ttl` is the only lifetime", "leave out `ttl`, or `lifetimes`");
            });
        }
        self.check_lifetimes(problems);
        let rules = self.rules();
        if self.marks.as_ref().is_some_and(Vec::is_empty) {
            problems.at("marks", |p| p.error("a prompt without marks is never kept"));
        }
        if rules.mode == Mode::Marked && rules.marks.len() > rules.breakpoints as usize {
            problems.at("marks", |p| {
                p.error(format!(
                    "{} marks are more than the {} that a prompt may have",
                    rules.marks.len(),
                    rules.breakpoints
                ));
            });
        }
        for (field, given, own) in [
            ("marks", self.marks.is_some(), Mode::Marked),
            ("breakpoints", self.breakpoints.is_some(), Mode::Marked),
            ("increment", self.increment.is_some(), Mode::Automatic),
        ] {
            if given && rules.mode != own {
                let mode = if own == Mode::Marked { "marked" } else { "automatic" };
                problems.at(field, |p| {
                    p.error_help(
                        format!("`{field}` has no effect here: the mode is another"),
                        format!("set `mode: {mode}`, or remove it"),
                    );
                });
            }
        }
        if self.increment == Some(0) {
            problems.at("increment", |p| p.error("expected at least 1 token"));
        }
        if let Some(Capacity::Bytes(_)) = self.capacity {
            problems.at("capacity", |p| {
                p.error_help("nobody knows how many bytes a provider needs", "say `2M tokens`");
            });
        }
        if self.overflow.is_some_and(|it| it.per_minute == 0) {
            problems.at("overflow", |p| p.at("per_minute", |p| p.error("expected at least 1")));
        }
        self.check_keep_alive(&rules, problems);
    }

    fn check_lifetimes(&self, problems: &mut Problems) {
        problems.at("lifetimes", |p| {
            let mut known: Vec<(Duration, &str)> = Vec::new();
            for name in self.lifetimes.keys() {
                p.at(name.as_str(), |p| match parse_duration(name) {
                    Ok(ttl) if ttl.is_zero() => p.error("nothing is kept for no time"),
                    Ok(ttl) => {
                        if let Some((_, other)) = known.iter().find(|(it, _)| *it == ttl) {
                            p.error(format!("`{other}` is the same lifetime"));
                        }
                        known.push((ttl, name.as_str()));
                    }
                    Err(why) => p.error_help(
                        format!("a lifetime is called by its span: {why}"),
                        "such as `5m: {}` or `1h: { classes: [agents] }`",
                    ),
                });
            }
        });
        if self.choose.is_some() && self.lifetimes.values().all(|it| it.share.is_none()) {
            problems.at("choose", |p| {
                p.error_help(
                    "`choose` has no effect here: no lifetime has a share",
                    "give the lifetimes a `share`, or remove it",
                );
            });
        }
    }

    fn check_keep_alive(&self, rules: &PromptRules, problems: &mut Problems) {
        let Some(keep) = &self.keep_alive else { return };
        problems.at("keep_alive", |p| {
            if keep.every.is_zero() {
                p.at("every", |p| p.error("expected a span longer than 0"));
            }
            let longest = rules.lifetimes.last().map_or(Duration::ZERO, |it| it.ttl);
            if keep.every >= longest {
                p.at("every", |p| {
                    p.warn(format!(
                        "each comes when the prompt has gone, and writes it anew: the longest \
                         lifetime is {longest}"
                    ));
                });
            }
            if keep.until < keep.every {
                p.at("until", |p| p.warn("none is ever sent: it ends before the first"));
            }
            if rules.refresh == Refresh::Never {
                p.warn("it keeps nothing alive, as reading does not begin a lifetime anew");
            }
        });
    }

    /// Reports classes that nobody is of.
    pub fn check_classes(&self, known: &[String], problems: &mut Problems) {
        problems.at("lifetimes", |p| {
            for (name, lifetime) in &self.lifetimes {
                for (index, class) in lifetime.classes.iter().enumerate() {
                    if !known.contains(class) {
                        p.at(name.as_str(), |p| {
                            p.at("classes", |p| {
                                p.at(index, |p| {
                                    p.unknown("SLO class", class, known.iter().map(String::as_str));
                                });
                            });
                        });
                    }
                }
            }
        });
    }
}

/// Reads the name of a preset, or a block.
///
/// # Errors
/// As serde's.
pub fn preset_or_block<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PromptCacheSpec>, D::Error> {
    struct SpecVisitor;

    impl<'de> Visitor<'de> for SpecVisitor {
        type Value = Option<PromptCacheSpec>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name of a preset such as `anthropic_5m`, or a block of settings")
        }
        fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
            let preset = Preset::deserialize(name.into_deserializer())?;
            Ok(Some(PromptCacheSpec { preset: Some(preset), ..PromptCacheSpec::default() }))
        }
        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
            inner.deserialize_any(SpecVisitor)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            PromptCacheSpec::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }
    deserializer.deserialize_any(SpecVisitor)
}

/// The schema of what [`preset_or_block`] reads.
pub fn preset_or_block_schema(generator: &mut SchemaGenerator) -> Schema {
    let preset = generator.subschema_for::<Preset>();
    let block = generator.subschema_for::<PromptCacheSpec>();
    json_schema!({
        "anyOf": [preset, block, { "type": "null" }],
        "examples": ["anthropic_5m", { "preset": "openai", "overflow": { "per_minute": 15 } }],
    })
}
