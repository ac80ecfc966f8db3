//! The text of `src/` as modules: what each defines, what it imports and what it names.

use std::collections::BTreeMap;
use std::fs;
use std::iter::Peekable;
use std::path::Path;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree, token_stream};

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
        .flat_map(|it| it.children.iter().map(|child| [&it.path[..], &[child.clone()]].concat()))
        .collect();
    let is_reached = |path: &[String]| {
        (1..=path.len()).all(|length| declared.iter().any(|it| it == &path[..length]))
    };
    sources.retain(|it| is_reached(&it.modules[0].path));
    sources
}

fn list(root: &Path, folder: &Path, files: &mut Vec<String>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
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
    let tokens = TokenStream::from_str(&text).unwrap_or_else(|e| panic!("src/{file}: {e}"));
    let path = file.trim_end_matches(".rs").split('/');
    let path = path.filter(|it| !["mod", "lib"].contains(it)).map(str::to_owned).collect();
    let mut source = Source {
        file: file.to_owned(),
        lines: text.lines().count(),
        modules: Vec::new(),
        own_impls: Vec::new(),
    };
    read_module(path, tokens, &mut source);
    source
}

type Tokens = Peekable<token_stream::IntoIter>;

/// Reads a module, and after it those within its braces.
fn read_module(path: Names, tokens: TokenStream, source: &mut Source) {
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

struct Reader<'s> {
    module: Module,
    source: &'s mut Source,
    within: Vec<(String, TokenStream)>,
}

impl Reader<'_> {
    /// Reads tokens; `items` where what they define is the module's.
    fn read(&mut self, tokens: TokenStream, items: bool) {
        let mut tokens = tokens.into_iter().peekable();
        // Whether the next item is `pub`, and the token before this one.
        let (mut public, mut before) = (false, String::new());
        while let Some(token) = tokens.next() {
            let text = text(&token);
            match &token {
                TokenTree::Punct(_) if text == "#" && is_for_tests(&mut tokens) => {
                    skip_item(&mut tokens);
                }
                TokenTree::Group(group) => {
                    let visibility = before == "pub" && group.delimiter() == Delimiter::Parenthesis;
                    if !visibility {
                        self.read(group.stream(), false);
                        public = false;
                    }
                }
                TokenTree::Ident(_) => match text.as_str() {
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
                    _ if before == "." || before == "'" => {}
                    _ => self.read_path(text.clone(), &mut tokens),
                },
                TokenTree::Punct(_) if text == ";" => public = false,
                _ => {}
            }
            before = text;
        }
    }

    /// The name after `struct` and its like. `const fn` and `unsafe trait` name what
    /// comes after the next word.
    fn define(&mut self, tokens: &mut Tokens) {
        if let Some(TokenTree::Ident(name)) = tokens.peek() {
            let name = name.to_string();
            if !["fn", "unsafe", "trait", "async", "mut", "_"].contains(&name.as_str()) {
                self.module.defined.push(name);
                tokens.next();
            }
        }
    }

    fn read_mod(&mut self, tokens: &mut Tokens) {
        let Some(TokenTree::Ident(name)) = tokens.next() else { return };
        self.module.children.push(name.to_string());
        if let Some(TokenTree::Group(group)) = tokens.peek() {
            self.within.push((name.to_string(), group.stream()));
            tokens.next();
        }
    }

    /// Notes of which type an `impl` is, unless it is of a trait.
    fn read_impl(&mut self, tokens: &mut Tokens) {
        let mut ahead = tokens.clone();
        let (mut depth, mut head) = (0, Vec::new());
        for token in ahead.by_ref() {
            match text(&token).as_str() {
                "<" => depth += 1,
                ">" if head.last().is_none_or(|it| it != "-") => depth -= 1,
                _ if matches!(&token, TokenTree::Group(_)) => break,
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
    fn read_path(&mut self, first: String, tokens: &mut Tokens) {
        let mut names = vec![first];
        while next_is(tokens, ":") {
            let mut ahead = tokens.clone();
            ahead.next();
            if !next_is(&mut ahead, ":") {
                break;
            }
            ahead.next();
            let Some(TokenTree::Ident(name)) = ahead.next() else { break };
            names.push(name.to_string());
            *tokens = ahead;
        }
        self.module.named.push(names);
    }

    /// What comes after `use`, or after `::` within one.
    fn read_use(&mut self, tokens: &mut Tokens, prefix: &Names, handed_on: bool) {
        let mut target = prefix.clone();
        let imports = &mut Vec::new();
        let mut add = |known_as: Option<String>, target: Names| {
            imports.push(Import { known_as, target, handed_on });
        };
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => {
                    let mut within = group.stream().into_iter().peekable();
                    while within.peek().is_some() {
                        self.read_use(&mut within, &target, handed_on);
                    }
                    target.clear();
                }
                TokenTree::Ident(word) if word == "as" => {
                    let known_as = tokens.next().map(|it| text(&it));
                    add(known_as, std::mem::take(&mut target));
                }
                TokenTree::Ident(word) if word == "self" && !target.is_empty() => {}
                TokenTree::Ident(word) => target.push(word.to_string()),
                TokenTree::Punct(mark) if mark.as_char() == '*' => {
                    add(None, std::mem::take(&mut target));
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => {}
                _ => break,
            }
        }
        if let Some(last) = target.last().cloned() {
            add(Some(last), target);
        }
        self.module.imports.append(imports);
    }
}

fn text(token: &TokenTree) -> String {
    match token {
        TokenTree::Group(_) => String::new(),
        token => token.to_string(),
    }
}

fn next_is(tokens: &mut Tokens, wanted: &str) -> bool {
    tokens.peek().is_some_and(|it| text(it) == wanted)
}

/// Whether what an attribute, of which `#` is read, stands before is for tests alone.
fn is_for_tests(tokens: &mut Tokens) -> bool {
    let Some(TokenTree::Group(group)) = tokens.peek() else { return false };
    let said = group.stream().to_string().replace(' ', "");
    said == "cfg(test)" || said == "test" || said.starts_with("cfg(any(test")
}

/// Skips to the end of an item: a semicolon, or braces.
fn skip_item(tokens: &mut Tokens) {
    for token in tokens.by_ref() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == ';' => return,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
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
