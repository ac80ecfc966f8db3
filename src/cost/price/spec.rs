//! The `price` block of a model.

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rates::MOST_PER_TOKEN;
use super::{Moment, Period, Price, Rates, Tier};
use crate::cost::Money;
use crate::spec::Problems;

/// What a model costs: by the token (`per_token`, or `input` and `output`), by
/// the hour of a GPU, or what `LiteLLM`'s map says (`litellm`).
///
/// Amounts are US dollars for a single token: $3 per million tokens is
/// `0.000003`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PriceSpec {
    /// For each token, of the prompt and of the answer alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_token: Option<Money>,
    /// For each token of the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Money>,
    /// For each token of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Money>,
    /// For each token of the prompt that was in the server's prefix cache.
    /// Default: the same as any other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<Money>,
    /// For each token of the prompt that was not in the server's prefix cache
    /// and is kept there now. Default: the same as any other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Money>,
    /// The same where it is kept for an hour or longer, by a `prompt_cache` with such a
    /// lifetime. Default: the same as `cache_write`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Money>,
    /// In the batch API. Default: the same as at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchPriceSpec>,
    /// For all tokens of requests whose prompt is longer than so many tokens;
    /// the longest that is exceeded holds. Default: the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<TierSpec>,
    /// For each hour of each GPU of its own servers, whether they work or not.
    /// Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_gpu_hour: Option<Money>,
    /// Other prices from a date on, in order. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<PriceChangeSpec>,
    /// The name of the model in the map of `cost.prices`, which says everything
    /// else: `litellm: gpt-4o`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub litellm: Option<String>,
}

/// Prices of the batch API.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchPriceSpec {
    /// For each token of the prompt.
    pub input: Money,
    /// For each token of the answer.
    pub output: Money,
    /// For each token of the prompt that was in the server's prefix cache.
    /// Default: the lower of the batch API's `input` and the cached price at
    /// once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<Money>,
}

/// Prices of long prompts; what is left out is as for shorter ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TierSpec {
    /// The prompt has more tokens than this.
    pub tokens: u64,
    /// For each token of the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Money>,
    /// For each token of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Money>,
    /// For each cached token of the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<Money>,
    /// For each token of the prompt that is written to the prefix cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Money>,
    /// The same where it is kept for an hour or longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Money>,
    /// In the batch API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchPriceSpec>,
}

/// Prices from a date on; what is left out stays as it was. Long prompts keep
/// the prices of `above`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceChangeSpec {
    /// From when on: a date or an instant (UTC).
    pub at: Moment,
    /// For each token of the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Money>,
    /// For each token of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Money>,
    /// For each cached token of the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<Money>,
    /// For each token of the prompt that is written to the prefix cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Money>,
    /// The same where it is kept for an hour or longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Money>,
    /// In the batch API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchPriceSpec>,
}

/// The dearest public price is some $0.0006 a token; far above it somebody
/// meant a thousand or a million tokens.
const DEAR_PER_TOKEN: Money = Money::from_picos(10_000_000_000);
const FOR_ONE: &str = "prices are for a single token: $3 per million tokens is `0.000003`";

impl PriceSpec {
    /// A price of nothing, as for a model of one's own: that of a model whose
    /// file has no price for it.
    pub const FREE: PriceSpec = PriceSpec {
        per_token: Some(Money::ZERO),
        input: None,
        output: None,
        cached_input: None,
        cache_write: None,
        cache_write_1h: None,
        batch: None,
        above: Vec::new(),
        per_gpu_hour: None,
        changes: Vec::new(),
        litellm: None,
    };

    /// The price as the optimizer uses it. One of `litellm` is free until the
    /// map has been asked.
    pub fn price(&self) -> Price {
        let base = self.base();
        let mut periods = vec![(None, base)];
        let mut last = base;
        for change in &self.changes {
            let PriceChangeSpec { at, batch, .. } = *change;
            last = last.with(change.rates(), batch);
            periods.push((Some(at.0), last));
        }
        let mut periods = periods.into_iter().map(|(at, base)| {
            let tier = |spec: &TierSpec| {
                let above = spec.tokens.saturating_mul(10);
                Tier { above, ..base.with(spec.rates(), spec.batch) }
            };
            (at, Period { base, tiers: self.above.iter().map(tier).collect() })
        });
        let now = periods.next().map(|(_, period)| period).unwrap_or_default();
        Price {
            now,
            changes: periods.filter_map(|(at, period)| Some((at?, period))).collect(),
            gpu_hour: self.per_gpu_hour.unwrap_or_default(),
        }
    }

    fn base(&self) -> Tier {
        let both = self.per_token.unwrap_or_default();
        let (input, output) = (self.input.unwrap_or(both), self.output.unwrap_or(both));
        let live = Rates { output: picos(output), ..Rates::flat(input) };
        let plain = Tier { above: 0, live, batch: None };
        let own = [None, None, self.cached_input, self.cache_write, self.cache_write_1h];
        plain.with(own, self.batch)
    }

    /// Whether cached input has a price of its own at some time.
    pub fn has_cached_price(&self) -> bool {
        self.cached_input.is_some() || self.cache_write.is_some() || self.cache_write_1h.is_some()
    }

    /// Checks that there is one price, of a token.
    pub fn check(&self, problems: &mut Problems) {
        self.check_kind(problems);
        let rates = [
            ("per_token", self.per_token),
            ("input", self.input),
            ("output", self.output),
            ("cached_input", self.cached_input),
            ("cache_write", self.cache_write),
            ("cache_write_1h", self.cache_write_1h),
        ];
        check_rates(&rates, self.batch, problems);
        let input = self.input.or(self.per_token);
        if let (Some(cached), Some(input)) = (self.cached_input, input)
            && cached > input
        {
            problems.at("cached_input", |p| {
                p.warn("a token that was cached costs more than one that was not");
            });
        }
        self.check_tiers(problems);
        self.check_changes(problems);
    }

    fn check_kind(&self, problems: &mut Problems) {
        let by_token = self.per_token.is_some() || self.input.is_some() || self.output.is_some();
        if self.litellm.is_some() {
            let alone = PriceSpec { litellm: self.litellm.clone(), ..PriceSpec::default() };
            if *self != alone {
                problems.error_help(
                    "a price of the map says everything; there are others beside `litellm`",
                    "keep `litellm`, or the others",
                );
            }
        } else if self.per_token.is_some() && (self.input.is_some() || self.output.is_some()) {
            problems.error_help(
                "`per_token` is the price of input and output alike",
                "leave it out, and give `input` and `output`",
            );
        } else if self.input.is_some() != self.output.is_some() {
            problems.error_help("`input` and `output` go together", "give both, or `per_token`");
        } else if !by_token && self.per_gpu_hour.is_none() {
            problems.error_help(
                "a price needs an amount",
                "give `per_token`, or `input` and `output`, or `per_gpu_hour`, or `litellm: NAME`",
            );
        }
    }

    fn check_tiers(&self, problems: &mut Problems) {
        problems.at("above", |p| {
            let mut last = 0;
            for (index, tier) in self.above.iter().enumerate() {
                p.at(index, |p| {
                    if tier.tokens <= last {
                        p.at("tokens", |p| {
                            p.error(format!(
                                "expected more than {last} tokens, rising in the list"
                            ));
                        });
                    }
                    check_rates(
                        &[
                            ("input", tier.input),
                            ("output", tier.output),
                            ("cached_input", tier.cached_input),
                            ("cache_write", tier.cache_write),
                            ("cache_write_1h", tier.cache_write_1h),
                        ],
                        tier.batch,
                        p,
                    );
                });
                last = tier.tokens;
            }
        });
    }

    fn check_changes(&self, problems: &mut Problems) {
        problems.at("changes", |p| {
            let mut last: Option<Moment> = None;
            for (index, change) in self.changes.iter().enumerate() {
                p.at(index, |p| {
                    if let Some(last) = last.filter(|last| change.at <= *last) {
                        p.at("at", |p| p.error(format!("expected a date after {}", last.0)));
                    }
                    check_rates(
                        &[
                            ("input", change.input),
                            ("output", change.output),
                            ("cached_input", change.cached_input),
                            ("cache_write", change.cache_write),
                            ("cache_write_1h", change.cache_write_1h),
                        ],
                        change.batch,
                        p,
                    );
                });
                last = Some(change.at);
            }
        });
    }
}

impl TierSpec {
    fn rates(&self) -> [Option<Money>; 5] {
        [self.input, self.output, self.cached_input, self.cache_write, self.cache_write_1h]
    }
}

impl PriceChangeSpec {
    fn rates(&self) -> [Option<Money>; 5] {
        [self.input, self.output, self.cached_input, self.cache_write, self.cache_write_1h]
    }
}

impl Tier {
    /// With other prices of input, output, cached input and cache writes. What
    /// had no price of its own follows the input's, and writes for an hour the others.
    fn with(
        self,
        [input, output, cached, write, write_1h]: [Option<Money>; 5],
        batch: Option<BatchPriceSpec>,
    ) -> Self {
        let old = self.live;
        let input = input.map_or(old.input, picos);
        let follow = |own: u64| if own == old.input { input } else { own };
        let write = write.map_or_else(|| follow(old.write), picos);
        let for_an_hour = || if old.write_1h == old.write { write } else { follow(old.write_1h) };
        let live = Rates {
            input,
            output: output.map_or(old.output, picos),
            cached: cached.map_or_else(|| follow(old.cached), picos),
            write,
            write_1h: write_1h.map_or_else(for_an_hour, picos),
        };
        let batch = batch.map(|batch| {
            let input = picos(batch.input);
            let cached = batch.cached_input.map_or(live.cached.min(input), picos);
            Rates { input, output: picos(batch.output), cached, write: input, write_1h: input }
        });
        Tier { live, batch: batch.or(self.batch), ..self }
    }
}

fn picos(money: Money) -> u64 {
    Rates::flat(money).input
}

fn check_rates(
    rates: &[(&str, Option<Money>)],
    batch: Option<BatchPriceSpec>,
    problems: &mut Problems,
) {
    for (name, rate) in rates {
        problems.at(*name, |p| check_rate(*rate, p));
    }
    if let Some(batch) = batch {
        problems.at("batch", |p| {
            p.at("input", |p| check_rate(Some(batch.input), p));
            p.at("output", |p| check_rate(Some(batch.output), p));
            p.at("cached_input", |p| check_rate(batch.cached_input, p));
        });
    }
}

fn check_rate(rate: Option<Money>, problems: &mut Problems) {
    let Some(rate) = rate else { return };
    if rate > MOST_PER_TOKEN {
        problems.error_help(format!("{rate} a token is too much"), FOR_ONE);
    } else if rate > DEAR_PER_TOKEN {
        problems.warn(format!("{rate} a token is far above any public price; {FOR_ONE}"));
    }
}
