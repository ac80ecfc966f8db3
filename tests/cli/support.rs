//! Running the program and reading what it wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of real data, if it is here.
pub fn data() -> Option<PathBuf> {
    let named = std::env::var_os("WINDTUNNEL_DATA").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/data"));
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: there is no data at {}", folder.display());
    None
}

/// `windtunnel` with arguments, to be run.
pub fn windtunnel(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
    command.args(arguments).env("NO_COLOR", "1");
    command
}

/// A folder with an experiment file and room for results.
pub struct Bench {
    pub folder: TempDir,
}

impl Bench {
    /// With `experiment.yaml` holding `text`.
    pub fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("experiment.yaml"), text).expect("a file");
        Bench { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the program in the folder.
    pub fn windtunnel(&self, arguments: &[&str]) -> Output {
        windtunnel(arguments).current_dir(self.path()).output().expect("the program starts")
    }

    /// Runs the experiment with further arguments; it must succeed. Returns its
    /// results folder.
    pub fn run(&self, arguments: &[&str]) -> PathBuf {
        let output = self.windtunnel(&[&["run", "experiment.yaml"], arguments].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let folder = self.path().join(stdout(&output).lines().last().expect("the results' path"));
        assert!(folder.join("manifest.yaml").exists(), "{} is a results folder", folder.display());
        folder
    }
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A CSV file as maps from column to value.
pub fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader =
        csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

/// Every file below `folder` but `timing.csv`, with its bytes.
pub fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "timing.csv") {
                let name = path.strip_prefix(folder).expect("below").to_string_lossy().into_owned();
                files.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    files
}

/// That two results folders have the same files with the same bytes.
pub fn assert_same(left: &Path, right: &Path) {
    let (left, right) = (bytes(left), bytes(right));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&left), names(&right));
    for (name, content) in &left {
        assert!(right[name] == *content, "{name} differs");
    }
}
