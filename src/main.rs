//! The windtunnel command line.

fn main() {}
