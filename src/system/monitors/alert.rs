//! What fired, and which fault it told of.

use super::condition::farther;
use super::fault::{FaultId, Faults};
use crate::kernel::{Duration, Time};

/// What an alert told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Nothing goes wrong in this experiment at a time that is known.
    Unknown,
    /// No fault was there: it is a false alarm.
    Nothing,
    /// A fault that the rule had not told of before.
    News(FaultId),
    /// A fault that the rule had told of.
    Again(FaultId),
}

/// The value of an alert farthest beyond its bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peak {
    above: bool,
    value: Option<f64>,
    /// The same of what came later than all work so far, and since when: only if more work
    /// comes, the run was not over before.
    later: Option<(Time, Option<f64>)>,
}

impl Peak {
    /// On one side of the bound.
    pub fn new(above: bool, value: Option<f64>) -> Self {
        Peak { above, value, later: None }
    }

    /// Another value, when there was work until `worked`.
    pub fn note(&mut self, now: Time, value: Option<f64>, worked: Time) {
        self.settle(worked);
        let (since, later) = self.later.unwrap_or((now, None));
        self.later = Some((since, farther(self.above, later, value)));
    }

    /// The run went on until then.
    fn settle(&mut self, until: Time) {
        if let Some((_, later)) = self.later.take_if(|(since, _)| *since <= until) {
            self.value = farther(self.above, self.value, later);
        }
    }

    /// What it is in the end.
    pub fn value(&self) -> Option<f64> {
        self.value
    }
}

/// An alert that fired.
#[derive(Clone, Debug)]
pub(super) struct Alert {
    /// Its rule's number.
    pub rule: usize,
    /// Since when the condition held.
    pub pending: Time,
    /// When it fired.
    pub fired: Time,
    /// When it was over; none if it fires still.
    pub resolved: Option<Time>,
    /// The value when it fired.
    pub value: Option<f64>,
    pub peak: Peak,
    /// What it told of.
    pub cause: Cause,
    /// From when its detection counts.
    pub onset: Time,
}

impl Alert {
    /// From the onset until it fired; none where the rule had told of the fault before.
    pub fn time_to_detect(&self) -> Option<Duration> {
        let is_news = !matches!(self.cause, Cause::Again(_));
        is_news.then(|| self.fired.since(self.onset))
    }

    /// How long it fired after `from`, up to `end`.
    pub fn firing(&self, from: Time, end: Time) -> Duration {
        self.resolved.unwrap_or(end).since(self.fired.max(from))
    }
}

/// An alert that fires now.
#[derive(Clone, Copy, Debug)]
struct Firing {
    /// Its number.
    alert: usize,
    fired: Time,
    /// After when what was there may be its cause.
    after: Option<Time>,
}

/// All alerts and faults of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Alerts {
    /// In the order in which they fired.
    pub list: Vec<Alert>,
    pub faults: Faults,
    /// Whether the experiment has faults at all that begin at a time that is known.
    pub has_faults: bool,
    /// By rule.
    firing: Vec<Option<Firing>>,
}

impl Alerts {
    /// Of so many rules.
    pub fn new(rules: usize) -> Self {
        Alerts { firing: vec![None; rules], faults: Faults::new(rules), ..Alerts::default() }
    }

    /// An alert fires. What it may tell of was there within `reach` of when its condition
    /// began to hold, or later.
    pub fn fire(&mut self, mut alert: Alert, reach: Duration) {
        let (rule, fired) = (alert.rule, alert.fired);
        // A window from the start of the run reaches back to everything.
        let after = alert.pending.0.checked_sub(reach.0).map(Time);
        let (untold, any) = self.faults.first(rule, (after, fired));
        let onset = |id: FaultId| self.faults[id].from;
        (alert.cause, alert.onset) = match (untold, any) {
            (Some(id), _) => (Cause::News(id), onset(id)),
            (None, Some(id)) => (Cause::Again(id), onset(id)),
            (None, None) if self.has_faults => (Cause::Nothing, alert.pending),
            (None, None) => (Cause::Unknown, alert.pending),
        };
        self.faults.tell(rule, after, fired, fired);
        self.firing[rule] = Some(Firing { alert: self.list.len(), fired, after });
        self.list.push(alert);
    }

    /// The alert of a rule that fires now.
    pub fn present(&mut self, rule: usize) -> Option<&mut Alert> {
        self.list.get_mut(self.firing[rule]?.alert)
    }

    /// The alert of a rule is over. What began while it fired was told, too.
    pub fn resolve(&mut self, rule: usize, now: Time) {
        if let Some(Firing { alert, fired, after }) = self.firing[rule].take() {
            self.list[alert].resolved = Some(now);
            self.faults.tell(rule, after, fired, now);
        }
    }

    /// The run is over: nothing counts that came later than `end`.
    pub fn close(&mut self, end: Time) {
        for rule in 0..self.firing.len() {
            if let Some(Firing { fired, after, .. }) = self.firing[rule].take() {
                self.faults.tell(rule, after, fired, end);
            }
        }
        self.faults.close(end);
        // Nothing fires any more, so that no number of an alert is kept.
        self.list.retain(|alert| alert.fired <= end);
        for alert in &mut self.list {
            alert.resolved = alert.resolved.filter(|resolved| *resolved <= end);
            alert.peak.settle(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: u64 = 60;

    fn fired(pending: u64, fired: u64) -> Alert {
        Alert {
            rule: 0,
            pending: Time::from_secs(pending),
            fired: Time::from_secs(fired),
            resolved: None,
            value: None,
            peak: Peak::new(true, None),
            cause: Cause::Unknown,
            onset: Time::ZERO,
        }
    }

    /// Alerts that are pending, fire and are resolved at these seconds, with faults from
    /// and until these.
    fn causes(faults: &[(u64, u64)], alerts: &[(u64, u64, u64)]) -> (Vec<Cause>, Alerts) {
        let mut all = Alerts::new(1);
        all.has_faults = !faults.is_empty();
        for (from, until) in faults {
            all.faults.plan(0, Time::from_secs(*from), Time::from_secs(*until));
        }
        for (pending, at, resolved) in alerts {
            all.fire(fired(*pending, *at), Duration::from_secs(MINUTE));
            all.resolve(0, Time::from_secs(*resolved));
        }
        (all.list.iter().map(|alert| alert.cause).collect(), all)
    }

    fn told(all: &Alerts) -> Vec<bool> {
        all.faults.all().map(|(id, _)| all.faults.was_told(id, 0)).collect()
    }

    #[test]
    fn a_rule_tells_of_a_fault_once_and_is_false_without_one() {
        let alerts = [(50, 60, 70), (130, 150, 160), (200, 210, 220), (400, 410, 420)];
        let (found, all) = causes(&[(100, 300)], &alerts);
        let fault = all.faults.all().next().unwrap().0;
        assert_eq!(
            found,
            [Cause::Nothing, Cause::News(fault), Cause::Again(fault), Cause::Nothing]
        );
        let times: Vec<_> = all.list.iter().map(Alert::time_to_detect).collect();
        let secs = |secs| Some(Duration::from_secs(secs));
        assert_eq!(times, [secs(10), secs(50), None, secs(10)]);
        // Within a window of its end, a fault is still what the window saw.
        assert_eq!(causes(&[(100, 300)], &[(359, 370, 380)]).0, [Cause::News(fault)]);
        assert_eq!(causes(&[(100, 300)], &[(360, 370, 380)]).0, [Cause::Nothing]);
    }

    #[test]
    fn without_faults_detection_counts_from_the_data() {
        let (found, all) = causes(&[], &[(50, 80, 90)]);
        assert_eq!(found, [Cause::Unknown]);
        assert_eq!(all.list[0].time_to_detect(), Some(Duration::from_secs(30)));
    }

    #[test]
    fn what_begins_while_an_alert_fires_is_told() {
        let (_, all) = causes(&[(100, 200), (150, 900), (950, 960)], &[(120, 130, 180)]);
        assert_eq!(told(&all), [true, true, false]);
    }

    #[test]
    fn what_came_after_the_end_does_not_count() {
        let (_, mut all) = causes(&[(10, 20)], &[(10, 20, 40), (50, 60, 70)]);
        all.close(Time::from_secs(30));
        assert_eq!(all.list.len(), 1);
        assert_eq!(all.list[0].resolved, None);
    }

    #[test]
    fn a_brown_out_that_never_came_changes_no_other_fault_s_name() {
        let mut all = Alerts::new(1);
        all.has_faults = true;
        for (from, until) in [(500, 600), (10, 20), (400, 450)] {
            all.faults.plan(0, Time::from_secs(from), Time::from_secs(until));
        }
        all.faults.crash(7, 3, Time::from_secs(100));
        all.fire(fired(110, 110), Duration::from_secs(MINUTE));
        all.close(Time::from_secs(120));
        let Cause::News(id) = all.list[0].cause else { panic!("{:?}", all.list) };
        assert_eq!((all.faults[id].model, all.faults[id].replica), (7, Some(3)));
        let there: Vec<u64> = all.faults.all().map(|(_, it)| it.from.0 / 1_000_000_000).collect();
        assert_eq!(there, [10, 100]);
        assert_eq!(told(&all), [false, true]);
    }

    #[test]
    fn an_alert_does_not_tell_of_what_began_after_it_was_over() {
        let (found, all) = causes(&[(100, 200)], &[(50, 60, 99), (100, 100, 110)]);
        let fault = all.faults.all().next().unwrap().0;
        assert_eq!(found, [Cause::Nothing, Cause::News(fault)], "at its very beginning");
        assert_eq!(all.list[1].time_to_detect(), Some(Duration::ZERO));
    }

    #[test]
    fn an_alert_after_the_end_tells_of_nothing_and_a_fault_may_outlast_the_run() {
        let (_, mut all) = causes(&[(10, 200)], &[(50, 60, 70)]);
        all.close(Time::from_secs(55));
        assert_eq!((all.list.len(), told(&all)), (0, vec![false]));
        assert_eq!(all.faults.all().next().unwrap().1.until, None, "it lasts still");
    }

    /// What was found by looking at all faults at each alert.
    fn by_brute_force(
        faults: &[(u64, u64)],
        alerts: &[(u64, u64, u64)],
    ) -> (Vec<Option<usize>>, Vec<bool>) {
        let mut told = vec![false; faults.len()];
        let mut onsets = Vec::new();
        for (pending, fired, resolved) in alerts {
            let is_there = |until: u64, (from, end): (u64, u64)| {
                from <= until && pending.checked_sub(MINUTE).is_none_or(|after| end > after)
            };
            let all: Vec<usize> =
                (0..faults.len()).filter(|fault| is_there(*fired, faults[*fault])).collect();
            let first = |news: bool| {
                let wanted = all.iter().filter(|fault| !(news && told[**fault]));
                wanted.min_by_key(|fault| faults[**fault].0).copied()
            };
            onsets.push(first(true).or(first(false)));
            for fault in 0..faults.len() {
                told[fault] |= is_there(*resolved, faults[fault]);
            }
        }
        (onsets, told)
    }

    proptest! {
        #[test]
        fn faults_are_found_as_by_looking_at_all_of_them(
            faults in prop::collection::vec((0u64..600, 0u64..200), 0..12),
            spans in prop::collection::vec((0u64..80, 0u64..60, 1u64..60), 1..8),
        ) {
            let faults: Vec<(u64, u64)> =
                faults.into_iter().map(|(from, span)| (from, from + span)).collect();
            let mut now = 0;
            let alerts: Vec<(u64, u64, u64)> = spans.into_iter().map(|(wait, hold, fires)| {
                let (pending, fired) = (now + wait, now + wait + hold);
                now = fired + fires;
                (pending, fired, now)
            }).collect();
            let (onsets, expected) = by_brute_force(&faults, &alerts);
            let (_, all) = causes(&faults, &alerts);
            let ids: Vec<FaultId> = all.faults.all().map(|(id, _)| id).collect();
            for (alert, onset) in all.list.iter().zip(onsets) {
                let found = match alert.cause {
                    Cause::News(id) | Cause::Again(id) => ids.iter().position(|it| *it == id),
                    _ => None,
                };
                // Of several that began at once any may be named.
                prop_assert_eq!(found.map(|it| faults[it].0), onset.map(|it| faults[it].0));
            }
            prop_assert_eq!(told(&all), expected);
        }
    }
}
