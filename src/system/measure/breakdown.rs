//! Who gave the answers, and to whom, over virtual time.

use crate::kernel::{Duration, Time};
use crate::pipeline::Outcome;
use crate::stats::Table;
use crate::system::setup::Setup;

/// Users with rows of their own; the answers to further ones are one part.
const MOST_USERS: usize = 1000;

/// Answers by model, by cache level and by user; each of these is all answers.
#[derive(Debug)]
pub struct Breakdown {
    /// The timeline's, when the last answer was counted.
    interval: Duration,
    /// Counts by interval.
    models: Parts,
    pub levels: Parts,
    pub users: Parts,
}

/// Of each part its counts by interval, as far as there were any.
type Parts = Vec<Vec<u64>>;

impl Breakdown {
    /// That of a run, if its setup asks for it.
    pub fn asked(setup: &Setup, users: usize) -> Option<Box<Self>> {
        let levels = setup.cache.as_ref().map_or(0, |cache| cache.levels.len());
        let asked = setup.record_breakdown;
        asked.then(|| Box::new(Breakdown::new(setup.models.len(), levels, users)))
    }

    /// Of a system with so many models, cache levels and users.
    fn new(models: usize, levels: usize, users: usize) -> Self {
        Breakdown {
            interval: Duration::ZERO,
            // After the models: caches.
            models: vec![Vec::new(); models + 1],
            // After the levels: the semantic cache, single flight, and models.
            levels: vec![Vec::new(); levels + 3],
            // After the users: others.
            users: vec![Vec::new(); users.min(MOST_USERS) + 1],
        }
    }

    /// Counts an answer to `user` that `model` gave now or once; `interval` is the
    /// timeline's, which doubles when it has to.
    pub fn count(
        &mut self,
        now: Time,
        interval: Duration,
        outcome: Outcome,
        (model, user): (u32, u32),
    ) {
        self.join_until(interval);
        let (caches, others) = (self.models.len() - 1, self.users.len() - 1);
        let models = self.levels.len() - 1;
        let (model, level) = match outcome {
            Outcome::Answered => (model as usize, models),
            Outcome::Hit(level) => (caches, usize::from(level)),
            Outcome::SimilarHit => (caches, models - 2),
            Outcome::Coalesced => (caches, models - 1),
            Outcome::Failed(_) => return,
        };
        let at = (now.as_nanos() / interval.as_nanos()) as usize;
        for (parts, part) in [
            (&mut self.models, model),
            (&mut self.levels, level),
            (&mut self.users, others.min(user as usize)),
        ] {
            let counts = &mut parts[part];
            if counts.len() <= at {
                counts.resize(at + 1, 0);
            }
            counts[at] += 1;
        }
    }

    /// Joins intervals in pairs, as the timeline does.
    pub fn join_until(&mut self, interval: Duration) {
        if self.interval.is_zero() {
            self.interval = interval;
        }
        while self.interval < interval {
            for parts in [&mut self.models, &mut self.levels, &mut self.users] {
                for counts in parts {
                    *counts = counts.chunks(2).map(|pair| pair.iter().sum()).collect();
                }
            }
            self.interval = self.interval * 2;
        }
    }

    /// A row for each interval of each part that had answers. `rows` are the ends, in
    /// seconds, and the lengths of the timeline's rows.
    pub fn table(&self, names: [Vec<String>; 3], rows: &[(f64, Duration)]) -> Table {
        let mut table = Table::new(["by", "name", "time_s", "answers_rps"]);
        let kinds = [("model", &self.models), ("level", &self.levels), ("user", &self.users)];
        for ((by, parts), names) in kinds.into_iter().zip(names) {
            for (counts, name) in parts.iter().zip(names).filter(|(counts, _)| !counts.is_empty()) {
                for (index, (end_s, length)) in rows.iter().enumerate() {
                    // The last row has what is left after it as well.
                    let until = if index + 1 == rows.len() { counts.len() } else { index + 1 };
                    let part = counts.get(index.min(counts.len())..until.min(counts.len()));
                    let count: u64 = part.into_iter().flatten().sum();
                    let rate = count as f64 / length.as_secs_f64();
                    table.push(vec![by.into(), name.as_str().into(), (*end_s).into(), rate.into()]);
                }
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Cell;

    #[test]
    fn parts_follow_the_timeline_when_its_intervals_are_joined() {
        let mut breakdown = Breakdown::new(2, 1, 3);
        let second = Duration::from_secs(1);
        for at in 0..5 {
            let outcome = if at % 2 == 0 { Outcome::Answered } else { Outcome::Hit(0) };
            breakdown.count(Time::from_secs(at), second, outcome, (1, at as u32));
        }
        breakdown.count(Time::from_secs(9), second * 4, Outcome::Coalesced, (0, 0));
        assert_eq!(breakdown.models, [vec![], vec![2, 1], vec![2, 0, 1]]);
        assert_eq!(breakdown.levels, [vec![2], vec![], vec![0, 0, 1], vec![2, 1]]);
        assert_eq!(breakdown.users, [vec![1, 0, 1], vec![1], vec![1], vec![1, 1]]);
        let names = [["a", "b", "c"].as_slice(), &["l1", "s", "f", "m"], &["u", "v", "w", "o"]];
        let names = names.map(|kind| kind.iter().map(|&name| name.to_owned()).collect());
        // The timeline's last row has its sliver in it.
        let rows = [(4.0, second * 4), (8.0, second * 5)];
        let table = breakdown.table(names, &rows);
        let rate = |name: &str| -> f64 {
            let mine = table.rows.iter().filter(|row| row[1] == Cell::from(name));
            mine.zip(&rows)
                .map(|(row, (_, length))| match row[3] {
                    Cell::Num(rate) => rate * length.as_secs_f64(),
                    _ => f64::NAN,
                })
                .sum()
        };
        assert_eq!(["b", "c", "l1", "m", "u", "o"].map(rate), [3.0, 3.0, 2.0, 3.0, 2.0, 2.0]);
    }
}
