//! Which format a trace is of, from how it begins.

use std::path::Path;

use super::lines::Lines;
use super::{LogSpec, TraceError, accesses};

/// What a file's beginning tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Detected {
    /// A header of the Azure traces.
    Azure,
    /// A header of `BurstGPT`.
    Burstgpt,
    /// An object with the keys of the Mooncake traces.
    Mooncake,
    /// A header with the columns that a log has by default; with those of prompts
    /// and users, if there are any.
    Csv(LogSpec),
    /// The same for JSON objects.
    Jsonl(LogSpec),
    /// A cache trace as libCacheSim reads them.
    Objects,
    /// Something else: the first line.
    Unknown(String),
}

/// Looks at the first line of a file, unpacked.
///
/// # Errors
/// If the file cannot be read or is empty.
pub fn detect(path: &Path) -> Result<Detected, TraceError> {
    if accesses::detect(path, b"") == Some(accesses::Format::OracleGeneral) {
        return Ok(Detected::Objects);
    }
    let mut lines = Lines::open(path)?;
    if !lines.advance_to_text()? {
        return Err(lines.position().empty());
    }
    Ok(of_line(&String::from_utf8_lossy(lines.line())))
}

fn of_line(line: &str) -> Detected {
    let line = line.trim_start_matches('\u{feff}').trim();
    let object: Option<serde_json::Map<String, serde_json::Value>> =
        line.starts_with('{').then(|| serde_json::from_str(line).ok()).flatten();
    let names: Vec<String> = match &object {
        Some(object) => object.keys().cloned().collect(),
        None => line.split(',').map(|name| name.trim().trim_matches('"').to_owned()).collect(),
    };
    let has = |wanted: &[&str]| wanted.iter().all(|name| names.iter().any(|n| n == name));
    let log = || {
        let optional = |name: &str| has(&[name]).then(|| name.to_owned());
        LogSpec { prompt: optional("prompt"), user: optional("user"), ..LogSpec::default() }
    };
    let usual = ["timestamp", "input_tokens", "output_tokens"];
    match object {
        Some(_) if has(&["timestamp", "input_length", "output_length", "hash_ids"]) => {
            Detected::Mooncake
        }
        Some(_) if has(&usual) => Detected::Jsonl(log()),
        None if has(&["TIMESTAMP", "ContextTokens", "GeneratedTokens"]) => Detected::Azure,
        None if has(&["Timestamp", "Request tokens", "Response tokens"]) => Detected::Burstgpt,
        None if has(&usual) => Detected::Csv(log()),
        None if has(&["time", "id", "size"]) || has(&["time", "obj_id", "obj_size"]) => {
            Detected::Objects
        }
        _ => Detected::Unknown(line.chars().take(80).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_line() {
        for (line, found) in [
            ("\u{feff}TIMESTAMP,ContextTokens,GeneratedTokens\r", Detected::Azure),
            (
                "Timestamp,Session ID,Model,Request tokens,Response tokens,Total tokens,Log Type",
                Detected::Burstgpt,
            ),
            (
                r#"{"timestamp": 0, "input_length": 9, "output_length": 1, "hash_ids": [1]}"#,
                Detected::Mooncake,
            ),
            ("timestamp,input_tokens,output_tokens", Detected::Csv(LogSpec::default())),
            ("time,id,size,next", Detected::Objects),
            ("when,what", Detected::Unknown("when,what".to_owned())),
            ("{\"when\": 1}", Detected::Unknown("{\"when\": 1}".to_owned())),
        ] {
            assert_eq!(of_line(line), found, "{line}");
        }
        let line = r#"{"timestamp": 1, "user": "a", "input_tokens": 2, "output_tokens": 3}"#;
        let Detected::Jsonl(log) = of_line(line) else { panic!("JSON lines") };
        assert_eq!((log.user.as_deref(), log.prompt), (Some("user"), None));
    }
}
