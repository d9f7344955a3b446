//! The shape of the source tree, held to ARCHITECTURE.md: who imports whom, how long a file may
//! be, what is exported by name.

#![allow(clippy::expect_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "architecture/source.rs"]
mod source;

use source::{Token, exports, globs, paths, tokens};

/// The modules of the core. Each imports from those above it only; those in one line don't know of
/// each other.
const ORDER: &[&[&str]] = &[
    &["retryable"],
    &["callback", "config", "contain"],
    &["time"],
    &["queue"],
    &["scope", "executor", "event", "observable", "stream", "limit"],
    &["policy"],
    &["cache"],
    &["pipeline"],
    &["monitor"],
    &["error"],
    &["guide"],
];

const MOST_LINES: usize = 500;
const MOST_README_LINES: usize = 120;

#[test]
fn imports_go_one_way() {
    let root = workspace();
    let names = exports(&tokens(&read(&root.join("src/lib.rs"))));
    let wrong: Vec<String> = rust_files(&root.join("src"))
        .iter()
        .flat_map(|file| {
            let within = file.strip_prefix(root.join("src")).expect("it was found there");
            violations(within, &read(file), &names)
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn dependencies_are_explained() {
    let root = workspace();
    let architecture = read(&root.join("ARCHITECTURE.md"));
    let (_, section) = architecture.split_once("\n## Dependencies\n").expect("there is a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let packages = ["", "runtime", "runtime-tokio", "runtime-smol", "runtime-sim", "store-redis"];
    for package in packages {
        let manifest = read(&root.join(package).join("Cargo.toml"));
        let (_, rest) = manifest.split_once("\n[dependencies]\n").expect("each has some");
        let lines = rest.lines().take_while(|line| !line.starts_with('['));
        let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
        let is_foreign =
            |name: &&str| !name.is_empty() && !name.starts_with("mtaio") && *name != "#";
        for name in names.filter(is_foreign) {
            let explained = section.contains(&format!("`{name}`"));
            assert!(explained, "{package}/Cargo.toml: `{name}` is not told of in ARCHITECTURE.md");
        }
    }
}

#[test]
fn files_are_short() {
    let long: Vec<String> = sources()
        .iter()
        .chain(&tests())
        .map(|file| (file, read(file).lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(file, lines)| format!("{}: {lines} lines, {MOST_LINES} at most", file.display()))
        .collect();
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

#[test]
fn exports_are_by_name() {
    let globbed: Vec<String> = sources()
        .iter()
        .flat_map(|file| {
            let lines = globs(&tokens(&read(file)));
            lines.into_iter().map(|line| format!("{}:{line}: `pub use ..::*`", file.display()))
        })
        .collect();
    assert!(globbed.is_empty(), "\n{}", globbed.join("\n"));
}

#[test]
fn the_readme_is_short() {
    let lines = read(&workspace().join("README.md")).lines().count();
    assert!(lines <= MOST_README_LINES, "README.md: {lines} lines, {MOST_README_LINES} at most");
}

/// What `source`, which is at `within` the core's source tree, imports and must not, by line.
/// `names` are those that the crate exports at its root, and where they come from.
fn violations(within: &Path, source: &str, names: &BTreeMap<String, String>) -> Vec<String> {
    let module = module_of(within);
    let found = tokens(source);
    let Some(own) = module.first() else {
        return unranked(&found);
    };
    let Some(own_rank) = rank(own) else {
        return vec![format!("{}: `{own}` has no place in the order", within.display())];
    };
    let mut wrong = Vec::new();
    for path in paths(&found) {
        let Some(first) = path.below_root(module.len()) else { continue };
        let target = names.get(first).map_or(first, String::as_str);
        let complaint = match rank(target) {
            // What the root takes from another crate is at home nowhere here.
            None if names.get(first).is_some() => continue,
            None => format!("`crate::{first}` has no place in the order"),
            Some(_) if target == own => continue,
            Some(rank) if rank < own_rank => continue,
            Some(rank) if rank == own_rank => format!("`{own}` imports its neighbour `{target}`"),
            Some(_) => format!("`{own}` imports `{target}`, which is above it"),
        };
        wrong.push(format!("{}:{}: {complaint}", within.display(), path.line));
    }
    wrong
}

/// The modules that the crate's root declares and that have no place in the order.
fn unranked(root: &[Token]) -> Vec<String> {
    let modules = root.windows(3).filter(|three| three[0].text == "mod" && three[2].text == ";");
    modules
        .filter(|three| rank(&three[1].text).is_none())
        .map(|three| {
            format!("lib.rs:{}: `{}` has no place in the order", three[1].line, three[1].text)
        })
        .collect()
}

fn rank(module: &str) -> Option<usize> {
    ORDER.iter().position(|line| line.contains(&module))
}

/// The path of the module that a file holds; that of the crate's root is empty.
fn module_of(within: &Path) -> Vec<String> {
    let path = within.with_extension("");
    let mut names: Vec<String> =
        path.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if matches!(names.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        names.pop();
    }
    names
}

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file in a `src` folder of the workspace.
fn sources() -> Vec<PathBuf> {
    let root = workspace();
    let entries = fs::read_dir(&root).expect("the workspace is there");
    let packages = entries.map(|entry| entry.expect("it can be read").path());
    let mut files = rust_files(&root.join("src"));
    for package in packages.filter(|path| path.join("Cargo.toml").is_file()) {
        files.extend(rust_files(&package.join("src")));
    }
    assert!(files.len() > 10, "found only {files:?}");
    files
}

/// The tests and the examples of all packages.
fn tests() -> Vec<PathBuf> {
    let root = workspace();
    let entries = fs::read_dir(&root).expect("the workspace is there");
    let packages = entries.map(|entry| entry.expect("it can be read").path());
    let folders = packages.map(|package| package.join("tests"));
    let folders = folders.chain([root.join("tests"), root.join("examples")]);
    let files: Vec<_> =
        folders.filter(|folder| folder.is_dir()).flat_map(|folder| rust_files(&folder)).collect();
    assert!(files.len() > 100, "found only {files:?}");
    files
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The checker itself: what it must find, and what it must not.
mod checker {
    use super::*;

    fn check(within: &str, source: &str) -> Vec<String> {
        let root = "
            pub use mtaio_runtime::{Runtime, Task};
            pub use crate::cache::{TtlCache, layered::{Layered as LayeredCache}};
            pub use self::config::ConfigError;
        ";
        violations(Path::new(within), source, &exports(&tokens(root)))
    }

    fn refused(within: &str, source: &str, complaint: &str) {
        let found = check(within, source);
        assert!(found.len() == 1 && found[0].contains(complaint), "{within}: {source}: {found:?}");
    }

    fn accepted(within: &str, source: &str) {
        assert_eq!(check(within, source), [""; 0], "{within}: {source}");
    }

    #[test]
    fn refuses_what_goes_the_wrong_way() {
        refused("time/timeout.rs", "use crate::queue::Queue;", "imports `queue`");
        refused("queue/mod.rs", "pub use crate::executor::Thing;", "imports `executor`");
        refused("config.rs", "use crate::time;", "imports `time`");
        refused(
            "cache/mod.rs",
            "use {std::fmt, crate::{config, monitor::X}};",
            "imports `monitor`",
        );
        refused("policy/mod.rs", "fn f() { crate::cache::get() }", "imports `cache`");
        refused("policy/mod.rs", "type T = Vec<crate :: pipeline :: Stage>;", "imports `pipeline`");
        refused("time/a/b.rs", "use super::super::super::event;", "imports `event`");
        refused("time/mod.rs", "use super::event;", "imports `event`");
        refused("time/mod.rs", "use {super::{event::X}};", "imports `event`");
        refused("time/a.rs", "mod inner { use super::super::super::event; }", "imports `event`");
        refused("limit/mod.rs", "use crate::error::Error;", "imports `error`");
        refused("limit/mod.rs", "pub(in crate::policy) fn f() {}", "imports `policy`");
        refused("limit/mod.rs", "macro_rules! m { () => { $crate::policy::x() } }", "`policy`");
    }

    #[test]
    fn refuses_what_neighbours_take_from_each_other() {
        refused("event/mod.rs", "use crate::stream::X;", "imports its neighbour `stream`");
        refused("callback.rs", "use crate::config::X;", "imports its neighbour `config`");
    }

    #[test]
    fn refuses_the_way_around_by_the_root() {
        refused("limit/mod.rs", "use crate::TtlCache;", "imports `cache`");
        refused("limit/mod.rs", "use crate::LayeredCache;", "imports `cache`");
        refused("limit/mod.rs", "use crate::*;", "`crate::*`");
    }

    #[test]
    fn refuses_a_module_without_rank() {
        refused("misc/mod.rs", "", "`misc` has no place");
        refused("time/mod.rs", "use crate::misc::X;", "`crate::misc` has no place");
        refused(
            "lib.rs",
            "pub mod time;\npub(crate) mod misc;\nmod queue { }",
            "`misc` has no place",
        );
    }

    #[test]
    fn tells_the_line() {
        let found = check("time/mod.rs", "// one\n\nuse crate::{\n    config,\n    cache,\n};\n");
        assert_eq!(found, ["time/mod.rs:5: `time` imports `cache`, which is above it"]);
    }

    #[test]
    fn accepts_what_goes_the_right_way() {
        accepted("queue/mod.rs", "use crate::{config::ConfigError, time::{self, Deadline}};");
        accepted("error.rs", "use crate::monitor::X; use crate::{event, pipeline};");
        accepted("time/a.rs", "use crate::time::b; use super::b; use super::super::config;");
        accepted("time/a.rs", "mod inner { use super::super::b; use super::*; }");
        accepted("time/mod.rs", "use crate::{ConfigError, Runtime};");
        accepted("lib.rs", "mod time; pub use crate::monitor::Monitor; mod error;");
        // What a type captures is no import, and hides none.
        let captures = "fn f<'a>() -> impl X + use<'a> { [1; 2]; g() }";
        accepted("time/mod.rs", captures);
        refused("time/mod.rs", &format!("{captures} use crate::cache;"), "`cache`");
    }

    #[test]
    fn reads_code_only() {
        accepted(
            "time/mod.rs",
            "// use crate::cache;\n//! [`X`](crate::cache::X)\n/// crate::cache",
        );
        accepted("time/mod.rs", "/* use /* crate::cache; */ crate::cache; */");
        accepted("time/mod.rs", r#"const A: &str = "crate::cache \" crate::cache";"#);
        accepted("time/mod.rs", r###"const A: &str = r##"crate::cache "# crate::cache"##;"###);
        accepted("time/mod.rs", r##"const A: &[u8] = br#"crate::cache"#;"##);
        // What follows a literal is code again.
        refused("time/mod.rs", r#"const A: char = '"'; use crate::cache; "#, "`cache`");
        refused("time/mod.rs", r"const A: char = '\''; use crate::cache; ", "`cache`");
        refused("time/mod.rs", "fn f<'a>(x: &'a u8) { crate::cache::f(x) }", "`cache`");
        refused("time/mod.rs", r#"const A: &str = "\\"; use crate::cache; // ""#, "`cache`");
        refused("time/mod.rs", r##"const A: &str = r"\"; use crate::cache; // ""##, "`cache`");
        refused("time/mod.rs", "fn r#try() { crate::r#cache::f() }", "`cache`");
    }

    #[test]
    fn finds_globs_that_are_exported() {
        let lines = |source: &str| globs(&tokens(source));
        assert_eq!(lines("pub use a::*;"), [1]);
        assert_eq!(lines("\npub(crate) use a::{b, c::*};"), [2]);
        assert_eq!(lines("pub use a::b; use c::*; const X: u8 = 2 * 3;"), [0; 0]);
        assert_eq!(lines("// pub use a::*;\npub use a::{b as c};"), [0; 0]);
    }
}
