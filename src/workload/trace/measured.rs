//! What was measured of a request when it was recorded.

use std::sync::Arc;

use crate::kernel::Duration;

/// What a log says of how a request was served. It is beside the request and changes
/// nothing in a replay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// The model that answered.
    pub model: Option<Arc<str>>,
    /// From asking to the first token.
    pub ttft: Option<Duration>,
    /// From the first token to the last, by each token after the first.
    pub tpot: Option<Duration>,
    /// From asking to the end of the answer.
    pub e2e: Option<Duration>,
    /// What was spent, US dollars.
    pub cost: Option<f64>,
    /// Tokens of the prompt that the provider had in its cache.
    pub cached_tokens: Option<u32>,
    /// Whether the gateway's own cache had the answer.
    pub cache_hit: Option<bool>,
    /// Whether it was answered.
    pub status: Status,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// The log does not say.
    #[default]
    Unknown,
    /// With an answer.
    Ok,
    /// Without a good one: whatever else the row says is no measure of an answer.
    Failed,
}

impl Status {
    /// From what a field of this name says. Logs have words for it, codes of HTTP, or yes and
    /// no, which is the other way round where the field asks for errors (`error`, `failed`).
    pub fn of(field: &str, text: &str) -> Status {
        let name = field.to_ascii_lowercase();
        let asks_for_errors = ["error", "fail", "exception"].iter().any(|word| name.contains(word));
        let text = text.trim();
        if let Some(code) = text.parse::<u16>().ok().filter(|code| (100..600).contains(code)) {
            return if code < 400 { Status::Ok } else { Status::Failed };
        }
        match &*text.to_ascii_lowercase() {
            "" | "null" | "none" | "nan" => Status::Unknown,
            "ok" | "success" => Status::Ok,
            "0" | "0.0" | "false" | "no" if asks_for_errors => Status::Ok,
            _ if asks_for_errors => Status::Failed,
            "unknown" | "unset" => Status::Unknown,
            "succeeded" | "successful" | "completed" | "complete" | "done" | "finished"
            | "stop" | "length" | "end_turn" | "max_tokens" | "stop_sequence" | "true" | "yes"
            | "1" | "1.0" | "tool_calls" | "tool_use" => Status::Ok,
            _ => Status::Failed,
        }
    }

    /// Whether it ended without a good answer.
    pub fn is_failed(self) -> bool {
        self == Status::Failed
    }
}

impl Measured {
    /// Whether there is anything.
    pub fn is_empty(&self) -> bool {
        *self == Measured::default()
    }

    /// From the first token to the last by each token after the first: as recorded, or from
    /// the other times.
    pub fn tpot(&self, output_tokens: Option<u32>) -> Option<Duration> {
        let gaps = u64::from(output_tokens?.checked_sub(1).filter(|gaps| *gaps > 0)?);
        let between = || self.e2e?.as_nanos().checked_sub(self.ttft?.as_nanos());
        self.tpot.or_else(|| between().map(|nanos| Duration(nanos / gaps)))
    }
}

/// What to say of requests that failed when they were recorded.
pub(super) fn failures(failed: u64, rows: u64) -> String {
    format!(
        "{failed} of {rows} requests failed when they were recorded: they are asked like the others, \
         the lengths of their answers are not known, and what was measured of them counts for nothing"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_per_token_is_that_after_the_first() {
        let ms = |ms: u64| Some(Duration(ms * 1_000_000));
        let measured = Measured { ttft: ms(200), e2e: ms(1200), ..Measured::default() };
        assert_eq!(measured.tpot(Some(11)), ms(100));
        assert_eq!((measured.tpot(Some(1)), measured.tpot(None)), (None, None));
        let told = Measured { tpot: ms(7), ..measured };
        assert_eq!(told.tpot(Some(11)), ms(7));
    }

    #[test]
    fn statuses_are_told_from_words_and_codes() {
        for (field, text, wanted) in [
            ("status", "success", Status::Ok),
            ("status", "200", Status::Ok),
            ("status", "429", Status::Failed),
            ("status", "timeout", Status::Failed),
            ("status", "", Status::Unknown),
            ("status", "OK", Status::Ok),
            ("success", "1", Status::Ok),
            ("success", "False", Status::Failed),
            ("success", "0", Status::Failed),
            ("Error", "False", Status::Ok),
            ("error", "0", Status::Ok),
            ("is_error", "true", Status::Failed),
            ("failed", "1", Status::Failed),
            ("error_message", "connection reset", Status::Failed),
        ] {
            assert_eq!(Status::of(field, text), wanted, "{field}: {text}");
        }
    }
}
