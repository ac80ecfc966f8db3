//! Fields that matter to what is simulated and that a reader does not use: they are named,
//! with what would use them.

/// What a field is, by its name without signs and in lower case; the first that fits.
const KNOWN: [(&[&str], Use); 8] = [
    (
        &["sessionid", "conversationid", "chatid", "threadid", "roundindex", "turn", "turnindex"],
        Use::Dependency("sessions"),
    ),
    (
        &[
            "delay",
            "waitfor",
            "toolwaitms",
            "branches",
            "prefixreset",
            "parentid",
            "parentspanid",
            "dependson",
            "thinktime",
        ],
        Use::Dependency("what requests wait for"),
    ),
    (&["status", "error", "errormessage", "statuscode", "success", "failed"], Use::Role("status")),
    (&["model", "modelname", "modelid", "modelgroup"], Use::Role("model")),
    (&["ttft", "ttfts", "ttftms", "timetofirsttoken", "timetofirsttokenms"], Use::Role("ttft")),
    (
        &["e2e", "e2es", "e2ems", "latency", "latencyms", "latencys", "elapsedtime"],
        Use::Role("e2e"),
    ),
    (&["cost", "spend", "costusd", "spendusd"], Use::Role("cost")),
    (&["hashids", "blockids", "blockhashes"], Use::Role("blocks")),
];

/// What would use a field.
#[derive(Clone, Copy, Debug)]
enum Use {
    /// A column of this role of a log.
    Role(&'static str),
    /// Nothing in a replay by stamps.
    Dependency(&'static str),
}

/// What to say of the fields that were not used.
pub(super) fn notes<'n>(unused: impl Iterator<Item = &'n str>) -> Vec<String> {
    let said = unused.filter_map(|name| {
        let plain: String =
            name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let (_, used) = KNOWN.iter().find(|(names, _)| names.contains(&&*plain))?;
        Some(match used {
            Use::Role(role) => {
                format!("`{name}` is not used: as a log, `{role}: {name}` would read it")
            }
            Use::Dependency(what) => dependency(name, what),
        })
    });
    said.collect()
}

/// Whether that was said of a field that says what waits for what.
pub(super) fn is_dependency(note: &str) -> bool {
    note.contains(BY_STAMPS)
}

/// Of a replay that heeds no dependencies.
const BY_STAMPS: &str = "is not used: requests come at their recorded times";

/// What to say of a field that says what waits for what.
pub(super) fn dependency(name: &str, what: &str) -> String {
    format!(
        "`{name}` ({what}) {BY_STAMPS}, whenever the answers before \
         them are ready; `replay: closed` would wait for answers, where the format knows what waited for \
         what, as would a `session:` of a workload"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_matter_are_named_with_what_would_use_them() {
        let said = notes(["Session ID", "Log Type", "latency_ms", "wait_for"].into_iter());
        assert_eq!(said.len(), 3);
        assert!(said[0].starts_with("`Session ID` (sessions) is not used"));
        assert!(said[1].ends_with("`e2e: latency_ms` would read it"));
        assert!(said[2].starts_with("`wait_for` (what requests wait for)"));
    }
}
