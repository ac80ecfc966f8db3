//! What is to be run, a round at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use rayon::prelude::*;

use super::execute::{ExecuteError, Progress};
use super::prepare::Prepared;
use super::replications::{Replications, Standing};
use super::shard::Shard;
use super::store::Store;
use super::warmup::find_warmup;
use super::workspace::Workspace;
use crate::kernel::Duration;
use crate::system::{RunError, Warmup};

/// Points whose replications are to be as many as it takes ask for more when the last
/// round is done; all others have one round.
pub(super) struct Rounds<'e> {
    store: &'e Store,
    shard: Shard,
    replications: Replications,
    open: Vec<Open>,
    /// How many runs there are, as far as is known.
    pub runs: usize,
}

/// A point that may ask for more.
#[derive(Default)]
struct Open {
    point: usize,
    /// What the deciding metric was in its first replications.
    known: Vec<f64>,
    /// How many replications it needs, as far as is known.
    needs: usize,
}

impl<'e> Rounds<'e> {
    pub(super) fn new(prepared: &Prepared, workspace: &'e Workspace) -> Self {
        let open = |point| Open { point, ..Open::default() };
        Rounds {
            store: workspace.store(),
            shard: workspace.shard(),
            replications: prepared.replications(),
            open: (0..prepared.setups.len()).map(open).collect(),
            runs: 0,
        }
    }

    /// The numbers of the runs that are to be run next; none if all is done.
    pub(super) fn next(&mut self) -> Vec<usize> {
        let (store, shard) = (self.store, self.shard);
        let (most, vary) = (self.replications.most(), self.replications.vary());
        let ours = |run: &usize| Shard::index_of(*run, shard.of()) + 1 == shard.number();
        let mut pending = Vec::new();
        let mut open = std::mem::take(&mut self.open);
        open.retain_mut(|it| {
            let first = it.point * most;
            let standing = self.replications.standing(|replication, metric| {
                if replication == it.known.len() {
                    let run = first + replication;
                    // A record is read only where it decides something.
                    let value = if vary {
                        store.recall(run)?.tables.metrics[metric]
                    } else {
                        store.has(run).then_some(f64::NAN)?
                    };
                    it.known.push(value);
                }
                Some(it.known[replication])
            });
            let (Standing::Needs(needs) | Standing::Done(needs)) = standing;
            self.runs += (first + it.needs..first + needs).filter(ours).count();
            it.needs = needs;
            let runs = (first + it.known.len()..first + needs).filter(ours);
            pending.extend(runs.filter(|run| !store.has(*run)));
            matches!(standing, Standing::Needs(_))
        });
        self.open = open;
        pending
    }
}

/// By point, the warm-up that was found.
pub(super) type Warmups = BTreeMap<usize, Duration>;

/// Runs the pilots of the points that have runs to do and ask for it.
pub(super) fn find_warmups(
    prepared: &Prepared,
    pool: &rayon::ThreadPool,
    pending: &[usize],
    progress: &Progress,
) -> Result<Warmups, ExecuteError> {
    let most = prepared.replications().most();
    let points: BTreeSet<usize> = pending.iter().map(|run| run / most).collect();
    let auto = |point: &usize| prepared.setups[*point].warmup == Warmup::Auto;
    let points: Vec<usize> = points.into_iter().filter(auto).collect();
    let seed = prepared.experiment.seed;
    let pilot = |&point: &usize| match find_warmup(&prepared.setups[point], seed, &progress.stop) {
        Ok(warmup) => Ok((point, warmup)),
        Err(RunError::Interrupted) => Err(ExecuteError::Interrupted {
            done: progress.recalled.load(Ordering::Relaxed),
            runs: prepared.runs(),
        }),
        Err(source) => Err(ExecuteError::Pilot { point, source }),
    };
    pool.install(|| points.par_iter().with_max_len(1).map(pilot).collect())
}
