//! GPUs by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::link::LinkSpec;
use crate::serving::step::precision::Precision;
use crate::spec::Positive;

const GIB: f64 = (1u64 << 30) as f64;

/// What a model of steps needs to know of a GPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GpuFigures {
    /// Arithmetic of dense matrices in bf16 and fp16, in 10^12 operations a second. Default:
    /// 989.5.
    pub tflops: Positive,
    /// The same in fp8, if it has units for that. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fp8_tflops: Option<Positive>,
    /// The same in int8. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub int8_tflops: Option<Positive>,
    /// The same in fp4. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fp4_tflops: Option<Positive>,
    /// Memory traffic in 10^9 bytes a second. Default: 3350.
    pub bandwidth_gb_s: Positive,
    /// Memory that programs see, in 10^9 bytes. Default: 85.04, which are 79.2 GiB.
    pub memory_gb: Positive,
    /// How it is connected to others of its node. Default: as an H100 is, by `NVLink` 4.
    pub link: LinkSpec,
    /// GPUs of a node. Default: 8.
    pub node: u32,
}

impl Default for GpuFigures {
    fn default() -> Self {
        let h100 = GpuSpec::H100.figures();
        GpuFigures { fp8_tflops: None, int8_tflops: None, fp4_tflops: None, ..h100 }
    }
}

impl GpuFigures {
    /// Operations a second at `precision`, and at which precision they are really done:
    /// in 16 bits where it has no units for that.
    pub fn flops(&self, precision: Precision) -> (f64, Precision) {
        let own = match precision {
            Precision::Bf16 | Precision::Fp16 => Some(self.tflops),
            Precision::Fp8 => self.fp8_tflops,
            Precision::Int8 => self.int8_tflops,
            Precision::Fp4 => self.fp4_tflops,
            Precision::Int4 => None,
        };
        let done = if own.is_some() { precision } else { Precision::Bf16 };
        (own.unwrap_or(self.tflops).get() * 1e12, done)
    }

    /// Bytes of its memory.
    pub fn memory_bytes(&self) -> f64 {
        self.memory_gb.get() * 1e9
    }
}

/// How GPUs are connected: what an all-reduce reaches, and its latency.
#[derive(Clone, Copy)]
enum Link {
    NvLink3,
    NvLink4,
    NvLink5,
    NvLinkBridge,
    Infinity,
    Pcie4,
    Pcie5,
}

impl Link {
    fn spec(self) -> LinkSpec {
        match self {
            Link::NvLink3 | Link::NvLinkBridge => LinkSpec::of(5, 225),
            Link::NvLink4 => LinkSpec::of(5, 340),
            Link::NvLink5 => LinkSpec::of(5, 680),
            Link::Infinity => LinkSpec::of(10, 300),
            Link::Pcie4 => LinkSpec::of(40, 10),
            Link::Pcie5 => LinkSpec::of(40, 19),
        }
    }
}

/// The list of GPUs: what it is, its name; 10^12 operations a second in bf16, fp8, int8 and
/// fp4 (0: none), 10^9 bytes a second, GiB that programs see, its link, GPUs of a node.
macro_rules! gpus {
    ($($(#[$meta:meta])* $variant:ident $name:literal
       [$bf16:literal, $fp8:literal, $int8:literal, $fp4:literal] $bandwidth:literal $gib:literal $link:ident $node:literal;)*) => {
        /// A GPU whose figures are known, or `custom` ones.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub enum GpuSpec {
            $(
                $(#[$meta])*
                #[serde(rename = $name)]
                $variant,
            )*
            /// Another one.
            #[serde(rename = "custom")]
            Custom(GpuFigures),
        }

        impl GpuSpec {
            /// All that have a name.
            pub const ALL: &[GpuSpec] = &[$(GpuSpec::$variant),*];

            /// The figures of the makers' data sheets, of dense matrices: docs/serving.md has
            /// the sources.
            pub fn figures(&self) -> GpuFigures {
                match self {
                    $(GpuSpec::$variant => {
                        of([$bf16, $fp8, $int8, $fp4], $bandwidth, $gib, Link::$link, $node)
                    })*
                    GpuSpec::Custom(figures) => figures.clone(),
                }
            }

            /// Its name in a file.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(GpuSpec::$variant => $name,)*
                    GpuSpec::Custom(_) => "custom",
                }
            }
        }
    };
}

fn of(tflops: [f64; 4], bandwidth: f64, gib: f64, link: Link, node: u32) -> GpuFigures {
    let positive = |figure: f64| Positive::try_from(figure).ok();
    let known = |figure| positive(figure).expect("GPUs do something");
    let [bf16, fp8, int8, fp4] = tflops;
    GpuFigures {
        tflops: known(bf16),
        fp8_tflops: positive(fp8),
        int8_tflops: positive(int8),
        fp4_tflops: positive(fp4),
        bandwidth_gb_s: known(bandwidth),
        memory_gb: known(gib * GIB / 1e9),
        link: link.spec(),
        node,
    }
}

gpus! {
    /// NVIDIA A100 SXM, 80 GB.
    A100 "a100" [312.0, 0.0, 624.0, 0.0] 2039.0 79.2 NvLink3 8;
    /// NVIDIA A100 SXM, 40 GB.
    A100x40 "a100-40gb" [312.0, 0.0, 624.0, 0.0] 1555.0 39.4 NvLink3 8;
    /// NVIDIA A10G, 24 GB.
    A10g "a10g" [70.0, 0.0, 140.0, 0.0] 600.0 22.1 Pcie4 8;
    /// NVIDIA H100 SXM, 80 GB.
    #[default]
    H100 "h100" [989.5, 1979.0, 1979.0, 0.0] 3350.0 79.2 NvLink4 8;
    /// NVIDIA H100 `PCIe`, 80 GB.
    H100Pcie "h100-pcie" [756.0, 1513.0, 1513.0, 0.0] 2039.0 79.2 Pcie5 8;
    /// NVIDIA H100 NVL, 94 GB.
    H100Nvl "h100-nvl" [835.5, 1671.0, 1671.0, 0.0] 3938.0 93.1 NvLinkBridge 2;
    /// NVIDIA H200 SXM, 141 GB.
    H200 "h200" [989.5, 1979.0, 1979.0, 0.0] 4800.0 139.8 NvLink4 8;
    /// NVIDIA B200, 180 GB.
    B200 "b200" [2250.0, 4500.0, 4500.0, 9000.0] 8000.0 178.4 NvLink5 8;
    /// NVIDIA B300, 288 GB.
    B300 "b300" [2250.0, 4500.0, 0.0, 13500.0] 8000.0 267.7 NvLink5 8;
    /// NVIDIA GB200 in an NVL72, 186 GB.
    Gb200 "gb200" [2500.0, 5000.0, 5000.0, 10000.0] 8000.0 184.3 NvLink5 72;
    /// NVIDIA L4, 24 GB.
    L4 "l4" [121.0, 242.0, 242.0, 0.0] 300.0 22.0 Pcie4 8;
    /// NVIDIA L40S, 48 GB.
    L40s "l40s" [362.05, 733.0, 733.0, 0.0] 864.0 44.4 Pcie4 8;
    /// NVIDIA `GeForce` RTX 4090, 24 GB.
    Rtx4090 "rtx-4090" [165.2, 330.3, 660.6, 0.0] 1008.0 23.65 Pcie4 8;
    /// NVIDIA RTX PRO 6000 Blackwell Server Edition, 96 GB.
    RtxPro6000 "rtx-pro-6000" [503.8, 1007.6, 1007.6, 2015.2] 1597.0 95.0 Pcie5 8;
    /// AMD Instinct MI300X, 192 GB.
    Mi300x "mi300x" [1307.4, 2614.9, 2614.9, 0.0] 5300.0 192.0 Infinity 8;
    /// AMD Instinct MI325X, 256 GB.
    Mi325x "mi325x" [1307.4, 2614.9, 2614.9, 0.0] 6000.0 256.0 Infinity 8;
}

impl GpuSpec {
    /// Whether vLLM takes it for one of the large ones, of 70 GiB or more and no A100, for
    /// which it has larger defaults of how much is in a batch (`EngineArgs` of vLLM 0.8.3 to
    /// 0.33).
    pub fn is_large(&self) -> bool {
        self.figures().memory_bytes() >= 70.0 * GIB && !matches!(self, GpuSpec::A100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_done_in_16_bits_where_there_are_no_units() {
        let done = |gpu: GpuSpec, precision| gpu.figures().flops(precision);
        assert_eq!(done(GpuSpec::H100, Precision::Fp8), (1979e12, Precision::Fp8));
        assert_eq!(done(GpuSpec::A100, Precision::Fp8), (312e12, Precision::Bf16));
        assert_eq!(done(GpuSpec::H100, Precision::Int4), (989.5e12, Precision::Bf16));
        assert_eq!(done(GpuSpec::B200, Precision::Fp4), (9000e12, Precision::Fp4));
    }

    #[test]
    fn large_ones_are_those_that_vllm_takes_for_large() {
        let large: Vec<&str> =
            GpuSpec::ALL.iter().filter(|gpu| gpu.is_large()).map(GpuSpec::name).collect();
        assert_eq!(
            large,
            [
                "h100",
                "h100-pcie",
                "h100-nvl",
                "h200",
                "b200",
                "b300",
                "gb200",
                "rtx-pro-6000",
                "mi300x",
                "mi325x"
            ]
        );
    }
}
