//! As much of Rust's grammar as it takes to see who imports whom.

use std::collections::BTreeMap;

/// A word or a sign of the source; comments and literals are none.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// A path as it is written, from its first segment to its last.
#[derive(Debug)]
pub(crate) struct Path {
    segments: Vec<String>,
    alias: Option<String>,
    /// How many inline modules it stands in, within its file.
    depth: usize,
    pub(crate) line: usize,
}

impl Path {
    /// The segment that follows the crate's root, if the path goes through it. `depth` is that of
    /// the file's module.
    pub(crate) fn below_root(&self, depth: usize) -> Option<&str> {
        let segments: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        let rest = match segments.as_slice() {
            ["crate", rest @ ..] => rest,
            ["self", rest @ ..] | rest => {
                let ups = rest.iter().take_while(|segment| **segment == "super").count();
                if ups == 0 || ups < depth + self.depth {
                    return None;
                }
                &rest[ups..]
            }
        };
        rest.first().copied()
    }
}

/// What the crate's root exports: each name, and the module or crate that it comes from.
pub(crate) fn exports(root: &[Token]) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (_, path) in uses(root).filter(|(exported, _)| *exported) {
        let home =
            path.segments.iter().find(|segment| !matches!(segment.as_str(), "crate" | "self"));
        let name = path.alias.as_ref().or(path.segments.last());
        if let (Some(name), Some(home)) = (name, home) {
            names.insert(name.clone(), home.clone());
        }
    }
    names
}

/// The lines at which a glob is exported.
pub(crate) fn globs(tokens: &[Token]) -> Vec<usize> {
    let exported = uses(tokens).filter(|(exported, _)| *exported);
    let globs = exported.filter(|(_, path)| path.segments.last().is_some_and(|last| last == "*"));
    globs.map(|(_, path)| path.line).collect()
}

/// All paths, those of imports and those in the middle of code.
pub(crate) fn paths(tokens: &[Token]) -> Vec<Path> {
    let mut found: Vec<Path> = uses(tokens).map(|(_, path)| path).collect();
    let mut reader = Reader::new(tokens);
    while let Some(token) = reader.next() {
        match token.text.as_str() {
            // `use<..>` is what a type captures.
            "use" if !reader.sees("<") => reader.skip_to(";"),
            "crate" | "super" | "self" if reader.sees("::") => {
                let mut segments = vec![token.text.clone()];
                while reader.takes("::") {
                    match reader.next() {
                        Some(next) => segments.push(next.text.clone()),
                        None => break,
                    }
                }
                let (depth, line) = (reader.depth(), token.line);
                found.push(Path { segments, alias: None, depth, line });
            }
            _ => {}
        }
    }
    found
}

/// The paths of all imports, and whether they are exports too.
fn uses(tokens: &[Token]) -> impl Iterator<Item = (bool, Path)> {
    let mut found = Vec::new();
    let mut reader = Reader::new(tokens);
    let mut exported = false;
    while let Some(token) = reader.next() {
        match token.text.as_str() {
            "pub" => {
                exported = true;
                if reader.takes("(") {
                    reader.skip_to(")");
                }
            }
            "use" if !reader.sees("<") => {
                let mut paths = Vec::new();
                reader.tree(&[], &mut paths);
                found.extend(paths.into_iter().map(|path| (exported, path)));
                exported = false;
            }
            _ => exported = false,
        }
    }
    found.into_iter()
}

/// Goes through tokens, and knows in how many inline modules it is.
struct Reader<'a> {
    tokens: &'a [Token],
    next: usize,
    /// For each brace that is open, whether it is a module's.
    braces: Vec<bool>,
}

impl<'a> Reader<'a> {
    const fn new(tokens: &'a [Token]) -> Self {
        Self { tokens, next: 0, braces: Vec::new() }
    }

    fn next(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.next)?;
        match token.text.as_str() {
            "{" => {
                let before = self.next.checked_sub(2).and_then(|index| self.tokens.get(index));
                self.braces.push(before.is_some_and(|token| token.text == "mod"));
            }
            "}" => drop(self.braces.pop()),
            _ => {}
        }
        self.next += 1;
        Some(token)
    }

    fn depth(&self) -> usize {
        self.braces.iter().filter(|module| **module).count()
    }

    fn sees(&self, text: &str) -> bool {
        self.tokens.get(self.next).is_some_and(|token| token.text == text)
    }

    fn takes(&mut self, text: &str) -> bool {
        let sees = self.sees(text);
        if sees {
            self.next();
        }
        sees
    }

    fn skip_to(&mut self, text: &str) {
        while self.next().is_some_and(|token| token.text != text) {}
    }

    /// Reads one tree of an import, `a::{b, c::d as e}`, into its paths.
    fn tree(&mut self, prefix: &[String], found: &mut Vec<Path>) {
        let mut segments = prefix.to_vec();
        let mut line = self.tokens.get(self.next).map_or(0, |token| token.line);
        loop {
            if self.takes("::") {
                continue;
            }
            if self.takes("{") {
                while !self.takes("}") && self.next < self.tokens.len() {
                    self.tree(&segments, found);
                    self.takes(",");
                }
                return;
            }
            if self.sees(",") || self.sees("}") || self.sees(";") || self.sees("as") {
                break;
            }
            let Some(token) = self.next() else { break };
            line = token.line;
            segments.push(token.text.clone());
        }
        let alias = self.takes("as").then(|| self.next().map(|token| token.text.clone())).flatten();
        found.push(Path { segments, alias, depth: self.depth(), line });
    }
}

/// The words and signs of a source. A word that is written `r#word` comes without its mark.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = source;
    while !rest.is_empty() {
        let blank = blank(rest);
        let (text, after) = rest.split_at(blank.unwrap_or_else(|| word_or_sign(rest)));
        if blank.is_none() {
            found.push(Token { text: text.to_owned(), line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    found
}

/// The length of what the text begins with, if that is no code: space, a comment, a literal.
fn blank(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    match first {
        '"' => Some(1 + quoted(&text[1..], '"')),
        '\'' => Some(char_or_lifetime(text)),
        _ if first.is_whitespace() => Some(first.len_utf8()),
        _ if text.starts_with("//") => Some(text.find('\n').unwrap_or(text.len())),
        _ if text.starts_with("/*") => Some(block_comment(text)),
        _ if text.starts_with("r#") && text[2..].starts_with(is_word) => Some(2),
        _ => raw_string(text),
    }
}

fn word_or_sign(text: &str) -> usize {
    match text.find(|c| !is_word(c)) {
        Some(0) if text.starts_with("::") => 2,
        Some(0) => text.chars().next().map_or(0, char::len_utf8),
        Some(end) => end,
        None => text.len(),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a comment that may hold others.
fn block_comment(text: &str) -> usize {
    let (mut open, mut at) = (0_usize, 0);
    loop {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            open += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            open -= 1;
            at += 2;
        } else {
            at += rest.chars().next().map_or(0, char::len_utf8);
        }
        if open == 0 || at >= text.len() {
            return at.min(text.len());
        }
    }
}

/// The length of `r"..."`, `br#"..."#` and their like, if that is what the text begins with.
fn raw_string(text: &str) -> Option<usize> {
    let marks = text.strip_prefix("br").or(text.strip_prefix("cr")).or(text.strip_prefix('r'))?;
    let inside = marks.trim_start_matches('#');
    let end = format!("\"{}", "#".repeat(marks.len() - inside.len()));
    let inside = inside.strip_prefix('"')?;
    let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
    Some(text.len() - inside.len() + length)
}

/// How far it is to behind the closing `quote`.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// The length of `'c'` or `'\n'`, or of the mark of a lifetime.
fn char_or_lifetime(text: &str) -> usize {
    let inside = &text[1..];
    let mut chars = inside.chars();
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => 1 + quoted(inside, '\''),
        (Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 1,
    }
}
