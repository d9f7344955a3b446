//! The first rows of January with something wrong in between, and what they must come to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::iter;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::Files;

/// Rows that are planted among those of January, and why they are no flights.
const PLANTED: [(&str, &str); 3] = [
    (
        "2013,1,1,late,515,2,830,819,11,UA,1,N1,EWR,IAH,1,1,5,15,x",
        "`dep_time` is `late`, not a number",
    ),
    ("nonsense", "the number of fields is 1, the header's is 19"),
    (
        "2013,1,1,517,515,NA,830,819,11,UA,1,N1,EWR,IAH,1,1,5,15,x",
        "it departed, but has no `dep_delay`",
    ),
];

/// The first rows of January with something wrong in between, and what they come to.
pub struct January {
    pub files: Files,
    pub summary: Value,
    /// The numbers of the rows that are flights.
    pub flights: BTreeSet<u64>,
    pub cancelled: u64,
    /// The numbers of the lines that are not, and why.
    pub malformed: BTreeMap<u64, &'static str>,
}

impl January {
    pub fn first(rows: usize, name: &str) -> Self {
        let january = data("flights-2013-01.csv");
        let (header, january) = january.split_once('\n').unwrap();
        let mut lines: Vec<_> = january.lines().take(rows).map(|line| (line, None)).collect();
        for (at, (line, reason)) in (1..).zip(PLANTED) {
            lines.insert(rows * at / PLANTED.len(), (line, Some(reason)));
        }
        let (mut flights, mut malformed) = (BTreeSet::new(), BTreeMap::new());
        for (row, (_, reason)) in (1..).zip(&lines) {
            match reason {
                None => assert!(flights.insert(row)),
                Some(reason) => assert!(malformed.insert(row + 1, *reason).is_none()),
            }
        }
        let text: Vec<_> = iter::once(header).chain(lines.iter().map(|(line, _)| *line)).collect();
        let planes = planes_of(&text);
        let files = Files::new(name)
            .with_flights(text.join("\n").as_bytes())
            .with("planes.csv", planes.as_bytes())
            .with("airlines.csv", data("airlines.csv").as_bytes());
        let (summary, cancelled) = summary(january.lines().take(rows));
        Self { files, summary, flights, cancelled, malformed }
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.files.path(name)).unwrap()
    }

    /// What a run that was dropped has left: whole lines, each once, and no file open.
    pub fn is_in_order(&self) {
        for name in ["lines.jsonl", "letters.jsonl"] {
            let text = self.read(name);
            assert!(text.is_empty() || text.ends_with(b"\n"), "{name}: a line is not whole");
            self.is_closed(name);
        }
        let lines = self.read("lines.jsonl");
        assert!(rows(&lines).is_subset(&self.flights));
        assert_eq!(rows(&lines).len(), count(&lines), "a row is there twice");
    }

    /// As if a run had been killed while the system took the bytes.
    pub fn tear(&self) {
        for name in ["lines.jsonl", "letters.jsonl"] {
            let mut file = File::options().append(true).open(self.files.path(name)).unwrap();
            file.write_all(b"{\"row\":9,\"carr").unwrap();
        }
    }

    #[cfg(target_os = "linux")]
    fn is_closed(&self, name: &str) {
        let file = fs::canonicalize(self.files.path(name)).unwrap();
        let open = fs::read_dir("/proc/self/fd").unwrap();
        let open = open.filter_map(|open| fs::read_link(open.unwrap().path()).ok());
        assert!(!open.into_iter().any(|open| open == file), "{name} is left open");
    }

    #[cfg(not(target_os = "linux"))]
    fn is_closed(&self, _name: &str) {}

    /// What runs that came to an end have left: a line a row.
    pub fn is_written(&self) {
        self.is_in_order();
        let lines = self.read("lines.jsonl");
        assert_eq!(rows(&lines), self.flights);
        let letters = String::from_utf8(self.read("letters.jsonl")).unwrap();
        let letters: Vec<Value> =
            letters.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(letters.len(), self.malformed.len(), "{letters:?}");
        for letter in letters {
            let reason = self.malformed[&letter["line"].as_u64().unwrap()];
            assert_eq!(letter["reason"], reason);
        }
    }

    /// The options that say which its files are.
    pub fn options(&self) -> [String; 5] {
        let option = |option: &str, file: &str| format!("--{option}={}", self.files.path(file));
        [
            option("flights", "flights.csv"),
            option("planes", "planes.csv"),
            option("airlines", "airlines.csv"),
            option("jsonl", "lines.jsonl"),
            option("dead-letters", "letters.jsonl"),
        ]
    }
}

/// The aircraft that these rows name, and no others: reading them all takes time.
fn planes_of(rows: &[&str]) -> String {
    let named: BTreeSet<_> = rows.iter().filter_map(|row| row.split(',').nth(11)).collect();
    let planes = data("planes.csv");
    let named = |line: &&str| named.contains(line.split(',').next().unwrap());
    planes.lines().filter(named).collect::<Vec<_>>().join("\n")
}

/// The numbers of the rows that are written down.
pub fn rows(text: &[u8]) -> BTreeSet<u64> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let row = |line| serde_json::from_slice::<Value>(line).unwrap()["row"].as_u64().unwrap();
    lines.map(row).collect()
}

/// How many lines there are.
pub fn count(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// As a child would do it: these rows have no quotes.
fn summary<'a>(rows: impl Iterator<Item = &'a str>) -> (Value, u64) {
    let (planes, airlines) = (data("planes.csv"), data("airlines.csv"));
    let fields = |line: &'a str| line.split(',').collect::<Vec<_>>();
    let planes: BTreeMap<_, u64> = planes
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|plane| (plane[0], plane[6].parse().unwrap()))
        .collect();
    let airlines: BTreeMap<_, _> =
        airlines.lines().skip(1).map(|line| line.split_once(',').unwrap()).collect();
    let mut carriers: BTreeMap<&str, [u64; 5]> = BTreeMap::new();
    let mut delays: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let (mut count, mut all_cancelled) = (0, 0);
    for row in rows.map(fields) {
        let [flights, cancelled, late, seats, unknown] = carriers.entry(row[9]).or_default();
        count += 1;
        if row[3] == "NA" {
            *cancelled += 1;
            all_cancelled += 1;
            continue;
        }
        *flights += 1;
        let delay: f64 = row[5].parse().unwrap();
        delays.entry(row[9]).or_default().push(delay);
        *late += u64::from(delay >= 60.0);
        match planes.get(row[11]) {
            Some(known) => *seats += known,
            None => *unknown += 1,
        }
    }
    let carrier = |(code, [flights, cancelled, late, seats, unknown]): (&str, [u64; 5])| {
        let delays = delays.get(code).map(|it| it.iter().sum::<f64>() / it.len() as f64);
        let carrier = json!({
            "name": airlines.get(code),
            "flights": flights,
            "cancelled": cancelled,
            "mean_dep_delay": delays.map(|mean| (mean * 1e6).round() / 1e6),
            "delayed_60": late,
            "seats": seats,
            "unknown_plane": unknown,
        });
        (code.to_owned(), carrier)
    };
    let carriers: serde_json::Map<_, _> = carriers.into_iter().map(carrier).collect();
    (json!({ "rows": count, "carriers": carriers }), all_cancelled)
}

fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data").join(name);
    fs::read_to_string(path).unwrap()
}
