//! A layer's experts on one GPU.

/// What a GPU has of a layer's experts, and which tokens come to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serving::step) struct ExpertsPart {
    /// Experts on a GPU.
    pub on_gpu: u32,
    /// Experts of the layer.
    pub count: u32,
    /// Those that a token goes to.
    pub per_token: u32,
    /// Numbers that a token is.
    pub hidden: u32,
    /// Width of an expert, or of the part of it that is on the GPU.
    pub intermediate: u32,
    /// Engines whose tokens come together here (`data_parallel_size`): each is taken to have
    /// as many as this one.
    pub ranks: u32,
}

impl ExpertsPart {
    /// Weights of an expert, or of the part that is on the GPU: gate, up and down.
    pub fn numbers(&self) -> f64 {
        3.0 * f64::from(self.hidden) * f64::from(self.intermediate)
    }

    /// Pairs of a token and an expert that come to this GPU when each engine has `tokens`:
    /// the mean, if experts are chosen alike.
    pub fn pairs(&self, tokens: f64) -> f64 {
        let share = f64::from(self.on_gpu) / f64::from(self.count);
        tokens * f64::from(self.ranks) * f64::from(self.per_token) * share
    }

    /// Experts of this GPU that any token goes to: the mean, if each token chooses by lot.
    pub fn touched(&self, tokens: f64) -> f64 {
        let share = f64::from(self.per_token) / f64::from(self.count);
        let all = tokens * f64::from(self.ranks);
        f64::from(self.on_gpu) * (1.0 - libm::pow(1.0 - share, all))
    }
}
