//! A weighted sum of what speaks for a replica.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Ask;
use crate::spec::{NonNegative, Problems};

/// The highest weighted sum of three scores from 0 to 1, as the endpoint picker of
/// `llm-d` has them: how free its queue is, how free its memory is (both compared
/// with the fullest replica), and what share of the prompt it has in its prefix
/// cache. Ties are broken in turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScoresSpec {
    /// Weight of few requests under way. Default 1.
    pub outstanding: NonNegative,
    /// Weight of few tokens in memory. Default 1.
    pub kv: NonNegative,
    /// Weight of the share of the prompt in the prefix cache. Default 1.
    pub prefix: NonNegative,
}

impl Default for ScoresSpec {
    fn default() -> Self {
        let one = NonNegative::ONE;
        ScoresSpec { outstanding: one, kv: one, prefix: one }
    }
}

impl ScoresSpec {
    /// Reports weights that tell no replicas apart.
    pub fn check(&self, problems: &mut Problems) {
        if self.outstanding.get() + self.kv.get() + self.prefix.get() == 0.0 {
            problems.error("all weights are 0: expected one above 0");
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Scores {
    outstanding: f64,
    kv: f64,
    prefix: f64,
    turn: usize,
}

impl Scores {
    pub fn new(spec: &ScoresSpec) -> Self {
        Scores {
            outstanding: spec.outstanding.get(),
            kv: spec.kv.get(),
            prefix: spec.prefix.get(),
            turn: 0,
        }
    }

    pub fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        self.turn = (self.turn + 1) % ask.available.len();
        let loads = || ask.available.iter().map(|replica| &ask.loads[*replica as usize]);
        let most_requests = loads().map(|load| load.outstanding).max().unwrap_or(0).max(1);
        let most_tokens = loads().map(|load| load.kv_tokens).max().unwrap_or(0).max(1);
        ask.least(self.turn, |load| {
            let queue = f64::from(load.outstanding) / f64::from(most_requests);
            let memory = load.kv_tokens as f64 / most_tokens as f64;
            self.outstanding * queue + self.kv * memory - self.prefix * f64::from(load.matched)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Load;
    use super::*;

    #[test]
    fn a_prefix_outweighs_a_queue_only_by_its_weight() {
        let loads = [
            Load { outstanding: 10, kv_tokens: 100, matched: 0.9 },
            Load { outstanding: 2, kv_tokens: 100, matched: 0.0 },
        ];
        let pick = |prefix: f64| {
            let prefix = NonNegative::try_from(prefix).unwrap();
            let mut scores = Scores::new(&ScoresSpec { prefix, ..ScoresSpec::default() });
            scores.pick(&Ask { affinity: 0, loads: &loads, available: &[0, 1] })
        };
        // 0.8 of a queue less against 0.9 of a prefix more.
        assert_eq!((pick(0.88), pick(0.9)), (1, 0));
    }
}
