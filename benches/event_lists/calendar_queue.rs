//! A calendar queue (R. Brown, Calendar queues, CACM 31(10), 1988): a year of
//! days, each a short list sorted latest first. The number of days follows the
//! number of events, and their width the gaps between the next ones.

use super::Candidate;

struct Entry<E> {
    key: u128,
    event: E,
}

/// See the module.
pub struct CalendarQueue<E> {
    days: Vec<Vec<Entry<E>>>,
    /// Width of a day, as a power of two of nanoseconds.
    shift: u32,
    len: usize,
    /// The day, counted from time zero, in which the search begins.
    today: u64,
    order: u64,
}

impl<E> Default for CalendarQueue<E> {
    fn default() -> Self {
        CalendarQueue {
            days: (0..4).map(|_| Vec::new()).collect(),
            shift: 20,
            len: 0,
            today: 0,
            order: 0,
        }
    }
}

impl<E> Candidate<E> for CalendarQueue<E> {
    const NAME: &'static str = "calendar queue";

    fn push(&mut self, time: u64, event: E) {
        self.order += 1;
        self.insert(Entry { key: u128::from(time) << 64 | u128::from(self.order), event });
        self.len += 1;
        if self.len > 2 * self.days.len() {
            self.resize(2 * self.days.len());
        }
    }

    fn pop(&mut self) -> Option<(u64, E)> {
        if self.len == 0 {
            return None;
        }
        let mask = self.days.len() - 1;
        for _ in 0..=mask {
            let day = &mut self.days[self.today as usize & mask];
            if day.last().is_some_and(|next| (next.key >> 64) as u64 >> self.shift == self.today) {
                return self.take();
            }
            self.today += 1;
        }
        // A year without events: go to the day of the earliest.
        let next = self.days.iter().filter_map(|day| day.last()).map(|entry| entry.key).min()?;
        self.today = (next >> 64) as u64 >> self.shift;
        self.take()
    }
}

impl<E> CalendarQueue<E> {
    fn take(&mut self) -> Option<(u64, E)> {
        let mask = self.days.len() - 1;
        let entry = self.days[self.today as usize & mask].pop()?;
        self.len -= 1;
        if self.len < self.days.len() / 4 && self.days.len() > 4 {
            self.resize(self.days.len() / 2);
        }
        Some(((entry.key >> 64) as u64, entry.event))
    }

    fn insert(&mut self, entry: Entry<E>) {
        let number = (entry.key >> 64) as u64 >> self.shift;
        self.today = self.today.min(number);
        let mask = self.days.len() - 1;
        let day = &mut self.days[number as usize & mask];
        let mut place = day.len();
        while place > 0 && day[place - 1].key < entry.key {
            place -= 1;
        }
        day.insert(place, entry);
    }

    /// A new year of `days`, each three times as wide as the mean gap between
    /// the next (at most 64) events.
    fn resize(&mut self, days: usize) {
        let mut entries: Vec<Entry<E>> = self.days.drain(..).flatten().collect();
        let sample = entries.len().min(64);
        if sample > 1 {
            entries.select_nth_unstable_by_key(sample - 1, |entry| entry.key);
            let times = entries[..sample].iter().map(|entry| (entry.key >> 64) as u64);
            let (first, last) = times.fold((u64::MAX, 0), |(a, b), t| (a.min(t), b.max(t)));
            let width = 3 * (last - first) / (sample as u64 - 1);
            self.shift = width.max(1).ilog2();
        }
        self.days.resize_with(days, Vec::new);
        self.today = u64::MAX;
        for entry in entries {
            self.insert(entry);
        }
    }
}
