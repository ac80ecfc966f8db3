//! The simulation loop: a clock, an event list, and a model that handles events.

use super::event_list::{EventId, EventList};
use super::time::{Duration, Time};

/// A system under simulation.
pub trait Model {
    /// What can happen in it; usually an enum, the smaller the faster.
    type Event;

    /// Lets `event` happen at `sim.now()`.
    fn handle(&mut self, event: Self::Event, sim: &mut Scheduler<Self::Event>);
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// No event is left.
    Drained,
    /// The model called [`Scheduler::stop`].
    Stopped,
    /// The time or the number of events that was asked for is reached.
    Reached,
    /// The next event is at [`Time::MAX`] or would be later: it never happens, and
    /// nothing happens before it. [`Simulation::next_event`] is that event.
    EndOfTime,
}

/// The clock and the future: what a model sees of its simulation.
#[derive(Clone, Debug)]
pub struct Scheduler<E> {
    now: Time,
    list: EventList<E>,
    stopped: bool,
}

impl<E> Default for Scheduler<E> {
    fn default() -> Self {
        Scheduler { now: Time::ZERO, list: EventList::default(), stopped: false }
    }
}

impl<E> Scheduler<E> {
    /// The virtual time.
    #[inline]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Schedules `event` at `time`, after all ordinary events that are scheduled
    /// there already.
    ///
    /// The past cannot be changed: an earlier `time` than now is a mistake of
    /// the model, which debug builds assert; others let the event happen now.
    #[inline]
    pub fn schedule_at(&mut self, time: Time, event: E) -> EventId {
        debug_assert!(time >= self.now, "{time} is past: it is {}", self.now);
        self.list.push(time.max(self.now), event)
    }

    /// Schedules `event` after `delay`.
    #[inline]
    pub fn schedule_in(&mut self, delay: Duration, event: E) -> EventId {
        self.list.push(self.now.saturating_add(delay), event)
    }

    /// Schedules `event` at `time`, after all ordinary events of that instant, those
    /// scheduled later included, and after the late events scheduled there before:
    /// for what looks at an instant when everything else has happened in it. What a
    /// late event schedules at its own instant with [`schedule_at`](Self::schedule_at)
    /// comes before the late events that are left.
    ///
    /// The past is as for `schedule_at`.
    ///
    /// ```
    /// use windtunnel::kernel::{Model, Scheduler, Simulation, Time};
    ///
    /// struct Diary(Vec<&'static str>);
    ///
    /// impl Model for Diary {
    ///     type Event = &'static str;
    ///     fn handle(&mut self, event: &'static str, sim: &mut Scheduler<&'static str>) {
    ///         self.0.push(event);
    ///         if event == "guest" {
    ///             sim.schedule_at(sim.now(), "guest's friend");
    ///         }
    ///     }
    /// }
    ///
    /// let mut sim = Simulation::new(Diary(Vec::new()));
    /// sim.scheduler_mut().schedule_late_at(Time(5), "count them");
    /// sim.scheduler_mut().schedule_at(Time(5), "guest");
    /// sim.run();
    /// assert_eq!(sim.model.0, ["guest", "guest's friend", "count them"]);
    /// ```
    #[inline]
    pub fn schedule_late_at(&mut self, time: Time, event: E) -> EventId {
        debug_assert!(time >= self.now, "{time} is past: it is {}", self.now);
        self.list.push_late(time.max(self.now), event)
    }

    /// Whether the next event is a late one of this very instant: no ordinary event
    /// is left in it.
    pub fn next_is_late(&mut self) -> bool {
        self.list.peek() == Some((self.now, true))
    }

    /// Takes back an event. `None` if it has happened or was cancelled before,
    /// however long ago: an id never names another event.
    pub fn cancel(&mut self, id: EventId) -> Option<E> {
        self.list.cancel(id)
    }

    /// The number of events to come.
    pub fn pending(&self) -> usize {
        self.list.len()
    }

    /// Ends the present run once the event at hand is handled.
    pub const fn stop(&mut self) {
        self.stopped = true;
    }
}

/// A model and its scheduler.
///
/// ```
/// use windtunnel::kernel::{Duration, Ended, Model, Scheduler, Simulation, Time};
///
/// /// Ticks every second.
/// struct Clock { ticks: u32 }
///
/// impl Model for Clock {
///     type Event = ();
///     fn handle(&mut self, (): (), sim: &mut Scheduler<()>) {
///         self.ticks += 1;
///         sim.schedule_in(Duration::from_secs(1), ());
///     }
/// }
///
/// let mut sim = Simulation::new(Clock { ticks: 0 });
/// sim.scheduler_mut().schedule_at(Time::ZERO, ());
/// assert_eq!(sim.run_until(Time(2_500_000_000)), Ended::Reached);
/// assert_eq!(sim.model.ticks, 3);
/// assert_eq!(sim.now(), Time(2_500_000_000));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Simulation<M: Model> {
    /// The system under simulation.
    pub model: M,
    scheduler: Scheduler<M::Event>,
    events: u64,
}

impl<M: Model> Simulation<M> {
    /// A simulation of `model` at time zero, with nothing scheduled.
    pub fn new(model: M) -> Self {
        Simulation { model, scheduler: Scheduler::default(), events: 0 }
    }

    /// For scheduling from outside: the first events.
    pub const fn scheduler_mut(&mut self) -> &mut Scheduler<M::Event> {
        &mut self.scheduler
    }

    /// The model and the scheduler at once: for a model that schedules its own
    /// first events.
    pub const fn parts_mut(&mut self) -> (&mut M, &mut Scheduler<M::Event>) {
        (&mut self.model, &mut self.scheduler)
    }

    /// The virtual time.
    pub const fn now(&self) -> Time {
        self.scheduler.now
    }

    /// The number of events handled so far.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The event that is to happen next, or that never happens.
    pub fn next_event(&mut self) -> Option<&M::Event> {
        self.scheduler.list.first()
    }

    /// Runs until no event is left or the model stops.
    pub fn run(&mut self) -> Ended {
        self.advance(Time::MAX, u64::MAX)
    }

    /// Handles all events due at `end` or before; the clock then shows `end`,
    /// unless the model stopped earlier.
    pub fn run_until(&mut self, end: Time) -> Ended {
        let ended = self.advance(end, u64::MAX);
        if ended != Ended::Stopped {
            self.scheduler.now = self.scheduler.now.max(end);
        }
        ended
    }

    /// Handles at most `count` events.
    pub fn run_events(&mut self, count: u64) -> Ended {
        self.advance(Time::MAX, count)
    }

    fn advance(&mut self, end: Time, count: u64) -> Ended {
        // An event at the end of time never happens.
        const LAST: Time = Time(u64::MAX - 1);
        let end = end.min(LAST);
        self.scheduler.stopped = false;
        for _ in 0..count {
            let Some((time, event)) = self.scheduler.list.pop_until(end) else {
                break;
            };
            debug_assert!(time >= self.scheduler.now, "virtual time never runs backwards");
            self.scheduler.now = time;
            self.events += 1;
            self.model.handle(event, &mut self.scheduler);
            if self.scheduler.stopped {
                return Ended::Stopped;
            }
        }
        match self.scheduler.list.peek() {
            None => Ended::Drained,
            Some((Time::MAX, _)) if end == LAST => Ended::EndOfTime,
            Some(_) => Ended::Reached,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each event schedules the next one after twice the time.
    struct Doubling;

    impl Model for Doubling {
        type Event = u64;
        fn handle(&mut self, wait: u64, sim: &mut Scheduler<u64>) {
            sim.schedule_in(Duration(wait), wait.saturating_mul(2));
        }
    }

    #[test]
    fn a_run_that_would_pass_the_end_of_time_ends_before_it() {
        let mut sim = Simulation::new(Doubling);
        sim.scheduler_mut().schedule_at(Time::ZERO, 1);
        assert_eq!(sim.run_until(Time::from_secs(1)), Ended::Reached);
        assert_eq!(sim.run(), Ended::EndOfTime);
        assert!(sim.now() < Time::MAX && sim.events() == 64, "{} {}", sim.now(), sim.events());
        assert_eq!(sim.next_event(), Some(&u64::MAX));
        assert_eq!(sim.run(), Ended::EndOfTime);
        assert_eq!(sim.events(), 64);
    }
}
