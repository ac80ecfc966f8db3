//! Published fits of the linear step model, which their source has withdrawn since.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hardware::GpuSpec;
use crate::kernel::Duration;

/// A fitted server: its coefficients and how many blocks of keys and values it
/// had memory for.
#[derive(Clone, Copy, Debug)]
pub struct LinearFigures {
    pub per_step: Duration,
    pub per_prefill_token: Duration,
    pub per_decode_seq: Duration,
    pub per_request: Duration,
    pub per_input_token: Duration,
    pub per_output_token: Duration,
    /// Blocks of 16 tokens.
    pub kv_blocks: u64,
}

impl LinearFigures {
    pub const fn kv_tokens(&self) -> u64 {
        self.kv_blocks * 16
    }
}

/// The list of presets: what it is, its name, beta 0 to 2 and alpha 0 to 2 in
/// nanoseconds, blocks.
macro_rules! presets {
    ($($(#[$meta:meta])* $variant:ident $name:literal
       [$b0:literal, $b1:literal, $b2:literal] [$a0:literal, $a1:literal, $a2:literal] $blocks:literal;)*) => {
        /// Model, GPU and their number: servers (vLLM 0.8.4 of April 2025; `gpt-oss` 0.10.1.1 of
        /// August 2025) that BLIS's coefficients were fitted to: `defaults.yaml` of
        /// github.com/inference-sim/inference-sim in early 2026, rounded to nanoseconds. BLIS has
        /// removed these fits since. They miss servers of today: `llama-3.1-8b-h100` is off
        /// vLLM 0.15.1 by +18 to +25 % in E2E, +19 to +26 % in TPOT and -45 % in TTFT.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum LinearPreset {
            $(
                $(#[$meta])*
                #[serde(rename = $name)]
                $variant,
            )*
        }

        impl LinearPreset {
            /// All of them.
            pub const ALL: &[LinearPreset] = &[$(LinearPreset::$variant),*];

            /// Its name in a file.
            const fn name(self) -> &'static str {
                match self {
                    $(LinearPreset::$variant => $name,)*
                }
            }

            pub(super) const fn figures(self) -> LinearFigures {
                match self {
                    $(LinearPreset::$variant => LinearFigures {
                        per_step: Duration($b0),
                        per_prefill_token: Duration($b1),
                        per_decode_seq: Duration($b2),
                        per_request: Duration($a0),
                        per_input_token: Duration($a1),
                        per_output_token: Duration($a2),
                        kv_blocks: $blocks,
                    },)*
                }
            }
        }
    };
}

impl LinearPreset {
    /// The kind of GPU, which its name ends in.
    pub(super) fn gpu(self) -> GpuSpec {
        if self.name().contains("-a100") { GpuSpec::A100 } else { GpuSpec::H100 }
    }

    /// GPUs of the server, which its name ends in if they are several.
    pub(super) fn gpus(self) -> u32 {
        let number = self.name().rsplit_once('x').and_then(|(_, number)| number.parse().ok());
        number.unwrap_or(1)
    }
}

presets! {
    /// Llama 3.1 8B on one H100.
    #[default]
    Llama8bH100 "llama-3.1-8b-h100"
        [5_752_705, 17_251, 5_999] [232_462, 1_752, 3_357_440] 29_205;
    /// Llama 3.1 8B on two H100s.
    Llama8bH100x2 "llama-3.1-8b-h100x2"
        [6_910_420, 17_671, 2_838] [1_601_351, 3_512, 1_805_543] 132_139;
    /// Llama 3.1 8B on one A100 of 80 GB.
    Llama8bA100 "llama-3.1-8b-a100"
        [16_441_532, 47_837, 18_206] [7_739_733, 2_309, 6_276_246] 29_205;
    /// Llama 3.3 70B on four H100s.
    Llama70bH100x4 "llama-3.3-70b-h100x4"
        [12_601_271, 76_423, 66_844] [2_597_317, 9_951, 11_511_443] 128_273;
    /// Llama 3.3 70B on eight H100s.
    Llama70bH100x8 "llama-3.3-70b-h100x8"
        [14_140_825, 10_026, 19_402] [27_262_038, 12_484, 112_293] 728_405;
    /// Qwen 2.5 7B on two H100s.
    Qwen7bH100x2 "qwen2.5-7b-h100x2"
        [5_700_267, 25_085, 13_859] [3_964_161, 2_622, 571_965] 303_840;
    /// Qwen 2.5 7B on one A100 of 80 GB.
    Qwen7bA100 "qwen2.5-7b-a100"
        [10_041_674, 81_121, 59_986] [8_970_339, 2_308, 19_547_350] 67_659;
    /// Phi 4 (14B) on one H100.
    Phi4H100 "phi-4-h100"
        [4_406_287, 47_409, 23_357] [3_697_616, 7_508, 9_062_134] 14_645;
    /// Mistral Small 24B on four H100s.
    Mistral24bH100x4 "mistral-small-24b-h100x4"
        [1_018_268, 19_066, 11_567] [7_703_055, 9_034, 12_284_048] 399_921;
    /// Code Llama 34B on one H100.
    CodeLlama34bH100 "codellama-34b-h100"
        [26_595_278, 96_284, 56_586] [13_450_511, 42, 0] 2_537;
    /// gpt-oss 20B on one H100.
    GptOss20bH100 "gpt-oss-20b-h100"
        [7_344_860, 60_647, 3_680] [2_575_298, 1_694, 19_152_052] 302_690;
    /// gpt-oss 120B on four H100s.
    GptOss120bH100x4 "gpt-oss-120b-h100x4"
        [5_604_310, 21_069, 7_359] [997_926, 1_671, 247_324] 3_090_344;
}
