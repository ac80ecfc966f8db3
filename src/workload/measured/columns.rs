//! Which column is what, and in which unit, by its name.

use crate::spec::nearest;

/// What a column may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Arrival,
    Concurrency,
    Input,
    Output,
    Ttft,
    Tpot,
    E2e,
    Model,
    Status,
    Error,
}

/// All fields: their names as tools write them, the plainest first.
const NAMES: [(Field, &[&str]); 10] = [
    (Field::Arrival, &["arrival", "arrival_time", "timestamp", "start_time", "sent", "time"]),
    (Field::Concurrency, &["concurrency", "max_concurrency"]),
    (Field::Input, &["input_tokens", "prompt_tokens", "input_len", "prompt_len", "isl"]),
    (Field::Output, &["output_tokens", "completion_tokens", "output_len", "osl"]),
    (Field::Ttft, &["ttft", "time_to_first_token", "ttft_mean", "mean_ttft"]),
    (
        Field::Tpot,
        &[
            "tpot",
            "time_per_output_token",
            "itl",
            "itl_mean",
            "inter_token_latency",
            "tpot_mean",
            "mean_tpot",
        ],
    ),
    (
        Field::E2e,
        &["e2e", "e2el", "latency", "request_latency", "e2e_latency", "e2e_mean", "mean_e2el"],
    ),
    (Field::Model, &["model"]),
    (Field::Status, &["status", "success"]),
    (Field::Error, &["error"]),
];
/// Endings that name a unit of time, and how many seconds it is.
const UNITS: [(&str, f64); 6] =
    [("_s", 1.0), ("_sec", 1.0), ("_seconds", 1.0), ("_ms", 1e-3), ("_us", 1e-6), ("_ns", 1e-9)];

/// A column that is used.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub field: Field,
    /// Its place in a row.
    pub at: usize,
    /// As it is written in the file.
    pub name: String,
    /// Seconds of its unit, if it names one.
    pub unit: Option<f64>,
}

/// What the columns of a file are, and the names of those that are not used.
///
/// # Errors
/// If a field is named twice, a time has no unit, or what is needed is missing.
pub(super) fn find(header: &[String]) -> Result<(Vec<Column>, Vec<String>), String> {
    let mut columns: Vec<Column> = Vec::new();
    let mut unused = Vec::new();
    for (at, name) in header.iter().enumerate() {
        let Some((field, unit)) = known(name) else {
            unused.push(name.clone());
            continue;
        };
        let column = Column { field, at, name: name.clone(), unit };
        if let Some(first) = columns.iter().find(|it| it.field == field) {
            let first = &first.name;
            return Err(format!("both `{first}` and `{name}` hold {}: keep one", words(field)));
        }
        if matches!(field, Field::Ttft | Field::Tpot | Field::E2e) && unit.is_none() {
            return Err(format!(
                "`{name}` does not say its unit: call it `{name}_s` or `{name}_ms`"
            ));
        }
        columns.push(column);
    }
    let has = |field: Field| columns.iter().any(|it| it.field == field);
    let when = if has(Field::Concurrency) { None } else { Some(Field::Arrival) };
    for field in when.into_iter().chain([Field::Input, Field::Output]) {
        if !has(field) {
            return Err(missing(field, header, &unused));
        }
    }
    if ![Field::Ttft, Field::Tpot, Field::E2e].into_iter().any(has) {
        return Err(format!(
            "there is no time among `{}`: expected `ttft_ms`, `tpot_ms` or `e2e_ms` (`_s` for \
             seconds)",
            header.join(",")
        ));
    }
    Ok((columns, unused))
}

/// What a name means, and the unit that it ends with.
fn known(name: &str) -> Option<(Field, Option<f64>)> {
    let plain = name.trim().to_lowercase().replace([' ', '-'], "_");
    let field =
        |base: &str| NAMES.iter().find(|(_, names)| names.contains(&base)).map(|(field, _)| *field);
    if let Some(field) = field(&plain) {
        return Some((field, None));
    }
    UNITS.iter().find_map(|(ending, seconds)| {
        let field = field(plain.strip_suffix(ending)?)?;
        let timed = matches!(field, Field::Arrival | Field::Ttft | Field::Tpot | Field::E2e);
        timed.then_some((field, Some(*seconds)))
    })
}

/// What a field holds.
pub(super) fn words(field: Field) -> &'static str {
    match field {
        Field::Arrival => "arrivals",
        Field::Concurrency => "how many requests were under way",
        Field::Input => "tokens of prompts",
        Field::Output => "tokens of answers",
        Field::Ttft => "the time to the first token",
        Field::Tpot => "the time per further token",
        Field::E2e => "the time to the last token",
        Field::Model => "models",
        Field::Status | Field::Error => "how requests ended",
    }
}

fn missing(field: Field, header: &[String], unused: &[String]) -> String {
    let name = match field {
        Field::Arrival => "arrival_s",
        Field::Input => "input_tokens",
        _ => "output_tokens",
    };
    let near = nearest(name, unused.iter().map(String::as_str));
    let near = near.map_or(String::new(), |near| format!("; is `{near}` meant?"));
    format!(
        "there is no column of {}: expected `{name}` among `{}`{near}",
        words(field),
        header.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn units_are_told_by_names() {
        let (columns, unused) =
            find(&header("i,Arrival_s,input_tokens,completion_tokens,ttft_ms,e2e_us")).unwrap();
        let found: Vec<_> = columns.iter().map(|it| (it.field, it.at, it.unit)).collect();
        assert_eq!(
            found,
            [
                (Field::Arrival, 1, Some(1.0)),
                (Field::Input, 2, None),
                (Field::Output, 3, None),
                (Field::Ttft, 4, Some(1e-3)),
                (Field::E2e, 5, Some(1e-6)),
            ]
        );
        assert_eq!(unused, ["i"]);
    }

    #[test]
    fn means_of_a_closed_loop_need_no_arrivals() {
        let (columns, unused) =
            find(&header("gpu,input_tokens,output_tokens,concurrency,ttft_mean_ms,tpot_mean_ms"))
                .unwrap();
        let found: Vec<Field> = columns.iter().map(|it| it.field).collect();
        let [input, output] = [Field::Input, Field::Output];
        assert_eq!(found, [input, output, Field::Concurrency, Field::Ttft, Field::Tpot]);
        assert_eq!(unused, ["gpu"]);
    }

    #[test]
    fn what_is_missing_or_twice_is_named() {
        for (columns, said) in [
            ("arrival_s,input_tokens,output_tokens", "expected `ttft_ms`"),
            ("arrival_s,input_tokens,output_tokens,ttft", "call it `ttft_s` or `ttft_ms`"),
            ("arrival_s,time_s,input_tokens,output_tokens,ttft_s", "both `arrival_s` and `time_s`"),
            ("arival_s,input_tokens,output_tokens,ttft_s", "is `arival_s` meant?"),
            ("concurrency,output_tokens,ttft_mean_s", "no column of tokens of prompts"),
            ("arrival_s,output_tokens,ttft_s", "there is no column of tokens of prompts"),
        ] {
            let why = find(&header(columns)).unwrap_err();
            assert!(why.contains(said), "{columns}: {why}");
        }
    }
}
