//! A strict reader of Prometheus' text format, by its specification (version 0.0.4): what it takes
//! is in order, complete, and there once.

use std::collections::BTreeSet;
use std::fmt;

/// The series of one name, with those that a histogram or a summary makes of it.
#[derive(Debug)]
pub struct Parsed {
    pub name: String,
    pub help: String,
    pub kind: String,
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug)]
pub struct Line {
    /// What the name of the series has after that of the family.
    pub suffix: String,
    pub labels: Vec<(String, String)>,
    /// As it is written.
    pub text: String,
    pub value: f64,
}

#[derive(Debug)]
pub struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

type Outcome<T> = Result<T, Wrong>;

fn wrong<T>(what: impl Into<String>) -> Outcome<T> {
    Err(Wrong(what.into()))
}

/// Reads a text, or panics with what is wrong about it.
#[track_caller]
pub fn parse(text: &str) -> Vec<Parsed> {
    try_parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub fn try_parse(text: &str) -> Outcome<Vec<Parsed>> {
    if !text.is_empty() && !text.ends_with('\n') {
        return wrong("the last line has no end");
    }
    let mut families: Vec<Parsed> = Vec::new();
    let mut names = BTreeSet::new();
    // Not `lines`, which takes a carriage return for a part of the end.
    let mut lines = text.split_terminator('\n').peekable();
    while let Some(line) = lines.next() {
        let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' '))
        else {
            return wrong(format!("no HELP where a family begins: {line:?}"));
        };
        let Some(kind) =
            lines.next().and_then(|line| line.strip_prefix(&format!("# TYPE {name} ")))
        else {
            return wrong(format!("no TYPE after the HELP of {name}"));
        };
        if !["counter", "gauge", "histogram", "summary"].contains(&kind) {
            return wrong(format!("{name} is a {kind:?}"));
        }
        if !is_name(name, true) || !names.insert(name) {
            return wrong(format!("{name:?} is no name, or is there twice"));
        }
        let mut family = Parsed {
            name: name.into(),
            help: unescape(help, false)?,
            kind: kind.into(),
            lines: Vec::new(),
        };
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            family.lines.push(sample(name, line)?);
        }
        check(&family)?;
        families.push(family);
    }
    if !families.is_sorted_by(|one, next| one.name < next.name) {
        return wrong("the families are not in order");
    }
    Ok(families)
}

fn sample(family: &str, line: &str) -> Outcome<Line> {
    let end = line.find(['{', ' ']).ok_or_else(|| Wrong(format!("no value: {line:?}")))?;
    let (name, rest) = line.split_at(end);
    let Some(suffix) = name.strip_prefix(family) else {
        return wrong(format!("{name} among the series of {family}"));
    };
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    let Some(text) = rest.strip_prefix(' ') else {
        return wrong(format!("no blank before the value: {line:?}"));
    };
    Ok(Line { suffix: suffix.into(), labels, text: text.into(), value: number(text)? })
}

/// What is after the opening brace, up to the closing one, and the rest.
fn labels(mut rest: &str) -> Outcome<(Vec<(String, String)>, &str)> {
    let mut labels: Vec<(String, String)> = Vec::new();
    loop {
        let Some((name, after)) = rest.split_once("=\"") else {
            return wrong(format!("no label: {rest:?}"));
        };
        if !is_name(name, false) || labels.iter().any(|(known, _)| known == name) {
            return wrong(format!("{name:?} is no label, or is there twice"));
        }
        let mut is_escaped = false;
        let end = after.find(|char| {
            let is_end = char == '"' && !is_escaped;
            is_escaped = char == '\\' && !is_escaped;
            is_end
        });
        let Some(end) = end else { return wrong(format!("a value has no end: {after:?}")) };
        labels.push((name.into(), unescape(&after[..end], true)?));
        rest = &after[end + 1..];
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((labels, after));
        }
        let Some(after) = rest.strip_prefix(',') else {
            return wrong(format!("neither a comma nor the end of labels: {rest:?}"));
        };
        rest = after;
    }
}

fn unescape(text: &str, is_quoted: bool) -> Outcome<String> {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        plain.push(match char {
            '\\' => match chars.next() {
                Some('\\') => '\\',
                Some('n') => '\n',
                Some('"') if is_quoted => '"',
                other => return wrong(format!("{other:?} is escaped")),
            },
            other => other,
        });
    }
    Ok(plain)
}

/// As Go reads a float, without what only Rust takes.
fn number(text: &str) -> Outcome<f64> {
    match text {
        "NaN" => return Ok(f64::NAN),
        "+Inf" => return Ok(f64::INFINITY),
        "-Inf" => return Ok(f64::NEG_INFINITY),
        _ => {}
    }
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.e".contains(&byte));
    match text.parse() {
        Ok(number) if is_plain => Ok(number),
        _ => wrong(format!("no number: {text:?}")),
    }
}

fn is_name(name: &str, is_metric: bool) -> bool {
    let is_first =
        |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || (is_metric && byte == b':');
    name.bytes().next().is_some_and(is_first)
        && name.bytes().all(|byte| is_first(byte) || byte.is_ascii_digit())
}

/// What must hold of a family as a whole.
fn check(family: &Parsed) -> Outcome<()> {
    let mut seen = BTreeSet::new();
    for line in &family.lines {
        let mut labels = line.labels.clone();
        labels.sort();
        if !seen.insert((&line.suffix, labels)) {
            return wrong(format!("{} has {line:?} twice", family.name));
        }
        if let Some((name, _)) = line.labels.iter().find(|(name, _)| name.starts_with("__")) {
            return wrong(format!("{name:?} is reserved"));
        }
    }
    match family.kind.as_str() {
        "counter" if !family.name.ends_with("_total") => wrong("a counter without `_total`"),
        "histogram" => check_many(family, "le", "_bucket"),
        "summary" => check_many(family, "quantile", ""),
        _ => match family.lines.iter().find(|line| !line.suffix.is_empty()) {
            Some(line) => wrong(format!("{} has {line:?}", family.name)),
            None => Ok(()),
        },
    }
}

/// Of each series: the buckets or the quantiles in order, then the sum, then the count.
fn check_many(family: &Parsed, key: &str, suffix: &str) -> Outcome<()> {
    let mut lines = family.lines.iter().peekable();
    while let Some(first) = lines.peek() {
        let own: Vec<_> = first.labels.iter().filter(|(name, _)| name != key).cloned().collect();
        let (mut last, mut below) = (f64::NEG_INFINITY, 0.0);
        while let Some(part) = lines.next_if(|line| line.labels.iter().any(|(name, _)| name == key))
        {
            let (rest, at): (Vec<_>, Vec<_>) =
                part.labels.iter().cloned().partition(|(name, _)| name != key);
            let at = number(&at[0].1)?;
            if part.suffix != suffix || rest != own || at.is_nan() || at <= last {
                return wrong(format!("{}: {part:?} is out of place", family.name));
            }
            if key == "le" && (part.value < below || part.value.is_nan()) {
                return wrong(format!("{}: {part:?} is less than the one before", family.name));
            }
            (last, below) = (at, part.value);
        }
        let (Some(sum), Some(count)) = (lines.next(), lines.next()) else {
            return wrong(format!("{} has no sum or no count", family.name));
        };
        if (sum.suffix.as_str(), count.suffix.as_str()) != ("_sum", "_count")
            || sum.labels != own
            || count.labels != own
        {
            return wrong(format!("{}: {sum:?} and {count:?}", family.name));
        }
        if key == "le" && (last != f64::INFINITY || below != count.value) {
            return wrong(format!("{}: {below} in all buckets, {count:?}", family.name));
        }
    }
    Ok(())
}

/// The reader itself: what it must refuse.
#[test]
fn it_is_strict() {
    let head = "# HELP a_total A.\n# TYPE a_total counter\n";
    let good = [
        String::new(),
        head.into(),
        format!("{head}a_total 1\n"),
        format!("{head}a_total{{x=\"\\\\\\\"\\n}},\"}} 1e300\n"),
    ];
    for text in good {
        parse(&text);
    }
    let histogram = "# HELP h H.\n# TYPE h histogram\n";
    let bad = [
        "a_total 1\n".into(),
        format!("{head}a_total 1"),
        format!("{head}\na_total 1\n"),
        format!("{head}a_total  1\n"),
        format!("{head}a_total one\n"),
        format!("{head}a_total inf\n"),
        format!("{head}b_total 1\n"),
        format!("{head}a_total_sum 1\n"),
        format!("{head}a_total 1\na_total 2\n"),
        format!("{head}a_total{{}} 1\n"),
        format!("{head}a_total{{x=\"1\",}} 1\n"),
        format!("{head}a_total{{x=\"1\"}} 1\r\n"),
        format!("{head}a_total{{x=\"1\",x=\"2\"}} 1\n"),
        format!("{head}a_total{{x=\"1\",y=\"2\"}} 1\na_total{{y=\"2\",x=\"1\"}} 1\n"),
        format!("{head}a_total{{x=\"\\t\"}} 1\n"),
        format!("{head}a_total{{1=\"\"}} 1\n"),
        format!("{head}a_total{{x=\"\"}}1\n"),
        format!("{head}{head}"),
        "# TYPE a_total counter\n# HELP a_total A.\n".into(),
        "# HELP a A.\n# TYPE a counter\n".into(),
        "# HELP a_total \\\".\n# TYPE a_total counter\n".into(),
        "# HELP b B.\n# TYPE b gauge\n# HELP a A.\n# TYPE a gauge\n".into(),
        format!("{histogram}h_bucket{{le=\"1\"}} 1\nh_sum 1\nh_count 1\n"),
        format!("{histogram}h_bucket{{le=\"+Inf\"}} 1\nh_sum 1\nh_count 2\n"),
        format!("{histogram}h_bucket{{le=\"+Inf\"}} 1\nh_count 1\nh_sum 1\n"),
        format!("{histogram}h_bucket{{le=\"+Inf\"}} 1\nh_sum 1\n"),
        format!(
            "{histogram}h_bucket{{le=\"1\"}} 2\nh_bucket{{le=\"+Inf\"}} 1\nh_sum 1\nh_count 1\n"
        ),
        format!("{histogram}h_bucket{{le=\"2\"}} 1\nh_bucket{{le=\"1\"}} 1\nh_sum 1\nh_count 1\n"),
    ];
    for text in bad {
        assert!(try_parse(&text).is_err(), "{text}");
    }
}
