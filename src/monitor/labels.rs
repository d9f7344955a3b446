use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::registry::names;
use crate::config::ConfigError;

/// The labels of one series: names and values, in the order of the names.
///
/// Any text may be a value. Clones share it.
///
/// # Examples
///
/// ```
/// use mtaio::monitor::Labels;
///
/// let labels = Labels::new(&[("route", "/users"), ("method", "GET")])?;
/// assert_eq!(labels.get("method"), Some("GET"));
/// assert_eq!(labels.to_string(), r#"{method="GET",route="/users"}"#);
/// # Ok::<(), mtaio::ConfigError>(())
/// ```
#[derive(Clone, Default)]
pub struct Labels(Option<Arc<Inner>>);

struct Inner {
    pairs: Box<[(Arc<str>, Box<str>)]>,
    /// As the text format has them, without the braces.
    text: Box<str>,
}

impl Labels {
    /// No labels.
    pub const NONE: Self = Self(None);

    /// Labels of these names and values, in any order.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a name is none (letters, digits and underscores, no digit first, not two
    /// underscores first) or is there twice.
    pub fn new(pairs: &[(&str, &str)]) -> Result<Self, ConfigError> {
        for (name, _) in pairs {
            names::check_label(name)?;
        }
        let mut pairs: Vec<_> =
            pairs.iter().map(|&(name, value)| (Arc::from(name), Box::from(value))).collect();
        pairs.sort_by(|(one, _): &(Arc<str>, Box<str>), (other, _)| one.cmp(other));
        if let Some(twice) = pairs.windows(2).find(|two| two[0].0 == two[1].0) {
            return Err(names::label_twice(&twice[0].0));
        }
        Ok(Self::sorted(pairs))
    }

    /// Labels whose names are checked and in order.
    pub(super) fn sorted(pairs: Vec<(Arc<str>, Box<str>)>) -> Self {
        if pairs.is_empty() {
            return Self::NONE;
        }
        let mut text = String::new();
        for (name, value) in &pairs {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(name);
            text.push_str("=\"");
            escape(value, &mut text);
            text.push('"');
        }
        Self(Some(Arc::new(Inner { pairs: pairs.into(), text: text.into() })))
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The names and their values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs().iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pairs().len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn pairs(&self) -> &[(Arc<str>, Box<str>)] {
        self.0.as_ref().map_or(&[], |inner| &inner.pairs)
    }

    /// As the text format has them, without the braces.
    pub(super) fn text(&self) -> &str {
        self.0.as_ref().map_or("", |inner| &inner.text)
    }
}

impl fmt::Display for Labels {
    /// As the text format of Prometheus has them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() { Ok(()) } else { write!(f, "{{{}}}", self.text()) }
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Labels {}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.pairs().cmp(other.pairs())
    }
}

/// A label's value as the text format quotes it.
fn escape(value: &str, text: &mut String) {
    for char in value.chars() {
        match char {
            '\\' => text.push_str(r"\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str(r"\n"),
            other => text.push(other),
        }
    }
}
