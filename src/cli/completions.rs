//! `windtunnel completions`: for bash, zsh, fish, ...

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Failure, print};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  windtunnel completions bash > ~/.local/share/bash-completion/completions/windtunnel"
)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "windtunnel", &mut script);
    print(&String::from_utf8_lossy(&script))
}
