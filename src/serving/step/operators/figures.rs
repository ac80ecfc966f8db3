//! Figures of a GPU, for what no table has.

use serde::Deserialize;

use crate::serving::step::hardware::GpuSpec;
use crate::spec::{Path, Problem};

/// What small kernels take, and how much memory there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    /// Memory traffic that is reached, in bytes in a microsecond.
    pub bytes_per_us: f64,
    /// Microseconds of a kernel that has nearly nothing to do.
    pub kernel_us: f64,
    /// Bytes of memory.
    pub memory: f64,
}

/// A GPU's file beside the tables.
#[derive(Deserialize)]
struct System {
    gpu: Gpu,
}

#[derive(Deserialize)]
struct Gpu {
    /// Bytes in a second.
    #[serde(rename = "mem_bw")]
    bandwidth: f64,
    #[serde(rename = "mem_bw_empirical_scaling_factor")]
    reached: f64,
    /// Seconds.
    #[serde(rename = "mem_empirical_constant_latency")]
    kernel: f64,
    /// Bytes.
    #[serde(rename = "mem_capacity")]
    memory: f64,
}

/// The share of its bandwidth and the time of a small kernel that the files beside the tables
/// have for every GPU.
const BANDWIDTH_SHARE: f64 = 0.8;
pub(super) const KERNEL_US: f64 = 3.0;

impl Figures {
    /// Those that are said, those of the file `beside` the tables, or those known by the name
    /// of the GPU.
    ///
    /// # Errors
    /// None of them is there, or the file has other fields.
    pub fn of(said: Option<&GpuSpec>, beside: Option<&str>, gpu: &str) -> Result<Self, Problem> {
        if let Some(spec) = said {
            return Ok(Figures::known(spec));
        }
        if let Some(text) = beside {
            let system: System = serde_yaml::from_str(text).map_err(|error| {
                Problem::error(Path::parse("tables"), format!("{gpu}.yaml: {error}"))
            })?;
            let gpu = system.gpu;
            return Ok(Figures {
                bytes_per_us: gpu.bandwidth * gpu.reached / 1e6,
                kernel_us: gpu.kernel * 1e6,
                memory: gpu.memory,
            });
        }
        let name = gpu.split('_').next().unwrap_or(gpu);
        let known: Result<GpuSpec, _> = serde_yaml::from_str(name);
        known.map(|spec| Figures::known(&spec)).map_err(|_| {
            let message = format!("the memory of `{gpu}` is not known");
            Problem::error(Path::parse("hardware"), message)
                .help("say which GPU it is: `hardware: h100`, or `custom` with its figures")
        })
    }

    fn known(spec: &GpuSpec) -> Self {
        let figures = spec.figures();
        Figures {
            bytes_per_us: figures.bandwidth_gb_s.get() * 1e3 * BANDWIDTH_SHARE,
            kernel_us: KERNEL_US,
            memory: figures.memory_gb.get() * 1e9,
        }
    }
}
