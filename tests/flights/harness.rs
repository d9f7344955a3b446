//! How the program is run: in this process on files of its own, or as a process.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

use crate::flights;

const AIRLINES: &str = "name,carrier\n\"American, Inc.\",AA\n";
const PLANES: &str = "tailnum,seats\nN1,100\nN2,50\n";

/// A run of the program in this process.
pub struct Ran {
    /// Else the message and the exit code.
    pub result: Result<(), (String, u8)>,
    pub stdout: String,
    pub stderr: String,
}

pub fn run<A: AsRef<str>>(arguments: impl IntoIterator<Item = A>) -> Ran {
    let arguments = arguments.into_iter().map(|argument| OsString::from(argument.as_ref()));
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let result = flights::run(arguments, &mut stdout, &mut stderr)
        .map_err(|failure| (failure.to_string(), failure.exit_code()));
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
    Ran { result, stdout, stderr }
}

impl Ran {
    #[track_caller]
    pub fn succeeded(&self) {
        assert!(self.result.is_ok(), "{:?}", self.result);
    }

    /// It must say `part`, and end with the exit code for what the caller can mend.
    #[track_caller]
    pub fn refused(&self, part: &str) {
        let (message, code) = self.result.as_ref().expect_err("it must be refused");
        assert!(message.contains(part), "`{message}` does not say `{part}`");
        assert_eq!(*code, 2, "{message}");
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// A folder of input files: small tables to begin with.
pub struct Files(PathBuf);

impl Files {
    pub fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("flights").join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder).with("planes.csv", PLANES.as_bytes()).with("airlines.csv", AIRLINES.as_bytes())
    }

    pub fn with_flights(self, content: &[u8]) -> Self {
        self.with("flights.csv", content)
    }

    pub fn with(self, name: &str, content: &[u8]) -> Self {
        self.add(name, content);
        self
    }

    pub fn add(&self, name: &str, content: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).into_os_string().into_string().unwrap()
    }

    /// Runs the program on these files, and takes their folder out of what it reports.
    pub fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Ran {
        let files = ["flights", "planes", "airlines"]
            .map(|table| format!("--{table}={}", self.path(&format!("{table}.csv"))));
        let arguments = arguments.into_iter().map(str::to_owned);
        let mut ran = run(files.into_iter().chain(arguments));
        ran.stderr = ran.stderr.replace(&self.path(""), "");
        ran
    }
}

/// Runs the program as a process of its own.
pub fn binary<const N: usize>(arguments: [&str; N], stdout: Stdio) -> Output {
    Command::new(binary_path())
        .args(arguments)
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap()
}

/// The example's binary, beside the tests' folder. Cargo brings it up to date with all tests, but
/// not for this one alone: then that is done here.
pub fn binary_path() -> &'static Path {
    static BINARY: LazyLock<PathBuf> = LazyLock::new(|| {
        let test = env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let binary = profile.join("examples").join(format!("flights{EXE_SUFFIX}"));
        if !is_up_to_date(&binary) {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--example", "flights", "--target-dir"]).arg(profile.join(".."));
            if profile.ends_with("release") {
                cargo.arg("--release");
            }
            assert!(cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
        }
        binary
    });
    &BINARY
}

/// Whether it is newer than all the files that Cargo notes to have built it of.
fn is_up_to_date(binary: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    let Ok(built) = modified(binary) else {
        return false;
    };
    let Ok(sources) = fs::read_to_string(binary.with_extension("d")) else {
        return false;
    };
    let mut sources = sources.split_whitespace().skip(1);
    sources.all(|source| modified(Path::new(source)).is_ok_and(|modified| modified <= built))
}
