//! Who takes part in a replay: the policies, and what knows the future.

use std::str::FromStr;

use crate::cache::PolicySpec;
use crate::spec::nearest;
use crate::workload::trace::accesses::AccessTrace;

/// A policy or a bound.
#[derive(Clone, Debug, PartialEq)]
pub enum Contender {
    /// An eviction policy.
    Policy(PolicySpec),
    /// Belady's MIN, which knows what comes. No policy is better where objects
    /// weigh the same; where they do not, it is a rule of thumb.
    Belady,
}

const BELADY: &str = "belady";

impl Contender {
    /// All there are, each policy with its default parameters.
    pub fn all() -> Vec<Contender> {
        let policies = PolicySpec::all().into_iter().map(Contender::Policy);
        policies.chain([Contender::Belady]).collect()
    }

    /// What a user calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Contender::Policy(policy) => policy.name(),
            Contender::Belady => BELADY,
        }
    }
}

impl FromStr for Contender {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut all = Contender::all();
        if let Some(found) = all.iter().position(|contender| contender.name() == name) {
            return Ok(all.swap_remove(found));
        }
        let names = || all.iter().map(Contender::name);
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected `all` or one of: {}", names().collect::<Vec<_>>().join(", ")),
        };
        Err(format!("unknown policy `{name}`: {help}"))
    }
}

/// For each access of a trace: the number of the next to the same object.
pub(super) fn next_uses(trace: &AccessTrace) -> Vec<u32> {
    let mut coming = vec![NEVER; trace.objects() as usize];
    let mut next = vec![NEVER; trace.len()];
    for (at, id) in trace.ids().iter().enumerate().rev() {
        next[at] = std::mem::replace(&mut coming[*id as usize], at as u32);
    }
    next
}

/// Of an object that is not accessed again.
pub(super) const NEVER: u32 = u32::MAX;
