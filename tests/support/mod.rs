//! What integration tests share.
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod folder;

use std::path::Path;
use std::{env, fs};

use windtunnel::experiment::charts::ChartSpec;

/// The charts of a `charts:` block.
pub fn charts(yaml: &str) -> Vec<ChartSpec> {
    serde_yaml::with::singleton_map_recursive::deserialize(serde_yaml::Deserializer::from_str(yaml))
        .unwrap()
}

/// Compares text with a file in `tests/golden`; writes the file instead if
/// `UPDATE_GOLDEN` is set.
pub fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let differs = expected.lines().zip(text.lines()).enumerate().find(|(_, (a, b))| a != b);
    assert!(
        expected == text,
        "{} differs, first at {differs:?}; look at it, then set UPDATE_GOLDEN=1",
        path.display()
    );
}
