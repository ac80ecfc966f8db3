//! Files and workloads.

use std::path::PathBuf;

use windtunnel::kernel::Streams;
use windtunnel::workload::{DataPaths, Incoming, Plan, WorkloadSpec};

/// A folder of files.
pub struct Files(pub tempfile::TempDir);

impl Files {
    pub fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = Files(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            std::fs::write(folder.path(name), bytes).unwrap();
        }
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The plan of a `trace:`, whose files are these.
    pub fn plan(&self, workload: &str) -> Result<Plan, String> {
        let value = serde_yaml::from_str::<serde_yaml::Value>(workload).unwrap();
        let spec: WorkloadSpec =
            serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap();
        let paths = DataPaths { folders: vec![self.0.path().to_path_buf()] };
        Plan::new(&spec, &paths).map_err(|error| error.to_string())
    }

    /// All its requests.
    pub fn requests(&self, workload: &str) -> Vec<Incoming> {
        let plan = self.plan(workload).unwrap();
        plan.source(&Streams::new(7, 0)).unwrap().map(Result::unwrap).collect()
    }
}

pub fn seconds(requests: &[Incoming]) -> Vec<f64> {
    requests.iter().map(|request| request.at.as_secs_f64()).collect()
}
