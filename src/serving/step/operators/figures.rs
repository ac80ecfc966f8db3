//! Figures of a GPU, for what no table has.

use serde::Deserialize;

use crate::serving::step::hardware::{GpuFigures, GpuSpec};
use crate::spec::{Path, Positive, Problem};

/// What small kernels take, and which GPU it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figures {
    /// Memory traffic that is reached, in bytes in a microsecond.
    pub bytes_per_us: f64,
    /// Microseconds of a kernel that has nearly nothing to do.
    pub kernel_us: f64,
    /// With the size of its memory.
    pub gpu: GpuSpec,
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
    bandwidth: Positive,
    #[serde(rename = "mem_bw_empirical_scaling_factor")]
    reached: Positive,
    /// Seconds.
    #[serde(rename = "mem_empirical_constant_latency")]
    kernel: Positive,
    /// Bytes.
    #[serde(rename = "mem_capacity")]
    memory: Positive,
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
    pub fn of(said: Option<&GpuSpec>, beside: Option<&str>, name: &str) -> Result<Self, Problem> {
        let known = said.cloned().or_else(|| named(name));
        if let Some(text) = beside.filter(|_| said.is_none()) {
            let system: System = serde_yaml::from_str(text).map_err(|error| {
                Problem::error(Path::parse("tables"), format!("{name}.yaml: {error}"))
            })?;
            let file = system.gpu;
            return Ok(Figures {
                bytes_per_us: file.bandwidth.get() * file.reached.get() / 1e6,
                kernel_us: file.kernel.get() * 1e6,
                gpu: known.unwrap_or_else(|| file.custom()),
            });
        }
        let gpu = known.ok_or_else(|| {
            let message = format!("the memory of `{name}` is not known");
            Problem::error(Path::parse("hardware"), message)
                .help("say which GPU it is: `hardware: h100`, or `custom` with its figures")
        })?;
        let bytes_per_us = gpu.figures().bandwidth_gb_s.get() * 1e3 * BANDWIDTH_SHARE;
        Ok(Figures { bytes_per_us, kernel_us: KERNEL_US, gpu })
    }
}

impl Gpu {
    /// One that has no name here.
    fn custom(&self) -> GpuSpec {
        let gb = |bytes: Positive| Positive::try_from(bytes.get() / 1e9).unwrap_or(bytes);
        GpuSpec::Custom(GpuFigures {
            bandwidth_gb_s: gb(self.bandwidth),
            memory_gb: gb(self.memory),
            ..GpuFigures::default()
        })
    }
}

/// The GPU that tables call `name`: `h100_sxm` is `h100`, `rtx_pro_6000_server` is
/// `rtx-pro-6000`.
pub(super) fn named(name: &str) -> Option<GpuSpec> {
    let mut name = name.replace('_', "-");
    loop {
        if let Some(known) = GpuSpec::ALL.iter().find(|gpu| gpu.name() == name) {
            return Some(known.clone());
        }
        name.truncate(name.rfind('-')?);
    }
}
