//! Why tokens of a prompt were not in the cache.

/// Why tokens of a prompt were not read from the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// They had not been there, or so long ago that nobody remembers.
    Cold,
    /// They were there until their lifetime was over.
    Expired,
    /// They had to go for others.
    Evicted,
    /// The same conversation had been there, but begins otherwise now: its history was cut.
    Changed,
    /// The prompt, or what is marked of it, is shorter than what is kept at all.
    TooShort,
    /// They come after the last mark, or fill no whole increment.
    Unmarked,
    /// Another machine has them, to which no more requests for them go.
    OtherMachine,
    /// The model that the conversation was with before has them.
    Switched,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 8] = [
        Reason::Cold,
        Reason::Expired,
        Reason::Evicted,
        Reason::Changed,
        Reason::TooShort,
        Reason::Unmarked,
        Reason::OtherMachine,
        Reason::Switched,
    ];

    /// Its name in results.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Cold => "cold",
            Reason::Expired => "expired",
            Reason::Evicted => "evicted",
            Reason::Changed => "changed",
            Reason::TooShort => "too_short",
            Reason::Unmarked => "unmarked",
            Reason::OtherMachine => "other_machine",
            Reason::Switched => "switched",
        }
    }
}

/// Tokens by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missed([u32; Reason::ALL.len()]);

impl Missed {
    /// Tokens that were missed for a reason.
    #[inline]
    pub fn of(&self, reason: Reason) -> u64 {
        u64::from(self.0[reason as usize])
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().copied().map(u64::from).sum()
    }

    /// The tokens from `from` up to `until` were missed for a reason; returns where the next
    /// begin.
    #[inline]
    pub(super) fn up_to(&mut self, from: u64, until: u64, reason: Reason) -> u64 {
        if until > from {
            self.0[reason as usize] += (until - from) as u32;
        }
        from.max(until)
    }
}
