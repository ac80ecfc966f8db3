//! Providers' rules as their documents have them, read in stored copies on 2026-12-01.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spec::{
    Clock, LifetimeSpec, Mark, Mode, OverflowSpec, PromptCacheSpec, PromptScope, Refresh, Visible,
};
use crate::kernel::Duration;

/// A provider's rules. Prices are not among them: they are the model's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Claude with the lifetime of 5 minutes: up to 4 marks, from 1024 tokens on (512 to 4096 by
    /// model), anew with each use, counted from the start of a request, readable from the first
    /// token on, for one organisation; what is read does not count against limits of input
    /// tokens. <https://platform.claude.com/docs/en/build-with-claude/prompt-caching>
    #[serde(rename = "anthropic_5m")]
    Anthropic5m,
    /// The same with the lifetime of an hour, whose writes have a price of their own.
    #[serde(rename = "anthropic_1h")]
    Anthropic1h,
    /// The same with both: say who asks for the hour in `lifetimes`.
    Anthropic,
    /// GPT-4o to GPT-5.5: automatic, from 1024 tokens on in steps of 128, gone after 5 to 10
    /// minutes without use (5 here), about 15 requests a minute of one beginning to a machine.
    /// <https://developers.openai.com/api/docs/guides/prompt-caching>
    Openai,
    /// The same with `prompt_cache_retention: 24h`.
    #[serde(rename = "openai_24h")]
    Openai24h,
    /// Gemini 2.5, implicit: automatic, from 2048 tokens on. No lifetime is documented but that
    /// nothing is kept for longer than 24 hours: an assumption, say `ttl`.
    /// <https://ai.google.dev/gemini-api/docs/caching>
    GeminiImplicit,
    /// `DeepSeek`: the ends of prompts, and beginnings that many have, are kept whole. No
    /// lifetime is documented but hours to days without use: 2 hours are an assumption, say
    /// `ttl`. <https://api-docs.deepseek.com/guides/kv_cache>
    Deepseek,
    /// Claude at Amazon Bedrock: 4 checkpoints, from 1024 tokens on (4096 for Haiku 4.5), 5
    /// minutes from the last use; what is read does not count against quotas.
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>
    Bedrock,
}

impl Preset {
    /// Its rules.
    pub fn spec(self) -> PromptCacheSpec {
        let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
        let kept = PromptCacheSpec {
            refresh: Some(Refresh::OnUse),
            clock: Some(Clock::RequestStart),
            visible: Some(Visible::FirstToken),
            scope: Some(PromptScope::Organisation),
            min_tokens: Some(1024),
            ..PromptCacheSpec::default()
        };
        let marked = PromptCacheSpec {
            mode: Some(Mode::Marked),
            marks: Some(vec![Mark::System, Mark::LastTurn]),
            breakpoints: Some(4),
            ..kept.clone()
        };
        let anthropic = PromptCacheSpec { counts_against_limits: Some(false), ..marked.clone() };
        let automatic =
            PromptCacheSpec { mode: Some(Mode::Automatic), increment: Some(128), ..kept };
        let openai = PromptCacheSpec {
            clock: Some(Clock::ResponseEnd),
            overflow: Some(OverflowSpec { per_minute: 15 }),
            ..automatic.clone()
        };
        match self {
            Preset::Anthropic5m | Preset::Bedrock => {
                PromptCacheSpec { ttl: minutes(5), ..anthropic }
            }
            Preset::Anthropic1h => PromptCacheSpec { ttl: minutes(60), ..anthropic },
            Preset::Anthropic => PromptCacheSpec {
                lifetimes: ["5m", "1h"]
                    .map(|name| (name.to_owned(), LifetimeSpec::default()))
                    .into(),
                ..anthropic
            },
            Preset::Openai => PromptCacheSpec { ttl: minutes(5), ..openai },
            Preset::Openai24h => PromptCacheSpec { ttl: minutes(24 * 60), ..openai },
            Preset::GeminiImplicit => {
                PromptCacheSpec { ttl: minutes(5), min_tokens: Some(2048), ..automatic }
            }
            Preset::Deepseek => {
                PromptCacheSpec { ttl: minutes(120), min_tokens: Some(64), ..marked }
            }
        }
    }

    /// Whether its documents name no lifetime, so that the one here is an assumption.
    pub fn assumes_ttl(self) -> bool {
        matches!(self, Preset::GeminiImplicit | Preset::Deepseek)
    }
}
