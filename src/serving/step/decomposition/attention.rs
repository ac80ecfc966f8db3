//! Attention's arithmetic, and what it reads.

/// Attention of one layer on one GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serving::step) enum Attention {
    /// Heads that ask, in groups that share keys and values.
    Grouped {
        /// Heads that ask.
        heads: u32,
        /// Heads that keep keys and values: at least 1, so that GPUs beyond their number have
        /// the same ones.
        kv_heads: u32,
        /// Numbers in a head.
        head_dim: u32,
        /// How many tokens a token attends to, itself among them; `None`: all before it.
        window: Option<u32>,
    },
    /// Multi-head latent attention: each GPU keeps what all heads need.
    Latent {
        /// Heads that ask.
        heads: u32,
        /// Width of what is kept of a token, but for its turned part.
        kv_rank: u32,
        /// Numbers of a head's query and key that do not turn.
        nope_dim: u32,
        /// Those that do.
        rope_dim: u32,
        /// Numbers of a head's value.
        value_dim: u32,
    },
}

impl Attention {
    /// How many tokens a token attends to, itself among them; `None`: all before it.
    pub const fn window(&self) -> Option<u32> {
        match self {
            Attention::Grouped { window, .. } => *window,
            Attention::Latent { .. } => None,
        }
    }

    /// Numbers that are kept of a token.
    pub fn kv_numbers(&self) -> f64 {
        let f = f64::from;
        match *self {
            Attention::Grouped { kv_heads, head_dim, .. } => 2.0 * f(kv_heads) * f(head_dim),
            Attention::Latent { kv_rank, rope_dim, .. } => f(kv_rank) + f(rope_dim),
        }
    }

    /// Operations for each pair of a prompt's token and one that it attends to.
    pub fn prefill_flops(&self) -> f64 {
        let f = f64::from;
        match *self {
            Attention::Grouped { heads, head_dim, .. } => 4.0 * f(heads) * f(head_dim),
            // Keys and values are made for each head.
            Attention::Latent { heads, nope_dim, rope_dim, value_dim, .. } => {
                2.0 * f(heads) * (f(nope_dim) + f(rope_dim) + f(value_dim))
            }
        }
    }

    /// The same of a decoding sequence.
    pub fn decode_flops(&self) -> f64 {
        let f = f64::from;
        match *self {
            Attention::Grouped { .. } => self.prefill_flops(),
            // Queries are brought to where keys and values are kept, and what comes out is
            // brought back, so that nothing is made of what is kept.
            Attention::Latent { heads, kv_rank, rope_dim, .. } => {
                2.0 * f(heads) * (2.0 * f(kv_rank) + f(rope_dim))
            }
        }
    }
}
