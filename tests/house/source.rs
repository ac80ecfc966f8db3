//! The text of `src/` as modules: what each defines, what it imports and what it names.

use std::collections::BTreeMap;
use std::fs;
use std::iter::Peekable;
use std::path::Path;

use super::tokens::{Token, tokens};

/// The names of modules and of what is in them, from the crate or from the module in
/// which they stand.
pub type Names = Vec<String>;

/// A file of `src/`.
pub struct Source {
    /// Its path within `src/`.
    pub file: String,
    /// How many lines it has.
    pub lines: usize,
    /// The file's own module, and those that it has within braces.
    pub modules: Vec<Module>,
    /// Types of which it has `impl` blocks, but for those of traits.
    own_impls: Vec<String>,
}

impl Source {
    /// Whether it has an `impl` block of the type, but for those of traits.
    pub fn implements(&self, name: &str) -> bool {
        self.own_impls.iter().any(|it| it == name)
    }
}

/// A module.
#[derive(Default)]
pub struct Module {
    /// Where it is, from the crate.
    pub path: Names,
    /// What it defines itself.
    pub defined: Vec<String>,
    /// The modules right within it.
    pub children: Vec<String>,
    pub imports: Vec<Import>,
    /// Paths and single names in its code, imports apart.
    pub named: Vec<Names>,
}

/// A name that is imported.
pub struct Import {
    /// As what it is known; nothing for all that is in a module.
    pub known_as: Option<String>,
    pub target: Names,
    /// Whether others may import it from here.
    pub handed_on: bool,
}

/// All files of `src/` but those of tests, by name.
pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    list(&root, &root, &mut files);
    files.sort();
    let mut sources: Vec<Source> = files.iter().map(|file| read(&root, file)).collect();
    // Files of modules that are compiled for tests alone are not declared.
    let declared: Vec<Names> = sources
        .iter()
        .flat_map(|it| &it.modules)
        .flat_map(|it| {
            it.children.iter().map(|child| [&it.path[..], std::slice::from_ref(child)].concat())
        })
        .collect();
    let is_reached = |path: &[String]| {
        (1..=path.len()).all(|length| declared.iter().any(|it| it == &path[..length]))
    };
    sources.retain(|it| is_reached(&it.modules[0].path));
    sources
}

fn list(root: &Path, folder: &Path, files: &mut Vec<String>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("an entry of src/").path();
        if path.is_dir() {
            list(root, &path, files);
        } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("main.rs") {
            let within = path.strip_prefix(root).expect("a file of src/");
            files.push(within.to_str().expect("a name in UTF-8").replace('\\', "/"));
        }
    }
}

fn read(root: &Path, file: &str) -> Source {
    let text = fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("src/{file}: {e}"));
    let path = file.trim_end_matches(".rs").split('/');
    let path = path.filter(|it| !["mod", "lib"].contains(it)).map(str::to_owned).collect();
    let mut source = Source {
        file: file.to_owned(),
        lines: text.lines().count(),
        modules: Vec::new(),
        own_impls: Vec::new(),
    };
    read_module(path, &tokens(&text), &mut source);
    source
}

type Tokens<'t> = Peekable<std::slice::Iter<'t, Token>>;

/// Reads a module, and after it those within its braces.
fn read_module(path: Names, tokens: &[Token], source: &mut Source) {
    let at = source.modules.len();
    source.modules.push(Module { path, ..Module::default() });
    let mut reader = Reader { module: Module::default(), source, within: Vec::new() };
    reader.read(tokens, true);
    let Reader { module, within, .. } = reader;
    let path = std::mem::take(&mut source.modules[at].path);
    for (name, tokens) in within {
        read_module([&path[..], &[name]].concat(), tokens, source);
    }
    source.modules[at] = Module { path, ..module };
}

struct Reader<'s, 't> {
    module: Module,
    source: &'s mut Source,
    within: Vec<(String, &'t [Token])>,
}

impl<'t> Reader<'_, 't> {
    /// Reads tokens; `items` where what they define is the module's.
    fn read(&mut self, tokens: &'t [Token], items: bool) {
        let mut tokens = tokens.iter().peekable();
        // Whether the next item is `pub`, and the token before this one.
        let (mut public, mut before) = (false, String::new());
        while let Some(token) = tokens.next() {
            let text = text(token);
            match token {
                Token::Mark(_) if text == "#" && is_for_tests(&mut tokens) => {
                    skip_item(&mut tokens);
                }
                Token::Group(bracket, within) => {
                    let visibility = before == "pub" && *bracket == '(';
                    if !visibility {
                        self.read(within, false);
                        public = false;
                    }
                }
                Token::Word(_) => match text.as_str() {
                    "pub" => public = true,
                    "use" if before != "+" && !next_is(&mut tokens, "<") => {
                        self.read_use(&mut tokens, &Vec::new(), public);
                        public = false;
                    }
                    "mod" if items => {
                        self.read_mod(&mut tokens);
                        public = false;
                    }
                    "impl" if items => self.read_impl(&mut tokens),
                    "macro_rules" if items => {
                        tokens.next();
                        self.define(&mut tokens);
                    }
                    "struct" | "enum" | "union" | "trait" | "type" | "const" | "static" | "fn"
                        if items && before != "for" =>
                    {
                        self.define(&mut tokens);
                    }
                    _ if before == "." => {}
                    _ => self.read_path(text.clone(), &mut tokens),
                },
                Token::Mark(_) if text == ";" => public = false,
                Token::Mark(_) => {}
            }
            before = text;
        }
    }

    /// The name after `struct` and its like. `const fn` and `unsafe trait` name what
    /// comes after the next word.
    fn define(&mut self, tokens: &mut Tokens<'t>) {
        if let Some(Token::Word(name)) = tokens.peek() {
            let name = name.clone();
            if !["fn", "unsafe", "trait", "async", "mut", "_"].contains(&name.as_str()) {
                self.module.defined.push(name);
                tokens.next();
            }
        }
    }

    fn read_mod(&mut self, tokens: &mut Tokens<'t>) {
        let Some(Token::Word(name)) = tokens.next() else { return };
        self.module.children.push(name.clone());
        if let Some(Token::Group(_, within)) = tokens.peek() {
            self.within.push((name.clone(), within));
            tokens.next();
        }
    }

    /// Notes of which type an `impl` is, unless it is of a trait.
    fn read_impl(&mut self, tokens: &mut Tokens<'t>) {
        let mut ahead = tokens.clone();
        let (mut depth, mut head) = (0, Vec::new());
        for token in ahead.by_ref() {
            match text(token).as_str() {
                "<" => depth += 1,
                ">" if head.last().is_none_or(|it| it != "-") => depth -= 1,
                _ if matches!(token, Token::Group(..)) => break,
                word if depth == 0 => head.push(word.to_owned()),
                _ => {}
            }
        }
        let own = head.iter().take_while(|it| *it != "where");
        if !head.contains(&"for".to_owned())
            && let Some(name) = own.last()
        {
            self.source.own_impls.push(name.clone());
        }
    }

    /// A path, `a::b::c`, of which the first name is read.
    fn read_path(&mut self, first: String, tokens: &mut Tokens<'t>) {
        let mut names = vec![first];
        while next_is(tokens, ":") {
            let mut ahead = tokens.clone();
            ahead.next();
            if !next_is(&mut ahead, ":") {
                break;
            }
            ahead.next();
            let Some(Token::Word(name)) = ahead.next() else { break };
            names.push(name.clone());
            *tokens = ahead;
        }
        self.module.named.push(names);
    }

    /// What comes after `use`, or after `::` within one.
    fn read_use(&mut self, tokens: &mut Tokens<'t>, prefix: &Names, handed_on: bool) {
        let mut target = prefix.clone();
        let imports = &mut Vec::new();
        let mut add = |known_as: Option<String>, target: Names| {
            imports.push(Import { known_as, target, handed_on });
        };
        while let Some(token) = tokens.next() {
            match token {
                Token::Group(_, within) => {
                    let mut within = within.iter().peekable();
                    while within.peek().is_some() {
                        self.read_use(&mut within, &target, handed_on);
                    }
                    target.clear();
                }
                Token::Word(word) if word == "as" => {
                    let known_as = tokens.next().map(text);
                    add(known_as, std::mem::take(&mut target));
                }
                Token::Word(word) if word == "self" && !target.is_empty() => {}
                Token::Word(word) => target.push(word.clone()),
                Token::Mark('*') => {
                    add(None, std::mem::take(&mut target));
                }
                Token::Mark(':') => {}
                Token::Mark(_) => break,
            }
        }
        if let Some(last) = target.last().cloned() {
            add(Some(last), target);
        }
        self.module.imports.append(imports);
    }
}

fn text(token: &Token) -> String {
    match token {
        Token::Word(word) => word.clone(),
        Token::Mark(mark) => mark.to_string(),
        Token::Group(..) => String::new(),
    }
}

fn next_is(tokens: &mut Tokens<'_>, wanted: &str) -> bool {
    tokens.peek().is_some_and(|it| text(it) == wanted)
}

/// Whether what an attribute, of which `#` is read, stands before is for tests alone.
fn is_for_tests(tokens: &mut Tokens<'_>) -> bool {
    let Some(Token::Group('[', said)) = tokens.peek() else { return false };
    let test = |token: &Token| *token == Token::Word("test".to_owned());
    match &said[..] {
        [word] => test(word),
        [Token::Word(word), Token::Group(_, of)] if word == "cfg" => match &of[..] {
            [Token::Word(any), Token::Group(_, of)] if any == "any" => of.iter().any(test),
            of => of.first().is_some_and(test),
        },
        _ => false,
    }
}

/// Skips to the end of an item: a semicolon, or braces.
fn skip_item(tokens: &mut Tokens<'_>) {
    for token in tokens.by_ref() {
        match token {
            Token::Mark(';') | Token::Group('{', _) => return,
            _ => {}
        }
    }
}

/// What the files are called by the paths of their modules.
pub fn by_path(sources: &[Source]) -> BTreeMap<&[String], (&Module, &str)> {
    let modules = sources.iter().flat_map(|source| {
        source.modules.iter().map(|it| (&it.path[..], (it, source.file.as_str())))
    });
    modules.collect()
}
