//! The real traces, which are not part of the project.

use std::io::Read;
use std::path::PathBuf;

/// The folder of the real data: `$WINDTUNNEL_DATA`, else `../shared/data`.
pub fn folder() -> PathBuf {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data"));
    std::env::var_os("WINDTUNNEL_DATA").map_or_else(beside, PathBuf::from)
}

/// The text of a compressed file; `None`, saying so, if it is not there.
pub fn gunzip(name: &str) -> Option<String> {
    let path = folder().join(name);
    let Ok(file) = std::fs::File::open(&path) else {
        println!("SKIPPED: {} is not there (set WINDTUNNEL_DATA)", path.display());
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("a whole gzip file");
    Some(text)
}
