//! A weighted sum of what speaks for a replica.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ask, Balance, Load, Needs};
use crate::kernel::Stream;
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

/// Weighs all replicas for each request: what they are compared with changes with any of
/// them. It does so for many at once, as processors can.
#[derive(Clone, Debug)]
pub struct Scores {
    outstanding: f64,
    kv: f64,
    prefix: f64,
    turn: usize,
    /// Room for what speaks against each replica that may be chosen.
    against: Vec<f64>,
}

impl Balance for Scores {
    type Spec = ScoresSpec;

    fn check(spec: &ScoresSpec, problems: &mut Problems) {
        if spec.outstanding.get() + spec.kv.get() + spec.prefix.get() == 0.0 {
            problems.error("all weights are 0: expected one above 0");
        }
    }

    fn needs(spec: &ScoresSpec) -> Needs {
        Needs { kv_tokens: true, matched: spec.prefix.get() > 0.0, ..Needs::default() }
    }

    fn new(spec: &ScoresSpec, _replicas: u32, _stream: Stream) -> Self {
        Scores {
            outstanding: spec.outstanding.get(),
            kv: spec.kv.get(),
            prefix: spec.prefix.get(),
            turn: 0,
            against: Vec::new(),
        }
    }

    fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        self.turn = (self.turn + 1) % ask.among.count();
        match ask.among.neighbours() {
            Some(span) => self.weigh(ask.loads.span(span)),
            None => self.weigh(ask.among.all().map(|replica| ask.loads.get(replica))),
        }
        // The first of the least from the turn on and around.
        let least =
            |part: &[f64]| part.iter().fold(f64::INFINITY, |a, b| if *b < a { *b } else { a });
        let (before, after) = self.against.split_at(self.turn);
        let (early, late) = (least(before), least(after));
        let place = if late <= early {
            self.turn + after.iter().position(|it| *it == late).unwrap_or(0)
        } else {
            before.iter().position(|it| *it == early).unwrap_or(0)
        };
        ask.among.nth(place)
    }
}

impl Scores {
    fn weigh(&mut self, loads: impl Iterator<Item = Load> + Clone) {
        let requests = loads.clone().map(|load| load.outstanding);
        let most_requests = requests.fold(1, |a, b| if b > a { b } else { a });
        let tokens = loads.clone().map(|load| load.kv_tokens);
        let most_tokens = tokens.fold(1, |a, b| if b > a { b } else { a });
        self.against.clear();
        self.against.extend(loads.map(|load| {
            let queue = f64::from(load.outstanding) / f64::from(most_requests);
            let memory = load.kv_tokens as f64 / most_tokens as f64;
            self.outstanding * queue + self.kv * memory - self.prefix * f64::from(load.matched)
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Among, Loads};
    use super::*;
    use crate::kernel::Streams;

    #[test]
    fn a_prefix_outweighs_a_queue_only_by_its_weight() {
        let mut loads = Loads::new(2, 2, Needs::default(), false);
        (0..10).for_each(|_| loads.join(0));
        (0..2).for_each(|_| loads.join(1));
        (0..2).for_each(|replica| loads.set_kv_tokens(replica, 100));
        loads.set_matched(0, 0.9);
        let pick = |prefix: f64| {
            let prefix = NonNegative::try_from(prefix).unwrap();
            let spec = ScoresSpec { prefix, ..ScoresSpec::default() };
            let mut scores = Scores::new(&spec, 2, Streams::new(1, 0).stream("balance"));
            scores.pick(&Ask { affinity: 0, loads: &loads, among: Among::List(&[0, 1]) })
        };
        // 0.8 of a queue less against 0.9 of a prefix more.
        assert_eq!((pick(0.88), pick(0.9)), (1, 0));
    }
}
