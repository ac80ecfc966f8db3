//! The files that measured operators are in, and which of them is asked for.

mod csv;
mod frame;
#[cfg(feature = "parquet")]
mod parquet;
mod version;
mod wheel;

use std::path::{Path as File, PathBuf};

pub(super) use frame::{Frame, same};
use version::Version;
use wheel::Wheel;

use crate::spec::{Problem, suggestion};

/// Where files are: a folder, or a wheel as `pip download` leaves it.
#[derive(Debug)]
enum Source {
    Folder(PathBuf),
    Wheel(Wheel),
}

/// A table that is there.
#[derive(Clone, Debug)]
struct Entry {
    gpu: String,
    engine: String,
    version: String,
    /// `gemm`, `context_attention`, ...
    operator: String,
    /// The kind of number, where the file's name tells it.
    dtype: Option<String>,
    /// Within the source.
    path: String,
}

/// All tables of a folder or wheel.
#[derive(Debug)]
pub(super) struct Catalogue {
    source: Source,
    entries: Vec<Entry>,
    /// Folders that hold figures of GPUs, within the source.
    systems: Vec<String>,
}

/// The tables of a GPU and an engine.
#[derive(Debug)]
pub(super) struct Tables<'a> {
    catalogue: &'a Catalogue,
    gpu: String,
    engine: String,
    version: Version,
    /// As it was written.
    said: String,
}

/// What a file's name has for an operator, and what it is called here.
const OPERATORS: [(&str, &str); 12] = [
    ("gemm", "gemm"),
    ("context_attention", "context_attention"),
    ("generation_attention", "generation_attention"),
    ("allreduce", "custom_allreduce"),
    ("custom_allreduce", "custom_allreduce"),
    ("moe", "moe"),
    ("mla_context_module", "mla_context_module"),
    ("mla_generation_module", "mla_generation_module"),
    ("context_mla", "context_mla"),
    ("generation_mla", "generation_mla"),
    ("mla_context", "context_mla"),
    ("mla_generation", "generation_mla"),
];

/// Where in a wheel or a checkout of its sources the folder of GPUs may be.
const ROOTS: [&str; 4] =
    ["", "systems/", "aiconfigurator_core/systems/", "src/aiconfigurator/systems/"];

impl Catalogue {
    /// What is in the folder or wheel `at`.
    ///
    /// # Errors
    /// It cannot be read or has no table; without a place.
    pub fn open(at: &File) -> Result<Self, String> {
        let source = if at.is_dir() {
            Source::Folder(at.to_path_buf())
        } else {
            Source::Wheel(Wheel::open(at).map_err(|error| error.to_string())?)
        };
        let mut paths = match &source {
            Source::Wheel(wheel) => wheel.names().map(str::to_owned).collect(),
            Source::Folder(folder) => listed(folder),
        };
        paths.sort_unstable();
        let entries: Vec<Entry> =
            paths.iter().filter_map(|path| in_tree(path).or_else(|| by_name(path))).collect();
        if entries.is_empty() {
            return Err("it has no table of measured operators".to_owned());
        }
        let figures = |path: &&String| {
            let name = path.strip_suffix(".yaml");
            name.is_some_and(|name| {
                entries.iter().any(|it| name.rsplit('/').next() == Some(&it.gpu))
            })
        };
        let systems = paths.iter().filter(figures).cloned().collect();
        Ok(Catalogue { source, entries, systems })
    }

    /// The tables of one GPU and engine, in the newest version not after `version`; what is not
    /// said is what there is alone, or the newest.
    ///
    /// # Errors
    /// There are none; the place is the field, relative to the spec.
    pub fn of(
        &self,
        gpu: Option<&str>,
        engine: &str,
        version: Option<&str>,
    ) -> Result<Tables<'_>, Problem> {
        let wrong = |field: &str, message: String, name: &str, known: &[&str]| {
            let path = crate::spec::Path::parse(field);
            Problem::error(path, message).help(suggestion(name, known))
        };
        let gpus = distinct(self.entries.iter().map(|entry| entry.gpu.as_str()));
        let meant = match (gpu, gpus.as_slice()) {
            (None, [only]) => Some(*only),
            (None, _) => None,
            (Some(name), _) => named(name, &gpus),
        };
        let Some(meant) = meant else {
            let name = gpu.unwrap_or_default();
            let gpus = likest_first(name, &gpus);
            let there = gpus.join(", ");
            let message = match gpu {
                Some(name) => format!("no table of `{name}`; there are: {there}"),
                None => format!("which GPU? There are: {there}"),
            };
            return Err(wrong("gpu", message, name, &gpus));
        };
        let of_gpu = || self.entries.iter().filter(|entry| entry.gpu == meant);
        let engines = distinct(of_gpu().map(|entry| entry.engine.as_str()));
        if !engines.contains(&engine) {
            let engines = likest_first(engine, &engines);
            let there = engines.join(", ");
            let message = format!("no table of `{engine}` on {meant}; there are: {there}");
            return Err(wrong("engine", message, engine, &engines));
        }
        // A version is one that has the tables that no model does without.
        let gemms = of_gpu().filter(|it| it.engine == engine && it.operator == "gemm");
        let mut versions = distinct(gemms.map(|entry| entry.version.as_str()));
        versions.sort_by_key(|version| Version::new(version));
        let newest = versions.last().copied().unwrap_or_default();
        let said = version.unwrap_or(newest);
        let wanted = Version::new(said);
        if !versions.iter().any(|it| Version::new(it) == wanted) {
            versions.sort_by_key(|it| Version::new(it) < wanted);
            let there = if versions.is_empty() { "none".to_owned() } else { versions.join(", ") };
            let message =
                format!("no GEMM table of {engine} {said} on {meant}; there are: {there}");
            return Err(wrong("version", message, said, &versions));
        }
        let (gpu, engine) = (meant.to_owned(), engine.to_owned());
        Ok(Tables { catalogue: self, gpu, engine, version: wanted, said: said.to_owned() })
    }
}

impl Tables<'_> {
    /// `h100_sxm, vllm 0.24.0`.
    pub fn name(&self) -> String {
        format!("{}, {} {}", self.gpu, self.engine, self.said)
    }

    /// The GPU's name.
    pub fn gpu(&self) -> &str {
        &self.gpu
    }

    /// The table of `operator`, of the newest version not after the one that is asked for;
    /// of several kinds of numbers in files of their own, the one that is `dtype`. `None` if
    /// there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn table(&self, operator: &str, dtype: &str) -> Result<Option<Frame>, String> {
        self.until(operator, dtype, &self.version)
    }

    /// The same, of the newest version not after `version`.
    #[cfg(all(test, feature = "parquet"))]
    pub fn table_at(
        &self,
        operator: &str,
        dtype: &str,
        version: &str,
    ) -> Result<Option<Frame>, String> {
        self.until(operator, dtype, &Version::new(version))
    }

    fn until(
        &self,
        operator: &str,
        dtype: &str,
        version: &Version,
    ) -> Result<Option<Frame>, String> {
        let entries = self.catalogue.entries.iter().filter(|entry| {
            entry.gpu == self.gpu
                && entry.engine == self.engine
                && entry.operator == operator
                && entry.dtype.as_deref().is_none_or(|it| same(it, dtype))
                && Version::new(&entry.version) <= *version
        });
        let Some(entry) = entries.max_by_key(|entry| Version::new(&entry.version)) else {
            return Ok(None);
        };
        self.catalogue.frame(&entry.path).map(Some)
    }

    /// What is said of the GPU beside its tables, as text.
    pub fn figures(&self) -> Option<String> {
        let file = format!("{}.yaml", self.gpu);
        let path = self.catalogue.systems.iter().find(|path| path.ends_with(&file))?;
        String::from_utf8(self.catalogue.content(path).ok()?).ok()
    }
}

impl Catalogue {
    fn content(&self, path: &str) -> std::io::Result<Vec<u8>> {
        match &self.source {
            Source::Folder(folder) => std::fs::read(folder.join(path)),
            Source::Wheel(wheel) => wheel.read(path),
        }
    }

    fn frame(&self, path: &str) -> Result<Frame, String> {
        let content = self.content(path).map_err(|error| format!("{path}: {error}"))?;
        if File::new(path).extension().is_some_and(|end| end == "csv") {
            return csv::read(path, &content);
        }
        #[cfg(feature = "parquet")]
        return parquet::read(path, content);
        #[cfg(not(feature = "parquet"))]
        Err(format!(
            "{path} is a parquet file, which this build cannot read: build it with `cargo build \
             --release --features parquet` (the released programs have it), or take CSV files"
        ))
    }
}

/// The files of a folder that can be tables: right in it, and in the tree of a wheel.
fn listed(folder: &File) -> Vec<String> {
    let mut paths = Vec::new();
    let within = |inner: &str, ends: &[&str], paths: &mut Vec<String>| -> Vec<String> {
        let entries = std::fs::read_dir(folder.join(inner)).into_iter().flatten().flatten();
        let mut folders = Vec::new();
        for entry in entries {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = format!("{inner}{name}");
            if entry.path().is_dir() {
                folders.push(format!("{path}/"));
            } else if ends.iter().any(|end| name.ends_with(end)) {
                paths.push(path);
            }
        }
        folders
    };
    for root in ROOTS {
        within(root, &[".csv", ".yaml"], &mut paths);
        // data / GPU / family / engine / version / table
        let mut folders = vec![format!("{root}data/")];
        for _ in 0..4 {
            let inner: Vec<Vec<String>> =
                folders.iter().map(|folder| within(folder, &[], &mut paths)).collect();
            folders = inner.into_iter().flatten().collect();
        }
        for folder in &folders {
            within(folder, &[".csv", ".parquet"], &mut paths);
        }
    }
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// A table in the tree of a wheel: `data/GPU/family/engine/version/operator_perf.parquet`.
fn in_tree(path: &str) -> Option<Entry> {
    let parts: Vec<&str> = path.split('/').collect();
    let [.., "data", gpu, _, engine, version, file] = parts.as_slice() else { return None };
    let stem = file.strip_suffix(".parquet").or_else(|| file.strip_suffix(".csv"))?;
    let operator = operator(stem.strip_suffix("_perf")?)?;
    let [gpu, engine, version] = [gpu, engine, version].map(|it| (*it).to_owned());
    Some(Entry { gpu, engine, version, operator, dtype: None, path: path.to_owned() })
}

/// A table by its name: `GPU-ENGINEVERSION-OPERATOR-DTYPE.csv`, as
/// `h100-vllm0.14-context-attention-bf16.csv`.
fn by_name(path: &str) -> Option<Entry> {
    let file = path.rsplit('/').next()?;
    let parts: Vec<&str> = file.strip_suffix(".csv")?.split('-').collect();
    let [gpu, engine, middle @ .., dtype] = parts.as_slice() else { return None };
    let digit = engine.find(|it: char| it.is_ascii_digit())?;
    let (engine, version) = engine.split_at(digit);
    let operator = operator(&middle.join("_"))?;
    let [gpu, engine, version] = [*gpu, engine, version].map(str::to_owned);
    Some(Entry {
        gpu,
        engine,
        version,
        operator,
        dtype: Some((*dtype).to_owned()),
        path: path.to_owned(),
    })
}

fn operator(name: &str) -> Option<String> {
    OPERATORS.iter().find(|(it, _)| *it == name).map(|(_, name)| (*name).to_owned())
}

/// A GPU by its name, or by one that only says more or less of how it is built in: `h100` is
/// `h100_sxm` where that is the only one with tables.
fn named<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let more = |short: &str, long: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.starts_with('_'))
    };
    let exact = known.iter().find(|it| **it == name);
    let mut alike = known.iter().filter(|it| more(name, it) || more(it, name));
    let only = match (alike.next(), alike.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    };
    exact.or(only).copied()
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// All names, those first that are most like `name`.
fn likest_first<'a>(name: &str, known: &[&'a str]) -> Vec<&'a str> {
    let mut known = known.to_vec();
    known.sort_by(|a, b| {
        let likeness = |it: &str| strsim::jaro_winkler(name, it);
        likeness(b).total_cmp(&likeness(a))
    });
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_says_what_it_is_of() {
        let entry = by_name("a/h100-vllm0.14-context-attention-bf16.csv").unwrap();
        let said = [&entry.gpu, &entry.engine, &entry.version, &entry.operator];
        assert_eq!(said, ["h100", "vllm", "0.14", "context_attention"]);
        assert_eq!(entry.dtype.as_deref(), Some("bf16"));
        let all_reduce = by_name("h100-vllm0.14-allreduce-bf16.csv").unwrap();
        assert_eq!(all_reduce.operator, "custom_allreduce");
        for other in ["open-loop-vllm-0.15.1.csv", "closed-loop-qwen3-32b-vllm.csv", "x.csv"] {
            assert!(by_name(other).is_none(), "{other}");
        }
        let path =
            "aiconfigurator_core/systems/data/l40s/comm/vllm/0.22.0/custom_allreduce_perf.parquet";
        let entry = in_tree(path).unwrap();
        assert_eq!([&entry.gpu, &entry.engine, &entry.version], ["l40s", "vllm", "0.22.0"]);
        assert!(in_tree("data/l40s/comm/vllm/0.22.0/moe_a2a_perf.parquet").is_none());
    }

    #[test]
    fn a_gpu_has_a_short_name() {
        let known = ["a100_pcie", "a100_sxm", "h100_sxm", "l4", "l40s"];
        assert_eq!(named("h100", &known), Some("h100_sxm"));
        assert_eq!(named("h100_sxm", &["h100"]), Some("h100"));
        assert_eq!(named("a100", &known), None, "two of them");
        assert_eq!(named("l4", &known), Some("l4"));
    }
}
