//! `windtunnel new`: a commented starter experiment, or one made of a config of `LiteLLM`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Failure, print};
use crate::experiment::litellm::from_config;
use crate::experiment::load::{Diagnostic, Document};

/// The starter; `NAME` stands for the experiment's name.
pub(super) const STARTER: &str = include_str!("starter.yaml");

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The experiment's name; the file is NAME.yaml
    name: String,
    /// The folder to write it in
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// A config of LiteLLM's proxy, which the experiment is made of
    #[arg(long, value_name = "CONFIG")]
    from: Option<PathBuf>,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    let name = args.name.strip_suffix(".yaml").unwrap_or(&args.name);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(Failure::Input(format!(
            "error: `{name}` cannot name an experiment: use letters, digits, `-`, `_`, `+` and `.`"
        )));
    }
    let path = args.out.join(format!("{name}.yaml"));
    let text = match &args.from {
        Some(config) => translate(config, name)?,
        None => STARTER.replace("NAME", name),
    };
    write_new(&path, &text).map_err(Failure::Input)?;
    print(&path.display().to_string())
}

/// The experiment of a config; what is not simulated of it is told.
fn translate(config: &Path, name: &str) -> Result<String, Failure> {
    let shown = |found: Vec<Diagnostic>| {
        let all: Vec<String> = found.iter().map(Diagnostic::to_string).collect();
        all.join("\n\n")
    };
    let refuse = |found| Failure::Input(shown(found));
    let document = Document::open(config).map_err(refuse)?;
    let made = from_config(&document, name).map_err(refuse)?;
    if !made.warnings.is_empty() {
        eprintln!("{}", shown(made.warnings));
    }
    Ok(made.text)
}

fn write_new(path: &Path, text: &str) -> Result<(), String> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            format!("error: `{}` is there already and is left alone", path.display())
        }
        _ => format!("error: cannot write `{}`: {error}", path.display()),
    })
}
