//! Which runs there are to do, a round at a time: points whose replications are to be
//! as many as it takes ask for more when the last round is done.

use super::shard::Shard;
use super::store::Store;
use crate::experiment::prepare::resolved::Resolved;
use crate::experiment::spec::replications::{Replications, Standing};

/// The runs of a shard, as far as the finished ones tell which are needed.
pub(super) struct Rounds<'s> {
    replications: Replications,
    shard: Shard,
    store: &'s Store,
    /// How many replications each point needs, as far as is known.
    needs: Vec<usize>,
    /// The points that may ask for more.
    open: Vec<Open>,
}

/// A point that may ask for more.
struct Open {
    point: usize,
    /// What the deciding metric was in its first replications.
    known: Vec<f64>,
}

impl<'s> Rounds<'s> {
    pub(super) fn new(resolved: &Resolved, shard: Shard, store: &'s Store) -> Self {
        let replications = resolved.replications();
        let points = resolved.points();
        let here = |point: &usize| !replications.vary() || shard.has(*point);
        let open = |point| Open { point, known: Vec::new() };
        let open = (0..points).filter(here).map(open).collect();
        Rounds { replications, shard, store, needs: vec![0; points], open }
    }

    /// The numbers of the runs that are to be done next; none if all are done.
    pub(super) fn next(&mut self) -> Vec<usize> {
        let Rounds { replications, shard, store, needs, open } = self;
        let (most, mut pending) = (replications.most(), Vec::new());
        open.retain_mut(|Open { point, known }| {
            let first = *point * most;
            let standing = replications.standing(|replication, metric| {
                if replication == known.len() {
                    let record = store.recall(first + replication)?;
                    known.push(metric.of(&record.tables.metrics));
                }
                Some(known[replication])
            });
            let (Standing::Needs(count) | Standing::Done(count)) = standing;
            needs[*point] = count;
            let missing = |run: &usize| shard.has(replications.dealt(*run)) && !store.has(*run);
            pending.extend((first + known.len()..first + count).filter(missing));
            matches!(standing, Standing::Needs(_))
        });
        pending
    }

    /// All runs that are needed, as far as is known.
    pub(super) fn runs(&self) -> impl Iterator<Item = usize> {
        let most = self.replications.most();
        let points = self.needs.iter().enumerate();
        let runs = points.flat_map(move |(point, count)| point * most..point * most + count);
        runs.filter(|run| self.shard.has(self.replications.dealt(*run)))
    }

    /// The most runs that a later round may have.
    pub(super) fn widest(&self) -> usize {
        self.open.len() * self.replications.step()
    }
}
