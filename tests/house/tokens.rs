//! Rust's text as words, marks and brackets; comments and what is within quotes are
//! left out.

/// A word, a mark, or what is within brackets.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name or a keyword.
    Word(String),
    Mark(char),
    /// What is within brackets that open so.
    Group(char, Vec<Token>),
}

/// The tokens of a text.
pub fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    let mut open = vec![(' ', Vec::new())];
    while let Some(&char) = chars.get(at) {
        let token = match char {
            '/' if chars.get(at + 1) == Some(&'/') => {
                at = line_end(&chars, at);
                continue;
            }
            '/' if chars.get(at + 1) == Some(&'*') => {
                at = comment_end(&chars, at);
                continue;
            }
            '"' => {
                at = text_end(&chars, at + 1);
                continue;
            }
            '\'' => {
                at = quote_end(&chars, at);
                continue;
            }
            'r' | 'b' if raw_end(&chars, at).is_some() => {
                at = raw_end(&chars, at).unwrap_or(at);
                continue;
            }
            '(' | '[' | '{' => {
                open.push((char, Vec::new()));
                at += 1;
                continue;
            }
            ')' | ']' | '}' => {
                let (bracket, within) = open.pop().expect("a bracket that is open");
                Token::Group(bracket, within)
            }
            _ if is_of_word(char) => {
                let length = chars[at..].iter().take_while(|it| is_of_word(**it)).count();
                at += length - 1;
                Token::Word(chars[at + 1 - length..=at].iter().collect())
            }
            _ if char.is_whitespace() => {
                at += 1;
                continue;
            }
            _ => Token::Mark(char),
        };
        open.last_mut().expect("brackets in pairs").1.push(token);
        at += 1;
    }
    assert_eq!(open.len(), 1, "brackets in pairs");
    open.remove(0).1
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn line_end(chars: &[char], from: usize) -> usize {
    let length = chars[from..].iter().position(|it| *it == '\n');
    length.map_or(chars.len(), |length| from + length)
}

/// Comments may be within comments.
fn comment_end(chars: &[char], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at < chars.len() {
        match chars.get(at..at + 2) {
            Some(['/', '*']) => (depth, at) = (depth + 1, at + 2),
            Some(['*', '/']) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The end of a text in quotes, of which the first is passed.
fn text_end(chars: &[char], mut at: usize) -> usize {
    while chars.get(at).is_some_and(|it| *it != '"') {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The end of a character, or of the quote before a lifetime's name.
fn quote_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => {
            let closing = chars[at + 3..].iter().position(|it| *it == '\'');
            closing.map_or(chars.len(), |length| at + 3 + length + 1)
        }
        (Some(_), Some('\'')) => at + 3,
        // A lifetime.
        _ => at + 1 + chars[at + 1..].iter().take_while(|it| is_of_word(**it)).count(),
    }
}

/// The end of a text such as `r#"..."#` or `b"..."`, if one begins here.
fn raw_end(chars: &[char], from: usize) -> Option<usize> {
    if from > 0 && is_of_word(chars[from - 1]) {
        return None;
    }
    let mut at = from + usize::from(chars[from] == 'b');
    if chars.get(at) == Some(&'\'') {
        return Some(quote_end(chars, at));
    }
    if chars.get(at) != Some(&'r') {
        return (chars.get(at) == Some(&'"')).then(|| text_end(chars, at + 1));
    }
    at += 1;
    let hashes = chars[at..].iter().take_while(|it| **it == '#').count();
    at += hashes;
    if chars.get(at) != Some(&'"') {
        return None;
    }
    let closes = |at: usize| {
        chars[at] == '"'
            && chars[at + 1..].iter().take(hashes).filter(|it| **it == '#').count() == hashes
    };
    (at + 1..chars.len()).find(|at| closes(*at)).map(|at| at + 1 + hashes)
}

#[test]
fn comments_and_quotes_are_left_out() {
    let words = |text: &str| -> Vec<String> {
        let word = |token: &Token| match token {
            Token::Word(word) => Some(word.clone()),
            _ => None,
        };
        tokens(text).iter().filter_map(word).collect()
    };
    assert_eq!(words("a // b\n c /* d /* e */ f */ g"), ["a", "c", "g"]);
    assert_eq!(words(r##"a "b \" c" d r#"e " f"# g b"h" i"##), ["a", "d", "g", "i"]);
    assert_eq!(words(r"a '(' '\'' '\\' '\u{7b}' b' ' b: &'c d"), ["a", "b", "d"]);
    let group = Token::Group('(', vec![Token::Word("b".into())]);
    assert_eq!(tokens("a(b);")[1..], [group, Token::Mark(';')]);
}
