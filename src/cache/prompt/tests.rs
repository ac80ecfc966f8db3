//! By hand, and against a model of the cache that is a plain list.

use proptest::prelude::*;

use super::*;
use crate::kernel::{Duration, Time};
use crate::spec::Problems;
use crate::workload::PromptParts;

fn spec(yaml: &str) -> PromptCacheSpec {
    serde_yaml::from_str(yaml).unwrap()
}

fn cache(yaml: &str) -> PromptCache {
    PromptCache::new(spec(yaml).rules())
}

/// A prompt of parts: whose, and up to which token; the first is the system prompt if so said.
fn prompt(system: u64, parts: &[(u64, u64)]) -> PromptParts {
    let mut made = PromptParts::default();
    made.begin(parts.last().map_or(0, |(_, until)| *until));
    made.push(u64::MAX, system);
    made.end_system();
    parts.iter().for_each(|(whose, until)| made.push(*whose, *until));
    made
}

fn at(seconds: u64) -> Time {
    Time::ZERO + Duration::from_secs(seconds)
}

/// Reads, keeps what was read, and writes at once.
fn ask(cache: &mut PromptCache, prompt: &PromptParts, asked: &Asked, now: Time) -> PromptUse {
    let mut used = cache.look_up(prompt, asked, now);
    cache.touch(prompt, &used, now, now);
    cache.write(prompt, &used, now, now);
    used.wrote = true;
    used
}

fn by(scope: u32) -> Asked {
    Asked { scope, ..Asked::default() }
}

#[test]
fn common_beginnings_are_read_in_whole_increments() {
    let mut cache = cache("{ ttl: 5m }");
    let first = ask(&mut cache, &prompt(1500, &[(1, 3000)]), &by(0), at(0));
    assert_eq!((first.read, first.until), (0, 2944), "23 times 128");
    assert_eq!((first.missed.of(Reason::Cold), first.missed.of(Reason::Unmarked)), (2944, 56));
    // Another prompt with the same system prompt: 11 increments of it.
    let second = ask(&mut cache, &prompt(1500, &[(2, 2000)]), &by(0), at(10));
    assert_eq!((second.read, second.written()), (1408, 512));
    // The first goes on.
    assert_eq!(cache.look_up(&prompt(1500, &[(1, 9000)]), &by(0), at(20)).read, 2944);
    assert_eq!(cache.look_up(&prompt(1000, &[(2, 2000)]), &by(0), at(20)).read, 0, "too little");
    assert_eq!(cache.look_up(&prompt(1500, &[(1, 3000)]), &by(1), at(20)).read, 0, "not theirs");
}

#[test]
fn what_is_marked_is_read_whole_or_not_at_all() {
    let mut cache = cache("{ mode: marked, min_tokens: 1000 }");
    let long = prompt(1500, &[(1, 3000)]);
    assert_eq!(ask(&mut cache, &long, &by(0), at(0)).written(), 3000);
    // Of 2000 tokens of the same text only the marked system prompt is there.
    let part = ask(&mut cache, &prompt(1500, &[(1, 2000)]), &by(0), at(1));
    assert_eq!((part.read, part.written()), (1500, 500));
    assert_eq!(cache.look_up(&long, &by(0), at(2)).read, 3000);
    assert_eq!(cache.look_up(&prompt(1500, &[(1, 2500)]), &by(0), at(2)).read, 2000);
}

#[test]
fn only_the_system_prompt_is_kept_where_only_that_is_marked() {
    let mut cache = cache("{ mode: marked, marks: [system] }");
    let used = ask(&mut cache, &prompt(1500, &[(1, 3000)]), &by(0), at(0));
    assert_eq!((used.written(), used.missed.of(Reason::Unmarked)), (1500, 1500));
    assert_eq!(ask(&mut cache, &prompt(1500, &[(1, 3000)]), &by(0), at(1)).read, 1500);
    let none = ask(&mut cache, &prompt(0, &[(1, 3000)]), &by(0), at(1));
    assert_eq!((none.until, none.missed.of(Reason::Unmarked)), (0, 3000), "nothing is marked");
    let short = ask(&mut cache, &prompt(900, &[(1, 3000)]), &by(0), at(1));
    let missed = [Reason::TooShort, Reason::Unmarked].map(|reason| short.missed.of(reason));
    assert_eq!(missed, [900, 2100]);
}

#[test]
fn a_lifetime_begins_anew_with_use_or_does_not_and_ends_to_the_nanosecond() {
    for (refresh, reads) in [("on_use", [2048, 2048, 0]), ("never", [2048, 0, 0])] {
        for mode in ["automatic", "marked"] {
            let mut cache = cache(&format!("{{ mode: {mode}, refresh: {refresh} }}"));
            let text = prompt(0, &[(1, 2048)]);
            ask(&mut cache, &text, &by(0), at(0));
            let read = [200, 499, 799].map(|now| {
                let used = cache.look_up(&text, &by(0), at(now));
                cache.touch(&text, &used, at(now), at(now));
                used.read
            });
            assert_eq!(read, reads, "{mode}, {refresh}");
        }
    }
    let mut cache = cache("{}");
    let text = prompt(0, &[(1, 2048)]);
    ask(&mut cache, &text, &by(0), at(0));
    let last = Time(at(300).as_nanos() - 1);
    assert_eq!(cache.look_up(&text, &by(0), last).read, 2048);
    let gone = cache.look_up(&text, &by(0), at(300));
    assert_eq!((gone.read, gone.missed.of(Reason::Expired)), (0, 2048));
}

#[test]
fn what_was_read_stays_when_what_comes_after_it_goes() {
    let mut cache = cache("{ min_tokens: 128 }");
    ask(&mut cache, &prompt(0, &[(1, 1280)]), &by(0), at(0));
    // Only its first half is read again.
    ask(&mut cache, &prompt(0, &[(1, 640)]), &by(0), at(200));
    let used = cache.look_up(&prompt(0, &[(1, 1280)]), &by(0), at(400));
    assert_eq!((used.read, used.missed.of(Reason::Expired)), (640, 640));
    assert_eq!(cache.held(), 640);
}

#[test]
fn what_was_written_later_does_not_outlive_its_beginning() {
    let mut cache = cache("{ refresh: never }");
    ask(&mut cache, &prompt(0, &[(1, 1280)]), &by(0), at(0));
    assert_eq!(ask(&mut cache, &prompt(0, &[(1, 2560)]), &by(0), at(200)).read, 1280);
    assert_eq!(cache.look_up(&prompt(0, &[(1, 2560)]), &by(0), at(299)).read, 2560);
    assert_eq!(cache.look_up(&prompt(0, &[(1, 2560)]), &by(0), at(301)).read, 0);
}

#[test]
fn two_lifetimes_stand_side_by_side() {
    let mut cache = cache("{ lifetimes: { 5m: {}, 1h: { classes: [agents] } } }");
    let asked = |lifetime| Asked { lifetime, ..Asked::default() };
    ask(&mut cache, &prompt(0, &[(1, 2048)]), &asked(0), at(0));
    ask(&mut cache, &prompt(0, &[(2, 2048)]), &asked(1), at(0));
    assert_eq!(cache.look_up(&prompt(0, &[(1, 2048)]), &by(0), at(301)).read, 0);
    assert_eq!(cache.look_up(&prompt(0, &[(2, 2048)]), &by(0), at(3599)).read, 2048);
    let names: Vec<&str> = cache.rules().lifetimes.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["5m", "1h"], "the shorter first");
}

#[test]
fn the_least_recently_used_goes_when_it_is_full() {
    let mut cache = cache("{ capacity: 4096 tokens, increment: 1024 }");
    let text = |whose| prompt(0, &[(whose, 2048)]);
    ask(&mut cache, &text(1), &by(0), at(0));
    ask(&mut cache, &text(2), &by(0), at(1));
    ask(&mut cache, &text(1), &by(0), at(2));
    ask(&mut cache, &text(3), &by(0), at(3));
    assert_eq!((cache.held(), cache.evictions()), (4096, 1));
    let gone = cache.look_up(&text(2), &by(0), at(4));
    assert_eq!((gone.read, gone.missed.of(Reason::Evicted)), (0, 2048));
    assert_eq!(cache.look_up(&text(1), &by(0), at(4)).read, 2048);
}

#[test]
fn beyond_so_many_a_minute_another_machine_answers_which_is_cold() {
    let mut cache = cache("{ overflow: { per_minute: 2 } }");
    let text = prompt(0, &[(1, 2048)]);
    let mut missed = |now| {
        let used = ask(&mut cache, &text, &by(0), at(now));
        (used.read, used.missed.of(Reason::OtherMachine), used.missed.of(Reason::Cold))
    };
    assert_eq!(missed(0), (0, 0, 2048));
    assert_eq!(missed(1), (2048, 0, 0));
    assert_eq!(missed(2), (0, 2048, 0), "the second machine has not seen it");
    assert_eq!(missed(3), (2048, 0, 0), "now it has");
    assert_eq!(missed(4), (0, 2048, 0), "nor has the third");
    assert_eq!(missed(60), (2048, 0, 0), "another minute begins with the first");
}

#[test]
fn what_the_conversation_had_elsewhere_or_before_is_told_apart() {
    let mut cache = cache("{ mode: marked }");
    let text = prompt(0, &[(1, 4000)]);
    let asked = Asked { had: 3000, elsewhere: 2000, ..Asked::default() };
    let missed = cache.look_up(&text, &asked, at(0)).missed;
    let of = [Reason::Switched, Reason::Changed, Reason::Cold].map(|reason| missed.of(reason));
    assert_eq!(of, [2000, 1000, 1000]);
    assert_eq!(missed.total(), 4000);
}

#[test]
fn strange_settings_are_found_in_their_places() {
    let found = |yaml: &str| -> Vec<String> {
        let mut problems = Problems::default();
        spec(yaml).check(&mut problems);
        problems.list().iter().map(|it| it.path.to_string()).collect()
    };
    for (yaml, places) in [
        ("{}", &[][..]),
        ("{ preset: anthropic_5m, keep_alive: { every: 4m, until: 30m } }", &[]),
        ("{ ttl: 0s }", &["ttl"]),
        ("{ ttl: 5m, lifetimes: { 1h: {} } }", &["lifetimes"]),
        ("{ lifetimes: { short: {} } }", &["lifetimes.short"]),
        ("{ lifetimes: { 1h: {}, 60m: {} } }", &["lifetimes.60m"]),
        ("{ mode: marked, marks: [] }", &["marks"]),
        ("{ mode: marked, breakpoints: 1 }", &["marks"]),
        ("{ marks: [system] }", &["marks"]),
        ("{ preset: anthropic_5m, increment: 128 }", &["increment"]),
        ("{ increment: 0 }", &["increment"]),
        ("{ capacity: 4GiB }", &["capacity"]),
        ("{ overflow: { per_minute: 0 } }", &["overflow.per_minute"]),
        ("{ keep_alive: { every: 0s, until: 30m } }", &["keep_alive.every"]),
        ("{ keep_alive: { every: 5m, until: 30m } }", &["keep_alive.every"]),
        ("{ keep_alive: { every: 4m, until: 3m } }", &["keep_alive.until"]),
        ("{ refresh: never, keep_alive: { every: 4m, until: 30m } }", &["keep_alive"]),
        ("{ choose: request }", &["choose"]),
    ] {
        assert_eq!(found(yaml), places, "{yaml}");
    }
    for (yaml, complaint) in [
        ("{ preset: anthropic_6m }", "unknown variant `anthropic_6m`"),
        ("{ tll: 5m }", "unknown field `tll`"),
        ("{ keep_alive: { every: 4m } }", "missing field `until`"),
        ("{ lifetimes: { 5m: { price: 1 } } }", "unknown field `price`"),
    ] {
        let error = serde_yaml::from_str::<PromptCacheSpec>(yaml).unwrap_err().to_string();
        assert!(error.contains(complaint), "{yaml}: {error}");
    }
}

#[test]
fn presets_say_what_their_documents_do_and_give_way_to_what_is_said() {
    let rules = |yaml: &str| spec(yaml).rules();
    let anthropic = rules("{ preset: anthropic_5m }");
    assert_eq!(
        (anthropic.mode, anthropic.min_tokens, anthropic.increment),
        (Mode::Marked, 1024, 1)
    );
    assert_eq!(anthropic.lifetimes[0].ttl, Duration::from_secs(300));
    assert!(!anthropic.counts_against_limits && !anthropic.lifetimes[0].is_hour());
    assert!(rules("{ preset: anthropic_1h }").lifetimes[0].is_hour());
    let both = rules("{ preset: anthropic }").lifetimes;
    assert_eq!(both.iter().map(|it| it.share).collect::<Vec<_>>(), [1.0, 0.0]);
    let openai = rules("{ preset: openai, min_tokens: 2000, ttl: 10m }");
    assert_eq!((openai.min_tokens, openai.increment, openai.overflow), (2000, 128, Some(15)));
    assert_eq!(openai.lifetimes[0].ttl, Duration::from_secs(600));
}

/// What is kept, as a list of beginnings: which prompt, how many tokens, until when.
#[derive(Default)]
struct Plain {
    kept: Vec<(Vec<u64>, Time)>,
}

/// A prompt as its tokens, one number for each hundred.
fn tokens(parts: &PromptParts) -> Vec<u64> {
    let mut all = Vec::new();
    for (line, until) in parts.parts() {
        while (all.len() as u64) < until / 100 {
            all.push(*line);
        }
    }
    all
}

impl Plain {
    /// The longest beginning that is kept: any common one, or a whole one that was marked.
    fn read(&self, text: &[u64], limit: usize, automatic: bool, now: Time) -> usize {
        let there = self.kept.iter().filter(|(_, expires)| now < *expires);
        let common = |kept: &[u64]| {
            let same = kept.iter().zip(text).take_while(|(a, b)| a == b).count().min(limit);
            if automatic || same == kept.len() { same } else { 0 }
        };
        there.map(|(kept, _)| common(kept)).max().unwrap_or(0)
    }
}

proptest! {
    /// Against the plain list: what is read, that reasons add up, and that no more is held than
    /// fits.
    #[test]
    fn the_cache_is_the_one_defined(
        automatic: bool,
        asks in prop::collection::vec((0_u64..4, 1_u64..12, 0_u64..3, 0_u64..400), 1..120),
        refresh: bool,
    ) {
        let mode = if automatic { "automatic" } else { "marked" };
        let renews = if refresh { "on_use" } else { "never" };
        let increment = if automatic { "increment: 100, " } else { "" };
        let mut cache = cache(&format!(
            "{{ mode: {mode}, refresh: {renews}, {increment}min_tokens: 100, ttl: 1000s }}"
        ));
        let mut plain = Plain::default();
        let mut now = 0;
        for (whose, length, system, passes) in asks {
            now += passes;
            let (now, until) = (at(now), at(now + 1000));
            let system = system * 200;
            let text = prompt(system, &[(whose, system + length * 100)]);
            let whole = tokens(&text);
            let used = ask(&mut cache, &text, &by(0), now);
            let read = plain.read(&whole, whole.len(), automatic, now);
            prop_assert_eq!(used.read, read as u64 * 100);
            prop_assert_eq!(used.read + used.missed.total(), text.tokens());
            let marks = [system as usize / 100, whole.len()];
            if automatic {
                // Up to where it was read it is there for as long as it was, or for longer; the
                // rest for no longer than that.
                let before = plain.kept.iter().filter(|(kept, expires)| {
                    now < *expires && kept.len() >= read && kept[..read] == whole[..read]
                });
                let before = before.map(|(_, expires)| *expires).max();
                let expires = match before.filter(|_| read > 0 && !refresh) {
                    Some(before) => before.min(until),
                    None => until,
                };
                if refresh || read < whole.len() {
                    plain.kept.push((whole, expires));
                }
            } else {
                for (kept, expires) in &mut plain.kept {
                    let used = marks.contains(&kept.len()) || kept.len() == read;
                    if refresh && now < *expires && used && kept.len() <= read
                        && whole.starts_with(kept)
                    {
                        *expires = until;
                    }
                }
                for mark in marks.into_iter().filter(|mark| *mark > read) {
                    plain.kept.push((whole[..mark].to_vec(), until));
                }
            }
        }
    }

    /// However much is asked, no more is kept than fits.
    #[test]
    fn no_more_is_held_than_fits(
        asks in prop::collection::vec((0_u64..20, 1_u64..40, 0_u64..200), 1..200),
        marked: bool,
    ) {
        let mode = if marked { "marked" } else { "automatic" };
        let mut cache =
            cache(&format!("{{ mode: {mode}, capacity: 5000 tokens, min_tokens: 100 }}"));
        let mut now = 0;
        for (whose, length, passes) in asks {
            now += passes;
            let used = ask(&mut cache, &prompt(300, &[(whose, 300 + length * 100)]), &by(0), at(now));
            prop_assert!(cache.held() <= 5000);
            prop_assert!(used.read <= used.until);
        }
    }
}
