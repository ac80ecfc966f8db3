//! Which models are asked in turn where one has failed for good.

use indexmap::IndexMap;

use super::spec::ResilienceSpec;
use crate::spec::Problems;

/// Chains of fallbacks by the index of the model or group that failed.
#[derive(Clone, Debug, Default)]
pub struct Chains {
    chains: Vec<Vec<u32>>,
    context_window: Vec<Option<Vec<u32>>>,
}

impl Chains {
    /// The chains of `names`, which are models and groups.
    pub fn new(spec: &ResilienceSpec, names: &[&str]) -> Self {
        let index = |name: &String| names.iter().position(|it| it == name);
        let to = |chain: &Vec<String>| -> Vec<u32> {
            chain.iter().filter_map(index).map(|at| at as u32).collect()
        };
        let own = |name: &&str| spec.fallbacks.get(*name).map(to);
        let direct: Vec<Vec<u32>> =
            names.iter().map(|name| own(name).unwrap_or_default()).collect();
        let default = to(&spec.default_fallbacks);
        let most = spec.max_fallbacks.unwrap_or(u32::MAX);
        let whole = |first: Vec<u32>, of: usize| {
            if !spec.nested_fallbacks {
                return first;
            }
            let mut walk =
                Walk { direct: &direct, most, asked: vec![of as u32], chain: Vec::new() };
            walk.follow(&first, 0);
            walk.chain
        };
        let chain = |(at, name): (usize, &&str)| {
            let first = own(name).unwrap_or_else(|| {
                default.iter().copied().filter(|next| *next as usize != at).collect()
            });
            whole(first, at)
        };
        let of_context = |(at, name): (usize, &&str)| {
            spec.context_window_fallbacks.get(*name).map(|chain| whole(to(chain), at))
        };
        Chains {
            chains: names.iter().enumerate().map(chain).collect(),
            context_window: if spec.context_window_fallbacks.is_empty() {
                Vec::new()
            } else {
                names.iter().enumerate().map(of_context).collect()
            },
        }
    }

    /// The chain of a model or group.
    pub fn of(&self, target: u32) -> &[u32] {
        &self.chains[target as usize]
    }

    /// Its chain for requests that are too long for it, if it has one.
    pub fn of_context_window(&self, target: u32) -> Option<&[u32]> {
        self.context_window.get(target as usize)?.as_deref()
    }
}

/// Follows the fallbacks of fallbacks, those of the first before the second.
struct Walk<'w> {
    direct: &'w [Vec<u32>],
    most: u32,
    asked: Vec<u32>,
    chain: Vec<u32>,
}

impl Walk<'_> {
    /// `depth` counts hops as `LiteLLM` does: those of the chain at hand, and of the way to
    /// it. Never deeper than there are names, as none is asked twice.
    fn follow(&mut self, chain: &[u32], mut depth: u32) {
        if depth >= self.most {
            return;
        }
        for next in chain {
            if self.asked.contains(next) {
                continue;
            }
            self.asked.push(*next);
            self.chain.push(*next);
            depth += 1;
            let (direct, next) = (self.direct, *next as usize);
            self.follow(&direct[next], depth);
        }
    }
}

impl ResilienceSpec {
    /// Reports chains that lead nowhere.
    pub(super) fn check_fallbacks(&self, models: &[&str], problems: &mut Problems) {
        let check = |chains: &IndexMap<String, Vec<String>>, p: &mut Problems| {
            for (model, chain) in chains {
                if !models.contains(&model.as_str()) {
                    p.unknown("model", model, models.iter().copied());
                }
                p.at(model.as_str(), |p| check_chain(chain, Some(model), models, p));
            }
        };
        problems.at("fallbacks", |p| check(&self.fallbacks, p));
        problems.at("context_window_fallbacks", |p| check(&self.context_window_fallbacks, p));
        problems.at("default_fallbacks", |p| {
            check_chain(&self.default_fallbacks, None, models, p);
        });
        if self.max_fallbacks.is_some() && !self.nested_fallbacks {
            problems.at("max_fallbacks", |p| {
                p.warn("it has no effect without `nested_fallbacks: true`");
            });
        }
    }
}

fn check_chain(chain: &[String], of: Option<&String>, models: &[&str], p: &mut Problems) {
    for (index, next) in chain.iter().enumerate() {
        p.at(index, |p| {
            if !models.contains(&next.as_str()) {
                p.unknown("model", next, models.iter().copied());
            } else if Some(next) == of {
                p.error("a model is not its own fallback");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chains(yaml: &str) -> Chains {
        let spec: ResilienceSpec = serde_yaml::from_str(yaml).unwrap();
        Chains::new(&spec, &["a", "b", "c", "d"])
    }

    #[test]
    fn a_chain_is_the_first_model_s_own() {
        let plain = chains("{ fallbacks: { a: [b, d], b: [c] } }");
        assert_eq!((plain.of(0), plain.of(1)), (&[1, 3][..], &[2][..]));
    }

    /// The peer's run: `a`, `b`, `c`, `d` of `fallbacks=[{a: [b, d]}, {b: [c]}]`.
    #[test]
    fn nested_fallbacks_come_before_the_next_and_none_twice() {
        let nested = "nested_fallbacks: true, fallbacks: { a: [b, d], b: [c, a], c: [b, d] }";
        assert_eq!(chains(&format!("{{ {nested} }}")).of(0), [1, 2, 3]);
        assert_eq!(chains(&format!("{{ {nested}, max_fallbacks: 1 }}")).of(0), [1, 3]);
        assert_eq!(chains(&format!("{{ {nested}, max_fallbacks: 2 }}")).of(0), [1, 2, 3]);
    }

    #[test]
    fn defaults_are_for_those_without_a_chain() {
        let default = chains("{ default_fallbacks: [d, a], fallbacks: { a: [b] } }");
        assert_eq!([default.of(0), default.of(1)], [&[1][..], &[3, 0]]);
        assert_eq!(default.of(3), [0]);
    }

    #[test]
    fn too_long_requests_have_chains_of_their_own() {
        let both = chains("{ fallbacks: { a: [b] }, context_window_fallbacks: { a: [d] } }");
        assert_eq!(both.of_context_window(0), Some(&[3][..]));
        assert_eq!(both.of_context_window(1), None);
        assert_eq!(chains("{}").of_context_window(0), None);
    }
}
