//! The prompt cache of one model.

use std::collections::{HashMap, VecDeque};

use super::lines::{Lines, State};
use super::reason::{Missed, Reason};
use super::spec::{Clock, Mark, Mode, PromptRules, Refresh};
use crate::kernel::keyed_uniform::mix;
use crate::kernel::{Duration, Time};
use crate::workload::PromptParts;

/// Who asks, and what its conversation had before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Who may read what it writes, by number.
    pub scope: u32,
    /// The lifetime that it asks for, by its place in the rules.
    pub lifetime: u8,
    /// Tokens that the conversation has here, whatever it begins with now.
    pub had: u64,
    /// Tokens of this prompt that the model has with which the conversation was before.
    pub elsewhere: u64,
}

/// What a request has to do with the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PromptUse {
    /// Tokens that it reads.
    pub read: u64,
    /// Up to which token its prompt will be kept; 0 where nothing is.
    pub until: u64,
    /// Why the others were not read.
    pub missed: Missed,
    /// Whether what it writes is there for others.
    pub wrote: bool,
    /// The lifetime that it asks for.
    pub lifetime: u8,
    scope: u32,
    /// Which machine answers, from 0.
    machine: u32,
    /// What it reads is there before that.
    expires: Time,
}

impl PromptUse {
    /// Tokens that it writes, or has written.
    pub fn written(&self) -> u64 {
        self.until.saturating_sub(self.read)
    }
}

/// What a provider keeps of the prompts that its model has read.
///
/// ```
/// use windtunnel::cache::prompt::{Asked, PromptCache, PromptCacheSpec};
/// use windtunnel::kernel::{Duration, Time};
/// use windtunnel::workload::PromptParts;
///
/// let mut cache = PromptCache::new(PromptCacheSpec::default().rules());
/// let mut prompt = PromptParts::default();
/// prompt.begin(2000);
/// prompt.push(1, 2000);
/// let at = |seconds| Time::ZERO + Duration::from_secs(seconds);
/// let cold = cache.look_up(&prompt, &Asked::default(), at(0));
/// assert_eq!((cold.read, cold.written()), (0, 1920), "15 times 128 tokens");
/// cache.write(&prompt, &cold, at(0), at(1));
/// assert_eq!(cache.look_up(&prompt, &Asked::default(), at(299)).read, 1920);
/// assert_eq!(cache.look_up(&prompt, &Asked::default(), at(300)).read, 0, "after 5 minutes");
/// ```
#[derive(Clone, Debug)]
pub struct PromptCache {
    rules: PromptRules,
    lines: Lines,
    /// By what prompts begin with, where machines overflow: since when requests are counted,
    /// and how many came.
    routes: HashMap<u64, (Time, u32)>,
    /// The same in the order of time, to be forgotten.
    minutes: VecDeque<(Time, u64)>,
    /// How many machines have answered.
    machines: u32,
}

const MINUTE: Duration = Duration::from_secs(60);

impl PromptCache {
    /// Empty.
    pub fn new(rules: PromptRules) -> Self {
        let lines = Lines::new(rules.lifetimes.len());
        let (routes, minutes) = (HashMap::new(), VecDeque::new());
        PromptCache { rules, lines, routes, minutes, machines: 1 }
    }

    /// What holds.
    pub fn rules(&self) -> &PromptRules {
        &self.rules
    }

    /// Tokens that are kept, as of the last look.
    pub fn held(&self) -> u64 {
        self.lines.held()
    }

    /// Beginnings that are kept, as of the last look.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Beginnings that had to go for others.
    pub fn evictions(&self) -> u64 {
        self.lines.evictions
    }

    /// Counts from zero again; what is kept stays.
    pub fn reset_stats(&mut self) {
        self.lines.evictions = 0;
    }

    /// What a request that came now would read, and up to where its prompt would be kept.
    /// Nothing is counted.
    pub fn peek(&self, prompt: &PromptParts, scope: u32, now: Time) -> (u64, u64) {
        let limit = self.limit(prompt);
        if limit < self.rules.min_tokens || limit == 0 {
            return (0, 0);
        }
        let machine = self.rules.overflow.map_or(0, |most| {
            let route = prompt.parts().first().map_or(0, |(line, _)| mix(*line ^ salt(scope, 0)));
            let (since, count) = self.routes.get(&route).copied().unwrap_or_default();
            if now < since + MINUTE { count / most.max(1) } else { 0 }
        });
        (self.find(prompt, salt(scope, machine), limit, now).0, limit)
    }

    /// A request begins: what it reads, what it will write, and why it does not read the rest.
    pub fn look_up(&mut self, prompt: &PromptParts, asked: &Asked, now: Time) -> PromptUse {
        self.lines.reap(now);
        let limit = self.limit(prompt);
        let mut used = PromptUse {
            lifetime: asked.lifetime,
            scope: asked.scope,
            machine: self.route(prompt, asked.scope, now),
            ..PromptUse::default()
        };
        let tokens = prompt.tokens();
        if limit == 0 {
            let short = tokens < self.rules.min_tokens;
            let reason = if short { Reason::TooShort } else { Reason::Unmarked };
            used.missed.up_to(0, tokens, reason);
            return used;
        }
        if limit < self.rules.min_tokens {
            let end = used.missed.up_to(0, limit, Reason::TooShort);
            let tail =
                if tokens < self.rules.min_tokens { Reason::TooShort } else { Reason::Unmarked };
            used.missed.up_to(end, tokens, tail);
            return used;
        }
        let salt = salt(asked.scope, used.machine);
        (used.read, used.expires) = self.find(prompt, salt, limit, now);
        used.until = limit;
        if used.read < limit {
            self.tell(prompt, asked, &mut used, now);
        }
        used.missed.up_to(limit, tokens, Reason::Unmarked);
        used
    }

    /// What a request has read is kept for longer, counted from `base`.
    pub fn touch(&mut self, prompt: &PromptParts, used: &PromptUse, base: Time, now: Time) {
        if used.read == 0 || self.rules.refresh == Refresh::Never {
            return;
        }
        let salt = salt(used.scope, used.machine);
        match self.rules.mode {
            Mode::Automatic => {
                let expires = base.saturating_add(self.ttl(used.lifetime));
                self.keep_up_to(prompt, salt, used.read, (expires, now), used.lifetime);
            }
            Mode::Marked => {
                let marks = self.marks(prompt);
                for mark in marks.into_iter().flatten().filter(|mark| *mark < used.read) {
                    self.renew(prompt, salt, mark, base, now);
                }
                self.renew(prompt, salt, used.read, base, now);
            }
        }
    }

    /// What a request has written is there for others from now on, for a time that counts from
    /// `base`.
    pub fn write(&mut self, prompt: &PromptParts, used: &PromptUse, base: Time, now: Time) {
        if used.until <= used.read {
            return;
        }
        let salt = salt(used.scope, used.machine);
        let mut expires = base.saturating_add(self.ttl(used.lifetime));
        match self.rules.mode {
            Mode::Automatic => {
                // The rest is of no use without its beginning.
                if used.read > 0 && self.rules.refresh == Refresh::Never {
                    expires = expires.min(used.expires);
                }
                self.keep_up_to(prompt, salt, used.until, (expires, now), used.lifetime);
            }
            Mode::Marked => {
                for mark in self.marks(prompt).into_iter().flatten() {
                    if mark > used.read
                        && mark >= self.rules.min_tokens
                        && let Some(line) = part_at(prompt, mark)
                    {
                        let line = (mix(line.0 ^ salt), line.1);
                        self.lines.keep(line, mark, (expires, now), used.lifetime, false);
                    }
                }
            }
        }
        self.lines.make_room(self.rules.capacity);
    }

    /// From when a lifetime counts for a request that began at `start` and whose answer is
    /// whole at `end`.
    pub fn base(&self, start: Time, end: Time) -> Time {
        match self.rules.clock {
            Clock::RequestStart => start,
            Clock::ResponseEnd => end,
        }
    }

    fn ttl(&self, lifetime: u8) -> Duration {
        self.rules.lifetimes[usize::from(lifetime)].ttl
    }

    /// The tokens that are marked, rising.
    fn marks(&self, prompt: &PromptParts) -> [Option<u64>; 2] {
        let of = |mark: Mark| self.rules.marks.contains(&mark);
        let system = Some(prompt.system()).filter(|tokens| *tokens > 0 && of(Mark::System));
        let last = Some(prompt.tokens()).filter(|tokens| *tokens > 0 && of(Mark::LastTurn));
        [system.filter(|system| Some(*system) != last), last]
    }

    /// Up to where a prompt can be kept.
    fn limit(&self, prompt: &PromptParts) -> u64 {
        match self.rules.mode {
            Mode::Automatic => self.whole(prompt.tokens()),
            Mode::Marked => self.marks(prompt).into_iter().flatten().last().unwrap_or(0),
        }
    }

    /// Whole increments.
    fn whole(&self, tokens: u64) -> u64 {
        tokens - tokens % self.rules.increment
    }

    /// How many tokens are there for a prompt, and until when.
    fn find(&self, prompt: &PromptParts, salt: u64, limit: u64, now: Time) -> (u64, Time) {
        match self.rules.mode {
            Mode::Automatic => {
                let (mut covered, mut expires) = (0, Time::MAX);
                for (line, until) in prompt.parts() {
                    let reach = self.lines.reach(mix(line ^ salt), now);
                    let here = reach.0.min(*until);
                    if here <= covered {
                        break;
                    }
                    (covered, expires) = (here, expires.min(reach.1));
                    if here < *until {
                        break;
                    }
                }
                let read = self.whole(covered.min(limit));
                if read < self.rules.min_tokens { (0, Time::ZERO) } else { (read, expires) }
            }
            Mode::Marked => {
                let mut from = prompt.parts().iter().rev().map(|(_, until)| *until).skip(1);
                for (line, until) in prompt.parts().iter().rev() {
                    let begins = from.next().unwrap_or(0);
                    if begins >= limit {
                        continue;
                    }
                    let most = limit.min(*until);
                    if let Some((_, tokens)) = self.lines.live(mix(line ^ salt), most, now) {
                        return (tokens, Time::MAX);
                    }
                }
                (0, Time::ZERO)
            }
        }
    }

    /// Why a request does not read all that it might.
    fn tell(&self, prompt: &PromptParts, asked: &Asked, used: &mut PromptUse, now: Time) {
        let (limit, missed) = (used.until, &mut used.missed);
        let mut at = missed.up_to(used.read, asked.elsewhere.min(limit), Reason::Switched);
        let others = (0..self.machines).filter(|machine| *machine != used.machine);
        let others =
            others.map(|machine| self.find(prompt, salt(asked.scope, machine), limit, now).0);
        at = missed.up_to(at, others.max().unwrap_or(0), Reason::OtherMachine);
        let salt = salt(asked.scope, used.machine);
        match self.rules.mode {
            Mode::Automatic => {
                let mut from = 0;
                for (line, until) in prompt.parts() {
                    let longest = self.lines.ends(mix(line ^ salt)).next();
                    let Some((_, end)) = longest else { break };
                    let here = self.whole(end.tokens.min(*until).min(limit));
                    if let Some(reason) = end.gone(now) {
                        at = missed.up_to(at, here, reason_of(reason));
                    }
                    if end.tokens < *until || here <= from {
                        break;
                    }
                    from = here;
                }
            }
            Mode::Marked => {
                for (line, until) in prompt.parts().iter().rev() {
                    let most = limit.min(*until);
                    let mut ends = self.lines.ends(mix(line ^ salt));
                    if let Some((_, end)) = ends.find(|(_, end)| end.tokens <= most) {
                        if let Some(reason) = end.gone(now) {
                            at = missed.up_to(at, end.tokens, reason_of(reason));
                        }
                        break;
                    }
                }
            }
        }
        at = missed.up_to(at, asked.had.min(limit), Reason::Changed);
        missed.up_to(at, limit, Reason::Cold);
    }

    /// Which machine a request goes to, that is counted.
    fn route(&mut self, prompt: &PromptParts, scope: u32, now: Time) -> u32 {
        let Some(most) = self.rules.overflow else { return 0 };
        while let Some((since, key)) = self.minutes.front().copied()
            && now >= since + MINUTE
        {
            self.minutes.pop_front();
            self.routes.remove(&key);
        }
        let key = prompt.parts().first().map_or(0, |(line, _)| mix(*line ^ salt(scope, 0)));
        let (_, count) = self.routes.entry(key).or_insert_with(|| {
            self.minutes.push_back((now, key));
            (now, 0)
        });
        let machine = *count / most.max(1);
        *count += 1;
        self.machines = self.machines.max(machine + 1);
        machine
    }

    /// All lines of a prompt are kept up to so many of its tokens.
    fn keep_up_to(
        &mut self,
        prompt: &PromptParts,
        salt: u64,
        tokens: u64,
        when: (Time, Time),
        lifetime: u8,
    ) {
        let mut from = 0;
        for (line, until) in prompt.parts() {
            if from >= tokens {
                break;
            }
            let line = (mix(line ^ salt), from);
            self.lines.keep(line, tokens.min(*until), when, lifetime, true);
            from = *until;
        }
    }

    /// The end of a marked beginning, if it is there, is kept for longer.
    fn renew(&mut self, prompt: &PromptParts, salt: u64, mark: u64, base: Time, now: Time) {
        let Some((line, _)) = part_at(prompt, mark) else { return };
        let mut ends = self.lines.ends(mix(line ^ salt));
        let found = ends.find(|(_, end)| end.tokens == mark && end.is_there(now));
        if let Some((slot, lifetime)) = found.map(|(slot, end)| (slot, end.lifetime)) {
            drop(ends);
            let expires = base.saturating_add(self.ttl(lifetime));
            self.lines.renew(slot, expires, now);
        }
    }
}

/// What tells scopes and machines apart.
fn salt(scope: u32, machine: u32) -> u64 {
    mix(u64::from(scope) << 32 | u64::from(machine))
}

/// The part that the last of so many tokens is in: its line, and where it begins.
fn part_at(prompt: &PromptParts, tokens: u64) -> Option<(u64, u64)> {
    let parts = prompt.parts();
    let at = parts.partition_point(|(_, until)| *until < tokens);
    let from = at.checked_sub(1).map_or(0, |before| parts[before].1);
    parts.get(at).map(|(line, _)| (*line, from))
}

fn reason_of(state: State) -> Reason {
    match state {
        State::Evicted => Reason::Evicted,
        State::Live | State::Expired => Reason::Expired,
    }
}
