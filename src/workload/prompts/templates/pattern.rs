//! How a template is written: text, `{slot}`, and `{{` or `}}` for a brace.

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text as it is.
    Text(String),
    /// The name of a slot.
    Slot(String),
}

/// The pieces of a template; no two texts follow each other.
///
/// # Errors
/// What is wrong with its braces.
pub(super) fn pieces(template: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), template);
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let (brace, after) = rest[at..].split_at(1);
        if let Some(after) = after.strip_prefix(brace) {
            text.push_str(brace);
            rest = after;
            continue;
        }
        let place = template[..template.len() - after.len()].chars().count();
        if brace == "}" {
            return Err(format!("the brace `}}` at character {place} closes no slot"));
        }
        let Some((name, after)) = after.split_once('}') else {
            return Err(format!("the brace `{{` at character {place} is not closed"));
        };
        if name.is_empty() || name.contains('{') {
            return Err(format!("the brace `{{` at character {place} opens no slot"));
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        pieces.push(Piece::Slot(name.to_owned()));
        rest = after;
    }
    text.push_str(rest);
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    fn slot(name: &str) -> Piece {
        Piece::Slot(name.to_owned())
    }

    #[test]
    fn a_template_is_text_and_slots() {
        let found = pieces("Summarise {doc} in {n} words").unwrap();
        assert_eq!(
            found,
            [text("Summarise "), slot("doc"), text(" in "), slot("n"), text(" words")]
        );
        assert_eq!(pieces("{a}{b}").unwrap(), [slot("a"), slot("b")]);
        assert_eq!(pieces("").unwrap(), []);
    }

    #[test]
    fn doubled_braces_are_braces() {
        let found = pieces("{{\"city\": {{{city}}}}}").unwrap();
        assert_eq!(found, [text("{\"city\": {"), slot("city"), text("}}")]);
    }

    #[test]
    fn braces_that_do_not_match_are_told_by_their_place() {
        for (template, why) in [
            ("é {doc", "`{` at character 3 is not closed"),
            ("doc} ", "`}` at character 4 closes no slot"),
            ("a {} b", "`{` at character 3 opens no slot"),
            ("a {b {c} d", "`{` at character 3 opens no slot"),
            ("{a}}", "`}` at character 4 closes no slot"),
        ] {
            let found = pieces(template).unwrap_err();
            assert!(found.contains(why), "{template}: {found}");
        }
    }
}
