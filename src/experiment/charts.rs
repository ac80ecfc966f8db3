//! stub
use schemars::JsonSchema;
use serde::*;
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
/// x
pub enum ChartSpec {
    /// l
    Line,
}
impl ChartSpec {
    /// x
    pub fn check(&self, _: &[&str], _: &[&str], _: &mut crate::spec::Problems) {}
}
