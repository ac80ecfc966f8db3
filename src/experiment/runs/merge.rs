//! Merging shards: finding the runs of a sweep in the folders of its shards.
//!
//! Nothing is believed: a shard counts only if its experiment is the others', its
//! version ours, and every one of its runs there with its checksum.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{SHARD_MANIFEST, ShardManifest};
use super::rounds::Rounds;
use super::shard::Shard;
use super::store::Store;
use super::workspace::partial;
use crate::experiment::prepare::resolved::Resolved;

/// All runs of an experiment.
#[derive(Debug)]
pub struct MergedShards {
    /// The experiment.
    pub resolved: Resolved,
    /// The shards in their order.
    stores: Vec<Store>,
    /// What is strange but does no harm, such as a shard that ran twice.
    pub warnings: Vec<String>,
}

impl MergedShards {
    /// Where a run is kept.
    pub fn store(&self, run: usize) -> &Store {
        let dealt = self.resolved.replications().dealt(run);
        &self.stores[Shard::index_of(dealt, self.stores.len())]
    }

    /// How many shards there are.
    pub fn shards(&self) -> usize {
        self.stores.len()
    }
}

/// A shard's folder and what it says of itself.
#[derive(Debug)]
struct ShardFolder {
    folder: PathBuf,
    manifest: ShardManifest,
}

/// Reads and checks the shards in `folders`, each the folder of a shard or one that
/// holds such folders; experiment by experiment, in the order of their names.
///
/// # Errors
/// Everything that is missing, damaged or at odds, by name.
pub fn merge_shards(folders: &[PathBuf]) -> Result<Vec<MergedShards>, Vec<String>> {
    let mut problems = Vec::new();
    let mut experiments: BTreeMap<String, Vec<ShardFolder>> = BTreeMap::new();
    for folder in find_shards(folders, &mut problems) {
        match ShardManifest::read(&folder) {
            Ok(manifest) => {
                let shard_folders = experiments.entry(manifest.name.clone()).or_default();
                shard_folders.push(ShardFolder { folder, manifest });
            }
            Err(problem) => problems.push(problem),
        }
    }
    let mut all = Vec::new();
    for shard_folders in experiments.into_values() {
        match merge_experiment(shard_folders) {
            Ok(merged) => all.push(merged),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// The folders of shards, each once.
fn find_shards(folders: &[PathBuf], problems: &mut Vec<String>) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let mut here = if folder.join(SHARD_MANIFEST).exists() {
            vec![folder.clone()]
        } else {
            children(folder, |path| !is_hidden(path) && path.join(SHARD_MANIFEST).exists())
        };
        if here.is_empty() {
            let unfinished = children(folder, is_unfinished);
            problems.push(format!(
                "`{}` holds no finished shard (no {SHARD_MANIFEST}){}",
                folder.display(),
                unfinished.first().map_or_else(String::new, |path| format!(
                    ", but the unfinished `{}`",
                    path.display()
                ))
            ));
        }
        here.sort();
        found.append(&mut here);
    }
    // The same folder may be given twice, or with the one that holds it.
    let mut seen = Vec::new();
    found.retain(|folder| {
        let place = fs::canonicalize(folder).unwrap_or_else(|_| folder.clone());
        let new = !seen.contains(&place);
        seen.push(place);
        new
    });
    found
}

fn children(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| wanted(path)).collect()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') && name.contains(".shard-") && name.ends_with(".partial")
}

/// The runs of one experiment.
fn merge_experiment(shard_folders: Vec<ShardFolder>) -> Result<MergedShards, Vec<String>> {
    let mut problems = Vec::new();
    let ours = env!("CARGO_PKG_VERSION");
    for shard_folder in &shard_folders {
        let theirs = &shard_folder.manifest.version;
        if theirs != ours {
            let folder = shard_folder.folder.display();
            problems.push(format!(
                "`{folder}` is of windtunnel {theirs}, this is {ours}: merge with the version that ran it"
            ));
        }
    }
    problems.extend(mismatches(&shard_folders));
    if !problems.is_empty() {
        return Err(problems);
    }
    let Some(first) = shard_folders.first() else { return Err(problems) };
    let resolved = match Resolved::read(&first.manifest.name, first.manifest.experiment.clone()) {
        Ok(resolved) if resolved.hash == first.manifest.hash => resolved,
        Ok(_) => return Err(vec![damaged(first, "its hash is not that of its experiment")]),
        Err(problem) => return Err(vec![damaged(first, &problem)]),
    };
    let of = first.manifest.shard.of();
    let homes: BTreeSet<PathBuf> = shard_folders
        .iter()
        .filter_map(|shard_folder| shard_folder.folder.parent())
        .map(Path::to_path_buf)
        .collect();
    let mut by_shard: BTreeMap<Shard, Vec<ShardFolder>> = BTreeMap::new();
    for shard_folder in shard_folders {
        by_shard.entry(shard_folder.manifest.shard).or_default().push(shard_folder);
    }
    let (mut stores, mut warnings) = (Vec::with_capacity(of), Vec::new());
    for shard in Shard::all(of) {
        match by_shard.remove(&shard) {
            Some(copies) => match intact(&resolved, shard, &copies, &mut warnings) {
                Ok(store) => stores.push(store),
                Err(found) => problems.extend(found),
            },
            None if problems.len() < MOST_TOLD => {
                problems.push(missing(&resolved, shard, &homes));
            }
            None => {}
        }
    }
    if problems.is_empty() {
        Ok(MergedShards { resolved, stores, warnings })
    } else {
        Err(problems)
    }
}

/// What a shard is to have, in words.
fn share(resolved: &Resolved, shard: Shard) -> String {
    if resolved.replications().vary() {
        return listed("point", &shard.share(resolved.points()).collect::<Vec<_>>());
    }
    listed("run", &shard.share(resolved.runs()).collect::<Vec<_>>())
}

/// No more missing shards than this are told.
const MOST_TOLD: usize = 50;

/// That a shard is nowhere, or not finished beside the others.
fn missing(resolved: &Resolved, shard: Shard, homes: &BTreeSet<PathBuf>) -> String {
    let name = &resolved.name;
    let mut partials = homes.iter().map(|home| partial(home, &shard.folder(name)));
    match partials.find(|partial| partial.exists()) {
        Some(partial) => format!(
            "shard {shard} of {name} is not finished: `{}`; go on with --shard {shard} --resume",
            partial.display()
        ),
        None => format!("shard {shard} of {name} is missing: {}", share(resolved, shard)),
    }
}

fn damaged(shard_folder: &ShardFolder, why: &str) -> String {
    format!("`{}` is damaged: {why}", shard_folder.folder.join(SHARD_MANIFEST).display())
}

/// Shards that are not of the same experiment, cut into as many.
fn mismatches(shard_folders: &[ShardFolder]) -> Vec<String> {
    let Some((first, rest)) = shard_folders.split_first() else { return Vec::new() };
    let mut problems = Vec::new();
    for shard_folder in rest {
        let (one, other) = (first.folder.display(), shard_folder.folder.display());
        if shard_folder.manifest.hash != first.manifest.hash {
            let name = &first.manifest.name;
            problems.push(format!(
                "`{one}` and `{other}` are of different experiments, both named `{name}`: the one with hash {}, the other {}",
                first.manifest.hash, shard_folder.manifest.hash
            ));
        } else if shard_folder.manifest.shard.of() != first.manifest.shard.of() {
            problems.push(format!(
                "`{one}` is shard {}, but `{other}` is shard {}: give the shards of one division",
                first.manifest.shard, shard_folder.manifest.shard
            ));
        }
    }
    problems
}

/// The sound one of several copies of a shard; those that are sound must agree.
fn intact(
    resolved: &Resolved,
    shard: Shard,
    copies: &[ShardFolder],
    warnings: &mut Vec<String>,
) -> Result<Store, Vec<String>> {
    let (mut whole, mut flaws) = (Vec::new(), Vec::new());
    for copy in copies {
        match complete(resolved, copy, shard) {
            Ok(found) => whole.push(found),
            Err(mut found) => flaws.append(&mut found),
        }
    }
    let mut whole = whole.into_iter();
    let Some((store, runs)) = whole.next() else { return Err(flaws) };
    for (twin, _) in whole {
        let differs = |run: &&usize| store.content(**run).ok() != twin.content(**run).ok();
        let different: Vec<usize> = runs.iter().filter(differs).copied().collect();
        let (one, other) = (store.folder().display(), twin.folder().display());
        let twice = format!("shard {shard} is there twice, `{one}` and `{other}`");
        if different.is_empty() {
            warnings.push(format!("{twice}, with the same results"));
        } else {
            return Err(vec![format!(
                "{twice}, with different results: {}",
                listed("run", &different)
            )]);
        }
    }
    let used = store.folder().display().to_string();
    warnings.extend(flaws.into_iter().map(|flaw| format!("{flaw}; `{used}` is used instead")));
    Ok(store)
}

/// The runs of a shard's folder, and which those are, if all are there.
fn complete(
    resolved: &Resolved,
    shard_folder: &ShardFolder,
    shard: Shard,
) -> Result<(Store, Vec<usize>), Vec<String>> {
    let again = format!("run it again with --shard {shard} --resume");
    let store = Store::open_finished(&shard_folder.folder)
        .map_err(|error| vec![format!("shard {shard}: {error}; {again}")])?;
    let mut rounds = Rounds::new(resolved, shard, &store);
    let missing = rounds.next();
    let runs: Vec<usize> = rounds.runs().collect();
    if missing.is_empty() && shard_folder.manifest.runs == runs.len() {
        return Ok((store, runs));
    }
    let mut problems = store.damage().to_vec();
    let folder = shard_folder.folder.display();
    if missing.is_empty() {
        problems.push(damaged(shard_folder, "it does not tell the right number of runs"));
    } else {
        let missing = listed("run", &missing);
        problems.push(format!("shard {shard} (`{folder}`) lacks {missing}; {again}"));
    }
    Err(problems)
}

/// `runs 1, 5, 9, ... 97 (25 runs)`.
fn listed(what: &str, numbers: &[usize]) -> String {
    let text = |some: &[usize]| some.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    match numbers {
        [] => format!("no {what}s"),
        [only] => format!("{what} {only}"),
        [first @ .., last] if first.len() < 6 => format!("{what}s {} and {last}", text(first)),
        [first @ .., last] => {
            format!("{what}s {}, ... {last} ({} {what}s)", text(&first[..3]), numbers.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_listed_as_one_would() {
        assert_eq!(listed("run", &[7]), "run 7");
        assert_eq!(listed("point", &[1, 5]), "points 1 and 5");
        let many: Vec<usize> = (0..100).collect();
        assert_eq!(listed("run", &many), "runs 0, 1, 2, ... 99 (100 runs)");
    }
}
