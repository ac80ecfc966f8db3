//! The `windtunnel` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    windtunnel::cli::main()
}
