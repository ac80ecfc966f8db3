//! The `prefix_cache` block of a model's server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cache::PolicySpec;
use crate::kernel::Duration;
use crate::spec::{Bandwidth, Capacity, Problems};

/// Blocks of prompts whose keys and values a model's servers keep, in one tier
/// (`capacity`) or several (`tiers`). Default: 40 GiB of the GPU's memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrefixCacheSpec {
    /// Tokens of a block; only whole blocks are found again. Traces have their
    /// own. Default: 512.
    pub block_tokens: u32,
    /// Bytes that the keys and values of a token take: 2 x layers x KV heads x
    /// head size x bytes a number. Default: 131072, that of Llama 3.1 8B (32 layers
    /// of 8 KV heads of 128 numbers of 2 bytes).
    pub kv_bytes_per_token: u32,
    /// How much the only tier holds: blocks (`30000`), tokens (`2M tokens`), bytes
    /// (`40GiB`) or `unbounded`. Default: 40GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// Which block of the only tier goes when it is full. Default: `lru`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicySpec>,
    /// Several tiers, fastest first, in place of `capacity` and `policy`. What goes
    /// from one moves on to the next.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierSpec>,
    /// When the blocks of a prompt are there for others. Default: `after_prefill`.
    pub stored: Stored,
    /// Which blocks found below the first tier are loaded. Default: `always`.
    pub load: Load,
}

/// One tier of a prefix cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TierSpec {
    /// What results call the tier. Default: `gpu`, `host`, `remote`, then `tier4`,
    /// ... by its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How much it holds: blocks (`30000`), tokens (`2M tokens`), bytes (`40GiB`) or
    /// `unbounded`. Default: 40GiB.
    pub capacity: Capacity,
    /// Which block goes when it is full. Default: `lru`.
    pub policy: PolicySpec,
    /// How fast blocks are loaded from it, one request after the other. Default:
    /// at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Bandwidth>,
    /// How long it takes until the first byte. Default: 0ms.
    pub latency: Duration,
    /// Whether all servers of the model share it. Default: false, each has its own.
    pub shared: bool,
}

/// When the blocks of a prompt are there for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stored {
    /// Once the server has read the whole prompt. The last blocks of a prompt go
    /// before its first.
    #[default]
    AfterPrefill,
    /// As soon as they are asked for, block by block: as trace replays count, and
    /// more than a server can do.
    AtLookup,
}

/// Which blocks found below the first tier are loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// All of them.
    #[default]
    Always,
    /// As many as make the first token come soonest; the others are computed again.
    IfFaster,
}

/// Of a GPU of 80 GB, what an 8 B model in 16 bits and its activations leave, to
/// be on the safe side.
const DEFAULT_CAPACITY: Capacity = Capacity::Bytes(40 << 30);

/// A server asks every tier for every block.
const MOST_TIERS: usize = 8;

impl Default for PrefixCacheSpec {
    fn default() -> Self {
        PrefixCacheSpec {
            block_tokens: 512,
            kv_bytes_per_token: 2 * 32 * 8 * 128 * 2,
            capacity: None,
            policy: None,
            tiers: Vec::new(),
            stored: Stored::default(),
            load: Load::default(),
        }
    }
}

impl Default for TierSpec {
    fn default() -> Self {
        TierSpec {
            name: None,
            capacity: DEFAULT_CAPACITY,
            policy: PolicySpec::default(),
            bandwidth: None,
            latency: Duration::ZERO,
            shared: false,
        }
    }
}

impl TierSpec {
    /// The tier's name, given its place from 0.
    pub fn name_at(&self, place: usize) -> String {
        let usual = || match place {
            0 => "gpu".to_owned(),
            1 => "host".to_owned(),
            2 => "remote".to_owned(),
            _ => format!("tier{}", place + 1),
        };
        self.name.clone().unwrap_or_else(usual)
    }
}

impl PrefixCacheSpec {
    /// The tiers, if only of one.
    pub fn all_tiers(&self) -> Vec<TierSpec> {
        if !self.tiers.is_empty() {
            return self.tiers.clone();
        }
        vec![TierSpec {
            capacity: self.capacity.unwrap_or(DEFAULT_CAPACITY),
            policy: self.policy.clone().unwrap_or_default(),
            ..TierSpec::default()
        }]
    }

    /// Bytes of a block.
    pub fn block_bytes(&self) -> u64 {
        u64::from(self.block_tokens) * u64::from(self.kv_bytes_per_token)
    }

    /// A capacity in whole blocks.
    pub(super) fn blocks(&self, capacity: Capacity) -> Capacity {
        match capacity {
            Capacity::Entries(_) | Capacity::Unbounded => capacity,
            Capacity::Tokens(tokens) => Capacity::Entries(tokens / u64::from(self.block_tokens)),
            Capacity::Bytes(bytes) => Capacity::Entries(bytes / self.block_bytes()),
        }
    }

    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        if self.block_tokens == 0 {
            problems.at("block_tokens", |p| p.error("a block has at least 1 token"));
        }
        if self.kv_bytes_per_token == 0 {
            problems.at("kv_bytes_per_token", |p| p.error("a token takes at least 1 byte"));
        }
        if self.block_bytes() == 0 {
            return;
        }
        if let Some(capacity) = self.capacity {
            problems.at("capacity", |p| self.check_capacity(capacity, p));
        }
        if let Some(policy) = &self.policy {
            problems.at("policy", |p| policy.check(p));
        }
        let given = [("capacity", self.capacity.is_some()), ("policy", self.policy.is_some())];
        for (field, _) in given.into_iter().filter(|(_, given)| *given && !self.tiers.is_empty()) {
            problems.at(field, |p| {
                p.error_help(
                    format!("`{field}` has no effect beside `tiers`"),
                    "each tier has its own",
                );
            });
        }
        problems.at("tiers", |p| self.check_tiers(p));
    }

    /// Reports blocks of another size than those of a trace.
    pub fn check_trace(&self, block_tokens: u32, problems: &mut Problems) {
        if self.block_tokens != block_tokens {
            problems.at("block_tokens", |p| {
                p.error_help(
                    format!("the blocks of the trace have {block_tokens} tokens"),
                    format!("expected {block_tokens}"),
                );
            });
        }
    }

    fn check_tiers(&self, problems: &mut Problems) {
        if self.tiers.len() > MOST_TIERS {
            problems.error(format!("expected at most {MOST_TIERS} tiers"));
        }
        for (place, tier) in self.tiers.iter().enumerate() {
            problems.at(place, |p| {
                p.at("capacity", |p| self.check_capacity(tier.capacity, p));
                p.at("policy", |p| tier.policy.check(p));
                let name = tier.name_at(place);
                let before = &self.tiers[..place];
                if name.trim().is_empty() {
                    p.at("name", |p| p.error("a tier's name cannot be empty"));
                } else if before.iter().zip(0..).any(|(other, at)| other.name_at(at) == name) {
                    p.at("name", |p| p.error(format!("another tier is called `{name}`")));
                }
                if !tier.shared && before.iter().any(|other| other.shared) {
                    p.at("shared", |p| {
                        p.error_help(
                            "a server's own tier cannot lie below one that all share",
                            "put tiers with `shared: true` last",
                        );
                    });
                }
            });
        }
    }

    fn check_capacity(&self, capacity: Capacity, problems: &mut Problems) {
        if self.blocks(capacity) == Capacity::Entries(0) {
            problems.error_help(
                format!("{capacity} does not hold a single block"),
                format!("a block has {} tokens, {} bytes", self.block_tokens, self.block_bytes()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> PrefixCacheSpec {
        serde_yaml::from_str(yaml).unwrap()
    }

    fn places(yaml: &str) -> Vec<String> {
        let mut problems = Problems::default();
        read(yaml).check(&mut problems);
        problems.list().iter().map(|problem| problem.path.to_string()).collect()
    }

    #[test]
    fn capacities_are_in_whole_blocks() {
        let spec = read("{ block_tokens: 16, kv_bytes_per_token: 1000 }");
        assert_eq!(spec.blocks(Capacity::Tokens(47)), Capacity::Entries(2));
        assert_eq!(spec.blocks(Capacity::Bytes(48_000)), Capacity::Entries(3));
        assert_eq!(spec.blocks(Capacity::Entries(7)), Capacity::Entries(7));
        assert_eq!(spec.blocks(Capacity::Unbounded), Capacity::Unbounded);
    }

    #[test]
    fn forty_gibibytes_of_llama_8b_are_640_blocks() {
        let spec = read("{}");
        assert_eq!(spec.kv_bytes_per_token, 131_072);
        let tiers = spec.all_tiers();
        assert_eq!(tiers.len(), 1);
        assert_eq!(spec.blocks(tiers[0].capacity), Capacity::Entries(640));
        assert_eq!(tiers[0].name_at(0), "gpu");
    }

    #[test]
    fn sensible_specs_pass_and_survive_being_written() {
        for yaml in [
            "{}",
            "{ capacity: 30000 }",
            "{ capacity: 2M tokens, policy: fifo, stored: at_lookup }",
            "{ tiers: [ { capacity: 40GiB }, { name: host, capacity: 1TB, bandwidth: 20GB/s }, \
             { capacity: unbounded, shared: true, latency: 2ms } ], load: if_faster }",
        ] {
            assert_eq!(places(yaml), [""; 0], "{yaml}");
            let spec = read(yaml);
            assert_eq!(read(&serde_yaml::to_string(&spec).unwrap()), spec);
        }
    }

    #[test]
    fn what_cannot_be_is_found_in_its_place() {
        for (yaml, place) in [
            ("{ block_tokens: 0 }", "block_tokens"),
            ("{ kv_bytes_per_token: 0 }", "kv_bytes_per_token"),
            ("{ capacity: 1MiB }", "capacity"),
            ("{ capacity: 5, tiers: [ { capacity: 5 } ] }", "capacity"),
            ("{ policy: lru, tiers: [ { capacity: 5 } ] }", "policy"),
            ("{ tiers: [ { capacity: 100 tokens } ] }", "tiers.0.capacity"),
            ("{ tiers: [ {}, { name: gpu } ] }", "tiers.1.name"),
            ("{ tiers: [ { name: ' ' } ] }", "tiers.0.name"),
            ("{ tiers: [ { shared: true }, {} ] }", "tiers.1.shared"),
        ] {
            assert_eq!(places(yaml), [place], "{yaml}");
        }
    }
}
