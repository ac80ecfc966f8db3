//! From a YAML file to a results folder.

pub mod charts;
