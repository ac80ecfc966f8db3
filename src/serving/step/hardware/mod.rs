//! Models and GPUs as files name them.

mod gpu;
mod link;
mod model;

pub use gpu::{GpuFigures, GpuSpec};
pub use link::LinkSpec;
pub use model::{TransformerFigures, TransformerSpec};
