//! Answers that go out of date: now and then a share of the keys changes where
//! the answers come from, and what was cached before is stale.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cache::Key;
use crate::kernel::keyed_uniform::{keyed_bits, uniform_of};
use crate::kernel::{Duration, Stream, Time};
use crate::spec::{Fraction, Problems, Rate};

/// Events at which a share of the keys changes: a document base is updated, a
/// model is replaced for some prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InvalidationSpec {
    /// An event at every multiple of this span of time. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// Events at random, so many in the mean (a Poisson process); with `every`,
    /// besides those. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// The share of all keys that an event changes; which ones is drawn anew
    /// each time. Default: 0.05.
    pub share: Fraction,
    /// Remove the stale entries at once, as a cache does that is told of
    /// changes. Default false: they are served, and counted as stale hits.
    pub purge: bool,
}

impl Default for InvalidationSpec {
    fn default() -> Self {
        let share = Fraction::try_from(0.05).expect("0.05 is a fraction");
        InvalidationSpec { every: None, rate: None, share, purge: false }
    }
}

impl InvalidationSpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        let rate = self.rate.filter(|rate| rate.per_sec() > 0.0);
        if self.every.is_none() && rate.is_none() {
            problems.error_help(
                "nothing ever changes",
                "say when: `every: 10m`, or `rate: 6/h` for changes at random",
            );
        }
        if self.every.is_some_and(Duration::is_zero) {
            problems.at("every", |p| p.error("expected a duration longer than 0"));
        }
        if self.rate.is_some_and(|rate| rate.per_sec() > MAX_PER_SEC) {
            problems.at("rate", |p| p.error(format!("expected at most {MAX_PER_SEC}/s")));
        }
    }
}

/// Each event costs a draw.
const MAX_PER_SEC: f64 = 1e4;

/// The events, numbered from 1, and which keys each of them changes. Nothing is
/// done at an event: that is found out when a key is written.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    every: Duration,
    next_regular: Time,
    /// Mean seconds between random events.
    mean_gap: f64,
    next_random: Time,
    gaps: Stream,
    /// Events until now.
    count: u64,
    share: f64,
    /// ln(1 - share).
    log_rest: f64,
    /// Events in a block: as many as change a key once in the mean.
    block: u64,
    salt: u64,
}

impl Changes {
    /// The events of a run. The spec must have passed its check.
    pub fn new(spec: &InvalidationSpec, mut stream: Stream) -> Self {
        let salt = stream.bits();
        let share = spec.share.get();
        let mut changes = Changes {
            every: spec.every.unwrap_or(Duration::MAX),
            next_regular: Time::ZERO.saturating_add(spec.every.unwrap_or(Duration::MAX)),
            mean_gap: spec.rate.map_or(0.0, |rate| 1.0 / rate.per_sec()),
            next_random: Time::MAX,
            gaps: stream,
            count: 0,
            share,
            log_rest: libm::log1p(-share),
            block: (1.0 / share + 0.5) as u64,
            salt,
        };
        if spec.rate.is_some_and(|rate| rate.per_sec() > 0.0) {
            changes.next_random =
                Time::ZERO.saturating_add(changes.gaps.exponential_span(changes.mean_gap));
        }
        changes
    }

    /// How many events there were until `now`, which never goes back.
    #[inline]
    pub fn until(&mut self, now: Time) -> u64 {
        if now >= self.next_regular.min(self.next_random) {
            self.advance(now);
        }
        self.count
    }

    #[cold]
    fn advance(&mut self, now: Time) {
        if self.next_regular <= now {
            // All at once: they may be very many.
            let further = (now - self.next_regular).0 / self.every.0.max(1);
            self.count += further + 1;
            self.next_regular += self.every * (further + 1);
        }
        while self.next_random <= now {
            self.count += 1;
            let gap = self.gaps.exponential_span(self.mean_gap);
            self.next_random = self.next_random.saturating_add(gap);
        }
    }

    /// The number of the first event after event `last` that changes `key`.
    ///
    /// Each event changes a key with probability `share`, independently, so that
    /// the gaps between a key's changes are geometric. They are drawn from a hash
    /// of the key and of the block of events that they lie in: the answer is a
    /// function of the seed, the key and `last` alone, is the same whoever asks,
    /// and takes a few draws however many events there are.
    pub fn first_after(&self, key: Key, last: u64) -> u64 {
        if self.share <= 0.0 {
            return u64::MAX;
        }
        if self.share >= 1.0 {
            return last + 1;
        }
        let mut block = last / self.block;
        loop {
            let mut event = block * self.block;
            let ends = event.saturating_add(self.block);
            let mut bits = key.mix(self.salt.wrapping_add(block));
            loop {
                event = event.saturating_add(self.gap(bits));
                if event > ends {
                    break;
                }
                if event > last {
                    return event;
                }
                bits = keyed_bits(bits, 0);
            }
            if ends == u64::MAX {
                return u64::MAX;
            }
            block += 1;
        }
    }

    /// A geometric gap of 1 or more, by inversion.
    fn gap(&self, bits: u64) -> u64 {
        // The cast saturates.
        1u64.saturating_add((libm::log(uniform_of(bits)) / self.log_rest) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    fn changes(yaml: &str) -> Changes {
        let spec: InvalidationSpec = serde_yaml::from_str(yaml).unwrap();
        let mut problems = Problems::default();
        spec.check(&mut problems);
        assert!(problems.list().is_empty(), "{:?}", problems.list());
        Changes::new(&spec, Streams::new(1, 0).stream("cache.invalidation"))
    }

    #[test]
    fn each_event_changes_its_share_of_the_keys_and_each_key_at_its_share_of_events() {
        for share in [0.001, 0.02, 0.3, 0.9] {
            let changes = changes(&format!("{{every: 1s, share: {share}}}"));
            let (keys, events) = (2000, 1000);
            let mut by_event = vec![0; events + 1];
            let mut total = 0.0;
            for key in 0..keys {
                let mut event = changes.first_after(Key(key), 0);
                while event <= events as u64 {
                    by_event[event as usize] += 1;
                    total += 1.0;
                    event = changes.first_after(Key(key), event);
                }
            }
            let expected = share * keys as f64 * events as f64;
            let sigma = (expected * (1.0 - share)).sqrt();
            assert!((total - expected).abs() < 4.0 * sigma, "{share}: {total}, not {expected}");
            // No event stands out, whatever its place in a block.
            let each = share * keys as f64;
            let most = each + 5.0 * (each * (1.0 - share)).sqrt() + 1.0;
            assert!(by_event.iter().all(|count| f64::from(*count) <= most), "{share}");
        }
    }

    #[test]
    fn the_first_change_is_the_same_from_wherever_one_looks() {
        let changes = changes("{every: 1s, share: 0.01}");
        for key in 0..300 {
            for start in [0, 5, 99, 100, 101, 1234] {
                let first = changes.first_after(Key(key), start);
                assert!(first > start);
                for later in start..first.min(start + 300) {
                    assert_eq!(changes.first_after(Key(key), later), first, "key {key} at {later}");
                }
            }
        }
    }

    #[test]
    fn events_come_by_the_clock_or_at_random_or_both() {
        assert_eq!(changes("{every: 10s}").until(Time::from_secs(95)), 9);
        assert_eq!(changes("{every: 10s}").until(Time::from_secs(100)), 10, "the instant counts");
        let random = changes("{rate: 1/s}").until(Time::from_secs(10_000)) as f64;
        assert!((random - 10_000.0).abs() < 400.0, "{random}");
        let both = changes("{rate: 1/s, every: 1s}").until(Time::from_secs(10_000)) as f64;
        assert_eq!(both, random + 10_000.0);
    }

    #[test]
    fn all_or_nothing_may_change_and_a_block_may_be_as_long_as_it_likes() {
        assert_eq!(changes("{every: 1s, share: 1}").first_after(Key(1), 7), 8);
        assert_eq!(changes("{every: 1s, share: 0}").first_after(Key(1), 7), u64::MAX);
        assert!(changes("{every: 1s, share: 1e-300}").first_after(Key(1), 7) > 1 << 60);
    }
}
