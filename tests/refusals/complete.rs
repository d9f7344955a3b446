//! No function is left out: each public one that answers with a `ConfigError` is in the table, and each
//! that takes a number or a time is there too, or among those [for which any will
//! do](super::any_number).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::any_number::ANY;
use crate::table;

#[path = "../architecture/source.rs"]
#[allow(dead_code, reason = "it knows of imports, too")]
mod source;

use source::{Token, tokens};

/// What is said of a function: what it takes, by name, and what it answers.
#[derive(Debug, Default, PartialEq, Eq)]
struct Signature {
    names: BTreeSet<String>,
    takes_number: bool,
    refuses: bool,
}

const NUMBERS: [&str; 10] =
    ["Duration", "Overflow", "RangeInclusive", "f64", "i32", "u16", "u32", "u64", "usize", "Range"];

/// What belongs to a setting that is not a function's own.
const OTHERS: [(&str, &str); 27] = [
    // Of what it is given.
    ("cache::DistributedCacheBuilder::node_breaker", "window"),
    ("cache::FaultNode::set_faults", "errors"),
    ("limit::AdaptiveRateLimiter::rule", "factor"),
    ("limit::AdaptiveRateLimiter::rule", "threshold"),
    ("monitor::Registry::histogram_with", "bounds"),
    ("monitor::Registry::histograms", "bounds"),
    ("monitor::Registry::register", "name"),
    ("policy::tower::limit", "weight"),
    ("stream::retry_stream", "factor"),
    // With which it does not go together.
    ("limit::AdaptiveRateLimiter::between", "initial"),
    ("limit::RateLimiter::set_rate", "burst"),
    // It tells the number of them, or one.
    ("cache::Rendezvous::new", "node"),
    // The whole of what it is told in two parts.
    ("limit::Adaptation::range", "range"),
    // Of what was set before.
    ("cache::FaultNode::new", "errors"),
    ("cache::FaultNode::with_runtime", "errors"),
    ("monitor::Histogram::new", "bounds"),
    ("cache::TtlCacheBuilder::build", "capacity"),
    ("cache::TtlCacheBuilder::build_with_hasher", "capacity"),
    ("cache::TtlCacheBuilder::build_with_runtime", "capacity"),
    ("event::Batched::on", "size"),
    ("limit::AdaptiveConcurrency::new", "start"),
    ("policy::CircuitBreaker::new", "probes"),
    ("policy::CircuitBreaker::with_runtime", "probes"),
    ("policy::RetryBudgetBuilder::build", "ratio"),
    ("time::Backoff::delays", "factor"),
    ("time::Backoff::validate", "factor"),
    ("limit::AdaptiveConcurrency::with_runtime", "tolerance"),
];

#[test]
fn no_function_is_left_out() {
    let known = signatures();
    assert!(known.len() > 500, "{} functions", known.len());
    let table = table();
    let refused: BTreeSet<&str> = table.rows().iter().map(|row| row.of).collect();
    let mut wrong = Vec::new();
    for (of, signature) in &known {
        let is_any = ANY.iter().any(|(name, _)| name == of);
        match (refused.contains(of.as_str()), is_any) {
            (false, false) if signature.refuses => {
                wrong.push(format!("{of}: it is not shown how it refuses"));
            }
            (false, false) if signature.takes_number => {
                wrong.push(format!("{of}: which numbers does it refuse?"));
            }
            (false, true) if signature.refuses => {
                wrong.push(format!("{of}: not any number will do, where it can refuse"));
            }
            (true, true) => {
                wrong.push(format!("{of}: it refuses some numbers, so not any will do"));
            }
            _ => {}
        }
    }
    let named = refused.iter().copied().chain(ANY.iter().map(|(name, _)| *name));
    let is_built = |of: &str| cfg!(feature = "tower") || !of.contains("::tower::");
    wrong.extend(
        named
            .filter(|of| !known.contains_key(*of) && is_built(of))
            .map(|of| format!("{of}: there is no such function")),
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The field is what its method is called, a parameter, or the type.
#[test]
fn a_field_is_called_as_the_user_calls_it() {
    let known = signatures();
    let table = table();
    let is_builder =
        |of: &str| of.rsplit("::").next().is_some_and(|name| name.starts_with("build"));
    let wrong: BTreeSet<String> = table
        .rows()
        .iter()
        .filter(|row| {
            let (rest, name) = row.of.rsplit_once("::").expect("it has a module");
            let of_type = rest.rsplit("::").next().is_some_and(|of| of.to_lowercase() == row.field);
            let is_own = name == row.field || of_type || known[row.of].names.contains(row.field);
            let is_set = || known.keys().any(|of| of.starts_with(rest) && of.ends_with(row.field));
            !(is_own || is_builder(row.of) && is_set() || OTHERS.contains(&(row.of, row.field)))
        })
        .map(|row| format!("(\"{}\", \"{}\"),", row.of, row.field))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

/// All public functions of the core: of its types, and free ones.
fn signatures() -> BTreeMap<String, Signature> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut known = BTreeMap::new();
    for file in files(&root) {
        let within = file.strip_prefix(&root).expect("it was found there").to_owned();
        let text = fs::read_to_string(&file).expect("it can be read");
        if within.ends_with("tests.rs")
            || (within.starts_with("policy/tower") && !cfg!(feature = "tower"))
        {
            continue;
        }
        read(&home(&within), &tokens(&text), &mut known);
    }
    known
}

/// The public module that a file's types are in.
fn home(within: &Path) -> String {
    let first = within.with_extension("");
    let first = first.iter().next().map(|first| first.to_string_lossy().into_owned());
    let first = first.unwrap_or_default();
    if within.starts_with("policy/tower") { format!("{first}::tower") } else { first }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let rust = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.chain(folders.iter().flat_map(|folder| self::files(folder))).collect()
}

/// Where something is declared: in a type's implementation or a trait (whose functions are all public),
/// or in neither.
#[derive(Clone, Default)]
struct Place {
    of: Option<String>,
    all_public: bool,
    /// What a trait's functions take is said at the trait.
    of_trait: bool,
}

/// Takes down what is public in `tokens`.
fn read(module: &str, tokens: &[Token], known: &mut BTreeMap<String, Signature>) {
    let texts: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let mut places = vec![Place::default()];
    let mut at = 0;
    while at < texts.len() {
        match texts[at] {
            "impl" | "trait" => {
                let end = find(&texts, at, "{");
                let is_public = texts[at] == "impl" || is_public(&texts[..at]);
                let place = place(&texts[at..end]);
                places.push(Place { all_public: place.all_public && is_public, ..place });
                at = end;
            }
            "fn" => {
                let place = places.last().cloned().unwrap_or_default();
                let end = find(&texts, at, "{").min(find(&texts, at, ";"));
                if place.all_public || is_public(&texts[..at]) {
                    let of = place.of.map(|of| format!("{of}::")).unwrap_or_default();
                    let name = format!("{module}::{of}{}", texts[at + 1]);
                    let mut one = signature(&texts[at + 2..end]);
                    one.takes_number &= !place.of_trait;
                    let kept = known.entry(name).or_default();
                    kept.names.extend(one.names);
                    kept.takes_number |= one.takes_number;
                    kept.refuses |= one.refuses;
                }
                at = if texts.get(end) == Some(&"{") { behind(&texts, end) } else { end };
            }
            "mod" if texts.get(at + 2) == Some(&"{") => at = behind(&texts, at + 2),
            "{" => at = behind(&texts, at),
            "}" => drop(places.pop()),
            _ => {}
        }
        at += 1;
    }
}

/// The type that an `impl<..> Trait for Type<..> where ..` is of, or a trait.
fn place(header: &[&str]) -> Place {
    let mut depth = 0_usize;
    let mut outside = Vec::new();
    for (at, &text) in header.iter().enumerate() {
        match text {
            "<" => depth += 1,
            ">" if header[at - 1] != "-" => depth -= 1,
            "where" if depth == 0 => break,
            _ if depth == 0 => outside.push(text),
            _ => {}
        }
    }
    if outside.first() == Some(&"trait") {
        return Place {
            of: outside.get(1).map(|&of| of.to_owned()),
            all_public: true,
            of_trait: false,
        };
    }
    let of_trait = outside.iter().rposition(|&text| text == "for");
    let of = &outside[of_trait.map_or(1, |at| at + 1)..];
    let of = of.iter().rev().find(|text| text.chars().all(char::is_alphanumeric));
    let of_trait = of_trait.is_some();
    Place { of: of.map(|&of| of.to_owned()), all_public: of_trait, of_trait }
}

fn is_public(before: &[&str]) -> bool {
    let first = before.iter().rposition(|text| !matches!(*text, "const" | "async" | "unsafe"));
    first.is_some_and(|first| before[first] == "pub")
}

/// What stands between a function's name and its body.
fn signature(texts: &[&str]) -> Signature {
    let (mut open, mut angles) = (0_usize, 0_usize);
    let (mut parameters, mut answer) = (Vec::new(), Vec::new());
    let mut is_done = false;
    for (at, &text) in texts.iter().enumerate() {
        match text {
            "(" => open += 1,
            ")" => {
                open -= 1;
                is_done |= open == 0 && angles == 0;
            }
            "<" if open == 0 => angles += 1,
            ">" if open == 0 && texts[at - 1] != "-" => angles -= 1,
            _ => {}
        }
        if is_done {
            answer.push(text);
        } else if open > 0 && angles == 0 {
            parameters.push(text);
        }
    }
    let named = parameters.windows(2).filter(|two| two[1] == ":").map(|two| two[0].to_owned());
    Signature {
        names: named.collect(),
        takes_number: parameters.iter().any(|text| NUMBERS.contains(text)),
        refuses: answer.contains(&"ConfigError"),
    }
}

fn find(texts: &[&str], from: usize, text: &str) -> usize {
    texts[from..].iter().position(|found| *found == text).map_or(texts.len(), |at| from + at)
}

/// The brace that closes the one at `open`.
fn behind(texts: &[&str], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, &text) in texts.iter().enumerate().skip(open) {
        match text {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    texts.len()
}

/// The reader itself.
#[test]
fn functions_are_found_with_what_they_take() {
    let source = "
        pub struct Cup { size: usize }
        impl<T: Fn(u32) -> u64> Cup<T> where T: Copy {
            pub const fn of(mut self, size: usize) -> Self { { self } }
            pub(crate) fn hidden(n: u32) {}
            fn private(n: u32) {}
            pub async fn fill<F>(&self, f: F) -> Result<Vec<u32>, ConfigError> where F: Fn(u8) -> u32 { }
        }
        impl FromStr for Cup<u32> { fn from_str(text: &str) -> Result<Self, ConfigError> {} }
        pub(super) trait Hidden { fn hide(n: u32); }
        pub trait Pour { fn pour(self, within: Duration); }
        pub fn brew(cups: impl Into<Option<u64>>) {}
        mod tests { pub fn nothing(n: u32) {} }
    ";
    let mut known = BTreeMap::new();
    read("tea", &tokens(source), &mut known);
    let told: Vec<_> =
        known.iter().map(|(name, one)| (name.as_str(), one.takes_number, one.refuses)).collect();
    let expected = [
        ("tea::Cup::fill", false, true),
        ("tea::Cup::from_str", false, true),
        ("tea::Cup::of", true, false),
        ("tea::Pour::pour", true, false),
        ("tea::brew", true, false),
    ];
    assert_eq!(told, expected);
    assert!(known["tea::Cup::of"].names.contains("size"));
}
