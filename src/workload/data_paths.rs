//! Where trace files are looked for.

use std::path::{Path, PathBuf};

use crate::spec::{self, Problem};

/// The folders in which a trace is looked for, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataPaths {
    /// The folders; the first that has the file wins.
    pub folders: Vec<PathBuf>,
}

impl DataPaths {
    /// The experiment file's own folder, the current one, `$WINDTUNNEL_DATA`,
    /// and `../shared/data`.
    pub fn for_experiment(file: Option<&Path>) -> Self {
        let own = file.and_then(Path::parent).map(Path::to_path_buf);
        let data = std::env::var_os("WINDTUNNEL_DATA").filter(|folder| !folder.is_empty());
        let mut folders: Vec<PathBuf> = Vec::new();
        for folder in own
            .into_iter()
            .chain([PathBuf::from(".")])
            .chain(data.map(PathBuf::from))
            .chain([PathBuf::from("../shared/data")])
        {
            let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        DataPaths { folders }
    }

    /// Finds `name`, in each folder or in its sub-folder `usual` (under which a
    /// collection of traces keeps those of one format). An absolute path is
    /// taken as it is.
    ///
    /// # Errors
    /// The file is in none of them.
    pub fn find(&self, name: &Path, usual: &str) -> Result<PathBuf, NotFound> {
        self.find_as(name, usual, Path::is_file)
    }

    /// The same for a folder.
    ///
    /// # Errors
    /// The folder is in none of them.
    pub fn find_folder(&self, name: &Path, usual: &str) -> Result<PathBuf, NotFound> {
        self.find_as(name, usual, Path::is_dir)
    }

    fn find_as(
        &self,
        name: &Path,
        usual: &str,
        is_it: fn(&Path) -> bool,
    ) -> Result<PathBuf, NotFound> {
        // `join` with an absolute path gives that path.
        let mut tried = vec![];
        for folder in self.folders.iter().map(PathBuf::as_path).chain(
            // Without any folder an absolute path must still be found.
            name.is_absolute().then_some(Path::new("")),
        ) {
            for place in [folder.join(name), folder.join(usual).join(name)] {
                if is_it(&place) {
                    return Ok(place);
                }
                if !tried.contains(&place) {
                    tried.push(place);
                }
            }
        }
        Err(NotFound { name: name.to_path_buf(), searched: tried })
    }
}

/// A file that is nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` was not found", name.display())]
pub struct NotFound {
    /// The file, as it was named.
    pub name: PathBuf,
    /// The places that were searched.
    pub searched: Vec<PathBuf>,
}

impl NotFound {
    /// The places that were searched, one after another.
    pub fn places(&self) -> String {
        let places: Vec<String> = self.searched.iter().map(|it| it.display().to_string()).collect();
        places.join(", ")
    }

    /// Where it was looked for, and what to do.
    pub fn help(&self) -> String {
        format!("searched: {}; set WINDTUNNEL_DATA to the folder that has it", self.places())
    }

    /// A problem of the spec that names the file at `path`.
    pub fn at(&self, path: spec::Path) -> Problem {
        Problem::error(path, self.to_string()).help(self.help())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_that_has_the_file_wins() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a"), root.path().join("b"));
        std::fs::create_dir_all(a.join("azure")).unwrap();
        std::fs::create_dir_all(&b).unwrap();
        let paths = DataPaths { folders: vec![a.clone(), b.clone()] };
        let name = Path::new("t.csv");
        assert_eq!(
            paths.find(name, "azure").unwrap_err().searched.len(),
            4,
            "all places are listed"
        );
        std::fs::write(b.join("t.csv"), "").unwrap();
        assert_eq!(paths.find(name, "azure").unwrap(), b.join("t.csv"));
        std::fs::write(a.join("azure/t.csv"), "").unwrap();
        assert_eq!(paths.find(name, "azure").unwrap(), a.join("azure/t.csv"));
        assert_eq!(DataPaths::default().find(&b.join("t.csv"), "x").unwrap(), b.join("t.csv"));
    }

    #[test]
    fn the_experiments_own_folder_comes_first() {
        let paths = DataPaths::for_experiment(Some(Path::new("somewhere/e.yaml")));
        assert_eq!(paths.folders[..2], [PathBuf::from("somewhere"), PathBuf::from(".")]);
        assert_eq!(paths.folders.last().unwrap(), Path::new("../shared/data"));
        let plain = DataPaths::for_experiment(Some(Path::new("e.yaml")));
        assert_eq!(plain.folders[0], PathBuf::from("."));
    }
}
