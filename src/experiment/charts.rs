//! stub
use serde::*; use schemars::JsonSchema;
#[derive(Clone,Debug,PartialEq,Serialize,Deserialize,JsonSchema)]
/// x
pub enum ChartSpec{
 /// l
 Line}
impl ChartSpec{ /// x
 pub fn check(&self,_:&[&str],_:&[&str],_:&mut crate::spec::Problems){} }
