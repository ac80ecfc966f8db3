//! Step time by regression: a constant, and so much for each token.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::presets::{LinearFigures, LinearPreset};
use super::step_time::{Batch, MOST_TICKS, Overheads, Pace, TICKS_PER_NANO};
use crate::kernel::Duration;
use crate::spec::Problems;

/// A step takes `per_step` + `per_prefill_token` x prompt tokens +
/// `per_decode_seq` x decoding sequences: the black-box model of BLIS
/// (github.com/inference-sim/inference-sim), whose published fits are the presets.
/// What is left out is the preset's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinearSpec {
    /// Model and GPU that the figures were fitted to. Default: `llama-3.1-8b-h100`.
    pub preset: LinearPreset,
    /// What a step takes whatever it works on (BLIS's beta 0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_step: Option<Duration>,
    /// What each prompt token adds (beta 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_prefill_token: Option<Duration>,
    /// What each decoding sequence adds (beta 2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_decode_seq: Option<Duration>,
    /// How long a request is on its way before it can be scheduled (alpha 0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_request: Option<Duration>,
    /// The same, for each token of its prompt (alpha 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_input_token: Option<Duration>,
    /// How long each token of the answer is on its way to the client (alpha 2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_output_token: Option<Duration>,
}

impl LinearSpec {
    /// Only the steps' coefficients: no overheads beside the steps.
    pub fn of(per_step: Duration, per_prefill_token: Duration, per_decode_seq: Duration) -> Self {
        LinearSpec {
            preset: LinearPreset::default(),
            per_step: Some(per_step),
            per_prefill_token: Some(per_prefill_token),
            per_decode_seq: Some(per_decode_seq),
            per_request: Some(Duration::ZERO),
            per_input_token: Some(Duration::ZERO),
            per_output_token: Some(Duration::ZERO),
        }
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        let figures = self.figures();
        let (step, prompt, decode) =
            (figures.per_step, figures.per_prefill_token, figures.per_decode_seq);
        if step.is_zero() && decode.is_zero() {
            problems.error_help(
                "answers would take no time",
                "`per_step` or `per_decode_seq` must be greater than 0",
            );
        }
        for (field, span) in
            [("per_step", step), ("per_prefill_token", prompt), ("per_decode_seq", decode)]
        {
            if span.0 > MOST_TICKS / TICKS_PER_NANO {
                problems.at(field, |p| p.error("a step takes at most 18 minutes"));
            }
        }
    }

    /// The preset's figures, and in their place what is given.
    fn figures(&self) -> LinearFigures {
        let preset = self.preset.figures();
        LinearFigures {
            per_step: self.per_step.unwrap_or(preset.per_step),
            per_prefill_token: self.per_prefill_token.unwrap_or(preset.per_prefill_token),
            per_decode_seq: self.per_decode_seq.unwrap_or(preset.per_decode_seq),
            per_request: self.per_request.unwrap_or(preset.per_request),
            per_input_token: self.per_input_token.unwrap_or(preset.per_input_token),
            per_output_token: self.per_output_token.unwrap_or(preset.per_output_token),
            kv_blocks: preset.kv_blocks,
        }
    }
}

/// The model at work: all its figures are whole nanoseconds.
#[derive(Clone, Debug)]
pub(super) struct Linear(LinearFigures);

impl Linear {
    pub fn new(spec: &LinearSpec) -> Self {
        Linear(spec.figures())
    }

    /// Contexts play no part: a batch that goes on keeps its pace.
    #[inline]
    pub fn pace(&self, batch: &Batch) -> Pace {
        let prompts = self.0.per_prefill_token.0.saturating_mul(batch.prefill_tokens);
        let decodes = self.0.per_decode_seq.0.saturating_mul(batch.decode_seqs);
        let nanos = self.0.per_step.0.saturating_add(prompts).saturating_add(decodes);
        Pace::constant(nanos.saturating_mul(TICKS_PER_NANO))
    }

    /// Blocks of so many tokens that the preset's server has memory for.
    pub fn blocks(&self, block_size: u32) -> u32 {
        let blocks = self.0.kv_tokens() / u64::from(block_size.max(1));
        u32::try_from(blocks).unwrap_or(u32::MAX).max(1)
    }

    pub fn overheads(&self) -> Overheads {
        Overheads {
            per_request: self.0.per_request,
            per_input_token: self.0.per_input_token,
            per_output_token: self.0.per_output_token,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_llama_8b_on_an_h100_takes_what_blis_says() {
        let model = Linear::new(&LinearSpec::default());
        let batch = Batch { prefill_tokens: 1000, decode_seqs: 50, ..Batch::default() };
        // 5752.705 + 1000 x 17.251 + 50 x 5.999 microseconds.
        assert_eq!(model.pace(&batch), Pace::constant(23_303_655 * TICKS_PER_NANO));
        let overheads = model.overheads();
        assert_eq!(overheads.before(1000), Duration(232_462 + 1_752_000));
        assert_eq!(overheads.after(2), Duration(2 * 3_357_440));
    }

    #[test]
    fn what_is_given_takes_the_preset_s_place() {
        let spec: LinearSpec =
            serde_yaml::from_str("{ preset: llama-3.3-70b-h100x4, per_step: 20ms }").unwrap();
        assert_eq!(spec.figures().per_step, Duration::from_millis(20));
        assert_eq!(spec.figures().per_prefill_token, Duration(76_423));
        assert_eq!(Linear::new(&spec).blocks(32), 128_273 / 2);
    }

    #[test]
    fn nothing_overflows_and_steps_of_no_time_are_found() {
        let spec = LinearSpec::of(Duration::MAX, Duration::MAX, Duration::MAX);
        let batch = Batch { prefill_tokens: u64::MAX, decode_seqs: 2, ..Batch::default() };
        assert_eq!(Linear::new(&spec).pace(&batch).first, MOST_TICKS);
        let mut problems = Problems::default();
        spec.check(&mut problems);
        LinearSpec::of(Duration::ZERO, Duration(5), Duration::ZERO).check(&mut problems);
        let places: Vec<String> = problems.list().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(places, ["per_step", "per_prefill_token", "per_decode_seq", ""]);
    }
}
