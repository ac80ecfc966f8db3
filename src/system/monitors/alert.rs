//! What fired, and which fault it told of.

use crate::kernel::{Duration, Time};

/// Something that went wrong and of which an alert may tell.
#[derive(Clone, Debug)]
pub(in crate::system) struct Fault {
    /// The model that it happened to.
    pub model: u32,
    /// The replica that crashed; none of a brown-out.
    pub replica: Option<u32>,
    /// When it began.
    pub from: Time,
    /// When it ended, if it has.
    pub until: Option<Time>,
    /// By rule: whether an alert has told of it.
    told: Vec<bool>,
}

impl Fault {
    /// Whether an alert of the rule told of it.
    pub fn was_told(&self, rule: usize) -> bool {
        self.told[rule]
    }

    /// Whether it was there after `after`, up to `until`.
    fn is_between(&self, after: Option<Time>, until: Time) -> bool {
        let lasts = |after| self.until.is_none_or(|end| end > after);
        self.from <= until && after.is_none_or(lasts)
    }
}

/// What an alert told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::system) enum Cause {
    /// Nothing goes wrong in this experiment at a time that is known.
    Unknown,
    /// No fault was there: it is a false alarm.
    Nothing,
    /// The fault with this number, which the rule had not told of before.
    News(usize),
    /// The fault with this number, which the rule had told of.
    Again(usize),
}

/// An alert that fired.
#[derive(Clone, Debug)]
pub(in crate::system) struct Alert {
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
    /// The value farthest beyond the bound.
    pub peak: Option<f64>,
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

/// All alerts and faults of a run.
#[derive(Clone, Debug, Default)]
pub(in crate::system) struct Alerts {
    /// In the order in which they fired.
    pub list: Vec<Alert>,
    /// In the order in which they became known.
    pub faults: Vec<Fault>,
    /// Whether the experiment has faults at all that begin at a time that is known.
    pub has_faults: bool,
    /// By rule: the number of its alert that fires now, and what came before it that may
    /// be its cause.
    firing: Vec<Option<(usize, Option<Time>)>>,
}

impl Alerts {
    /// Of so many rules.
    pub fn new(rules: usize) -> Self {
        Alerts { firing: vec![None; rules], ..Alerts::default() }
    }

    /// Something goes wrong, at once or later.
    pub fn begin(&mut self, model: u32, replica: Option<u32>, from: Time, until: Option<Time>) {
        let told = vec![false; self.firing.len()];
        self.faults.push(Fault { model, replica, from, until, told });
    }

    /// A replica that crashed is repaired.
    pub fn repair(&mut self, model: u32, replica: u32, now: Time) {
        let here = |fault: &&mut Fault| {
            fault.model == model && fault.replica == Some(replica) && fault.until.is_none()
        };
        if let Some(fault) = self.faults.iter_mut().rev().find(here) {
            fault.until = Some(now);
        }
    }

    /// An alert fires. What it may tell of was there within `reach` of when its condition
    /// began to hold, or later.
    pub fn fire(&mut self, mut alert: Alert, reach: Duration) {
        // A window from the start of the run reaches back to everything.
        let after = alert.pending.0.checked_sub(reach.0).map(Time);
        let rule = alert.rule;
        let there = |(_, fault): &(usize, &Fault)| fault.is_between(after, alert.fired);
        let earliest = |news: bool| {
            let all = self.faults.iter().enumerate().filter(there);
            all.filter(|(_, fault)| !(news && fault.told[rule]))
                .min_by_key(|(_, fault)| fault.from)
                .map(|(index, fault)| (index, fault.from))
        };
        (alert.cause, alert.onset) = match (earliest(true), earliest(false)) {
            (Some((index, from)), _) => (Cause::News(index), from),
            (None, Some((index, from))) => (Cause::Again(index), from),
            (None, None) if self.has_faults => (Cause::Nothing, alert.pending),
            (None, None) => (Cause::Unknown, alert.pending),
        };
        self.tell(rule, after, alert.fired);
        self.firing[rule] = Some((self.list.len(), after));
        self.list.push(alert);
    }

    /// The alert of a rule that fires now.
    pub fn present(&mut self, rule: usize) -> Option<&mut Alert> {
        let (index, _) = self.firing[rule]?;
        self.list.get_mut(index)
    }

    /// The alert of a rule is over. What began while it fired was told, too.
    pub fn resolve(&mut self, rule: usize, now: Time) {
        if let Some((index, after)) = self.firing[rule].take() {
            self.list[index].resolved = Some(now);
            self.tell(rule, after, now);
        }
    }

    /// The run is over: nothing counts that came later than `end`.
    pub fn close(&mut self, end: Time) {
        self.list.retain(|alert| alert.fired <= end);
        for alert in &mut self.list {
            alert.resolved = alert.resolved.filter(|resolved| *resolved <= end);
        }
        self.faults.retain(|fault| fault.from <= end);
        for rule in 0..self.firing.len() {
            if let Some((_, after)) = self.firing[rule].take() {
                self.tell(rule, after, end);
            }
        }
    }

    fn tell(&mut self, rule: usize, after: Option<Time>, until: Time) {
        for fault in self.faults.iter_mut().filter(|fault| fault.is_between(after, until)) {
            fault.told[rule] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;

    fn fired(pending: u64, fired: u64) -> Alert {
        Alert {
            rule: 0,
            pending: Time::from_secs(pending),
            fired: Time::from_secs(fired),
            resolved: None,
            value: None,
            peak: None,
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
            all.begin(0, None, Time::from_secs(*from), Some(Time::from_secs(*until)));
        }
        for (pending, at, resolved) in alerts {
            all.fire(fired(*pending, *at), Duration::from_secs(MINUTE));
            all.resolve(0, Time::from_secs(*resolved));
        }
        (all.list.iter().map(|alert| alert.cause).collect(), all)
    }

    #[test]
    fn a_rule_tells_of_a_fault_once_and_is_false_without_one() {
        let alerts = [(50, 60, 70), (130, 150, 160), (200, 210, 220), (400, 410, 420)];
        let (found, all) = causes(&[(100, 300)], &alerts);
        assert_eq!(found, [Cause::Nothing, Cause::News(0), Cause::Again(0), Cause::Nothing]);
        let times: Vec<_> = all.list.iter().map(Alert::time_to_detect).collect();
        let secs = |secs| Some(Duration::from_secs(secs));
        assert_eq!(times, [secs(10), secs(50), None, secs(10)]);
        // Within a window of its end, a fault is still what the window saw.
        assert_eq!(causes(&[(100, 300)], &[(359, 370, 380)]).0, [Cause::News(0)]);
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
        let told: Vec<bool> = all.faults.iter().map(|fault| fault.was_told(0)).collect();
        assert_eq!(told, [true, true, false]);
    }

    #[test]
    fn what_came_after_the_end_does_not_count() {
        let (_, mut all) = causes(&[(10, 20)], &[(10, 20, 40), (50, 60, 70)]);
        all.close(Time::from_secs(30));
        assert_eq!(all.list.len(), 1);
        assert_eq!(all.list[0].resolved, None);
    }
}
