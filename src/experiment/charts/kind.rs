//! What every kind of chart says of itself, and from the list of kinds to the enum.

use crate::spec::Problems;
use crate::system::Possible;

/// What a kind of chart says of itself before anything has run.
pub(super) trait Kind {
    /// Reports names that are neither swept paths nor metrics, and file names
    /// that would leave the folder.
    fn check(&self, swept: &[String], metrics: &Possible, problems: &mut Problems);

    /// Reports points that the sweep does not have, and replications that no point has.
    fn check_runs(&self, _points: u64, _replications: u64, _problems: &mut Problems) {}

    /// What must be recorded, or there is nothing to draw.
    fn needs(&self) -> Option<Recording> {
        None
    }

    /// The metrics of each point that it shows.
    fn metrics(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// What a run records only where it is asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// `record.breakdown`.
    Breakdown,
    /// `record.spend`.
    Spend,
    /// `record.workflows`.
    Workflows,
}

/// Makes [`ChartSpec`](super::ChartSpec) of the list of kinds.
macro_rules! kinds {
    ($( $(#[$doc:meta])+ $label:literal: $name:ident($spec:ty); )+) => {
        /// A chart of an experiment.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum ChartSpec {
            $( $(#[$doc])+ #[serde(rename = $label)] $name($spec), )+
        }

        impl ChartSpec {
            /// What an experiment calls the kind.
            pub const fn name(&self) -> &'static str {
                match self {
                    $( ChartSpec::$name(_) => $label, )+
                }
            }

            fn kind(&self) -> &dyn Kind {
                match self {
                    $( ChartSpec::$name(spec) => spec, )+
                }
            }
        }
    };
}
