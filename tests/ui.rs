//! What the compiler tells those whose code can't compile: the cases are in `tests/ui`, each beside
//! the words that it is answered with.
//!
//! The words are the compiler's, and change with it: they are compared where it is the one that
//! they were taken from, [`WRITTEN_WITH`]. With any other a case has only to be refused.
//!
//! After a change of the words, on purpose or with a new compiler (whose version is then set here),
//! `TRYBUILD=overwrite cargo test --test ui` takes them down; what users will read is in the diff.

#![allow(clippy::expect_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use trybuild::TestCases;

const WRITTEN_WITH: &str = "1.95.";

#[test]
fn what_is_wrong_is_refused_in_good_words() {
    let cases = cases();
    assert!(cases.len() >= 5, "found only {cases:?}");
    if compiler().starts_with(WRITTEN_WITH) {
        return check(&cases);
    }
    // Other words are taken down as if they were expected, beside copies that nobody looks at.
    if env::var_os("TRYBUILD").is_some_and(|mode| mode == "overwrite") {
        return check(&copied(&cases));
    }
    let own = env::current_exe().expect("a test has a program");
    let refused = Command::new(own).arg("--nocapture").env("TRYBUILD", "overwrite").status();
    assert!(refused.is_ok_and(|status| status.success()), "with {}", compiler());
}

fn check(cases: &[PathBuf]) {
    let tests = TestCases::new();
    for case in cases {
        tests.compile_fail(case);
    }
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir("tests/ui").expect("tests run where their package is");
    let files = entries.map(|entry| entry.expect("it can be read").path());
    let mut cases: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "rs")).collect();
    cases.sort();
    cases
}

fn copied(cases: &[PathBuf]) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    fs::create_dir_all(&folder).expect("the target folder can be written to");
    let copy = |case: &PathBuf| {
        let copy = folder.join(case.file_name().expect("it is a file"));
        fs::copy(case, &copy).expect("it can be copied");
        copy
    };
    cases.iter().map(copy).collect()
}

/// The version of the compiler that the cases are given to, as `1.95.0`.
fn compiler() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("the compiler is there");
    let told = String::from_utf8(output.stdout).expect("it tells its version in plain text");
    told.split_whitespace().nth(1).expect("its name is first").to_owned()
}
