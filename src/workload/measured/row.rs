//! One measured request.

use crate::kernel::Duration;

/// What a real server did with a request, or with many of the same lengths in the mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// When it was sent.
    pub arrival: Duration,
    /// How many requests were under way at all times, where the row is the mean over all of
    /// them; its arrival then says nothing.
    pub concurrency: Option<u32>,
    /// The model that it asked, if the file says so.
    pub model: Option<String>,
    /// Tokens of its prompt.
    pub input_tokens: u32,
    /// Tokens of its answer.
    pub output_tokens: u32,
    /// Seconds from its arrival to the first token.
    pub ttft_s: Option<f64>,
    /// Seconds for each token after the first, in the mean.
    pub tpot_s: Option<f64>,
    /// Seconds from its arrival to the last token.
    pub e2e_s: Option<f64>,
    /// Whether it was answered.
    pub completed: bool,
}

impl Measured {
    /// With the times that follow from others: the time for each further token is what the
    /// answer took after its first token, by the number of gaps.
    #[must_use]
    pub fn with_what_follows(mut self) -> Self {
        let gaps = f64::from(self.output_tokens.saturating_sub(1));
        if gaps == 0.0 {
            self.tpot_s = None;
            self.e2e_s = self.e2e_s.or(self.ttft_s);
            return self;
        }
        let tpot = |it: &Self| Some((it.e2e_s? - it.ttft_s?) / gaps);
        let e2e = |it: &Self| Some(it.ttft_s? + it.tpot_s? * gaps);
        self.tpot_s = self.tpot_s.or_else(|| tpot(&self));
        self.e2e_s = self.e2e_s.or_else(|| e2e(&self));
        self
    }
}
