use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

use crate::config::ConfigError;

/// Which names are meant: levels with dots between them, of which `*` is any one level and a last
/// `#` any number of them, none included.
///
/// ```
/// use mtaio::event::Pattern;
///
/// let one: Pattern = "user.*".parse()?;
/// assert!(one.matches("user.login"));
/// assert!(!one.matches("user.login.failed") && !one.matches("user"));
///
/// let any: Pattern = "user.#".parse()?;
/// assert!(any.matches("user.login") && any.matches("user.login.failed") && any.matches("user"));
///
/// let refused = "user.log*".parse::<Pattern>().unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "`pattern` is \"user.log*\", allowed is words, `*` for a level and a last `#`, with dots between them"
/// );
/// # Ok::<(), mtaio::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// What matches every name.
    pub(super) fn everything() -> Self {
        Self("#".into())
    }

    /// Refuses what can't be meant.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a level is empty, if `*` or `#` is a part of a level only, or if `#` is
    /// not the last one.
    pub fn new(pattern: &str) -> Result<Self, ConfigError> {
        let mut levels = pattern.split('.').peekable();
        while let Some(level) = levels.next() {
            let is_well = match level {
                "" => false,
                "*" => true,
                "#" => levels.peek().is_none(),
                word => !word.contains(['*', '#']),
            };
            if !is_well {
                let allowed = "words, `*` for a level and a last `#`, with dots between them";
                return Err(ConfigError::new("pattern", format!("{pattern:?}"), allowed));
            }
        }
        Ok(Self(pattern.into()))
    }

    /// Whether `name` is meant.
    pub fn matches(&self, name: &str) -> bool {
        let mut names = name.split('.');
        for level in self.levels() {
            match (level, names.next()) {
                ("#", _) => return true,
                (_, None) => return false,
                ("*", Some(_)) => {}
                (word, Some(name)) if word == name => {}
                _ => return false,
            }
        }
        names.next().is_none()
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn levels(&self) -> std::str::Split<'_, char> {
        self.0.split('.')
    }
}

impl std::str::FromStr for Pattern {
    type Err = ConfigError;

    fn from_str(pattern: &str) -> Result<Self, ConfigError> {
        Self::new(pattern)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is kept by pattern and found by name: a tree of levels, so that a name of so many levels
/// is found in as many steps, however many patterns there are. (A level of a name can go two ways,
/// its own and `*`: patterns that differ in nothing but that cost a step each.)
pub(super) struct Patterns<V> {
    root: Level<V>,
    len: usize,
}

struct Level<V> {
    words: HashMap<Box<str>, Self, BuildHasherDefault<Fnv>>,
    any: Option<Box<Self>>,
    /// Of the patterns that end here.
    here: Vec<V>,
    /// Of those that end with a `#` after this.
    onward: Vec<V>,
}

impl<V> Patterns<V> {
    pub(super) fn new() -> Self {
        Self { root: Level::new(), len: 0 }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn insert(&mut self, pattern: &Pattern, value: V) {
        let mut level = &mut self.root;
        self.len += 1;
        for part in pattern.levels() {
            level = match part {
                "#" => return level.onward.push(value),
                "*" => level.any.get_or_insert_with(|| Box::new(Level::new())),
                word => level.words.entry(word.into()).or_insert_with(Level::new),
            };
        }
        level.here.push(value);
    }

    /// Takes out the first value of `pattern` that `is_it`, and the levels that nobody needs then.
    pub(super) fn remove(&mut self, pattern: &Pattern, is_it: impl Fn(&V) -> bool) -> Option<V> {
        let removed = self.root.remove(&mut pattern.levels(), &is_it)?;
        self.len -= 1;
        Some(removed)
    }

    /// Shows `found` what is kept by the patterns that `name` matches. The answer is how many
    /// levels were looked at for it.
    pub(super) fn find<'a>(&'a self, name: &str, found: &mut impl FnMut(&'a V)) -> usize {
        if self.len > 0 { self.root.find(Some(name), found) } else { 0 }
    }
}

impl<V> Level<V> {
    fn new() -> Self {
        Self { words: HashMap::default(), any: None, here: Vec::new(), onward: Vec::new() }
    }

    fn find<'a>(&'a self, name: Option<&str>, found: &mut impl FnMut(&'a V)) -> usize {
        self.onward.iter().for_each(&mut *found);
        let Some(name) = name else {
            self.here.iter().for_each(found);
            return 1;
        };
        let mut looked_at = 1;
        let (level, rest) = match name.split_once('.') {
            Some((level, rest)) => (level, Some(rest)),
            None => (name, None),
        };
        if !self.words.is_empty()
            && let Some(next) = self.words.get(level)
        {
            looked_at += next.find(rest, found);
        }
        if let Some(next) = &self.any {
            looked_at += next.find(rest, found);
        }
        looked_at
    }

    fn remove(
        &mut self,
        levels: &mut std::str::Split<'_, char>,
        is_it: &impl Fn(&V) -> bool,
    ) -> Option<V> {
        let take = |values: &mut Vec<V>| values.iter().position(is_it).map(|at| values.remove(at));
        match levels.next() {
            None => take(&mut self.here),
            Some("#") => take(&mut self.onward),
            Some("*") => {
                let next = self.any.as_mut()?;
                let removed = next.remove(levels, is_it);
                if next.is_empty() {
                    self.any = None;
                }
                removed
            }
            Some(word) => {
                let next = self.words.get_mut(word)?;
                let removed = next.remove(levels, is_it);
                if next.is_empty() {
                    self.words.remove(word);
                }
                removed
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.words.is_empty()
            && self.any.is_none()
            && self.here.is_empty()
            && self.onward.is_empty()
    }
}

/// FNV-1a: the words are those of the program's own patterns, and short.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_at(patterns: impl IntoIterator<Item = String>, name: &str) -> (usize, usize) {
        let mut tree = Patterns::new();
        for (at, pattern) in patterns.into_iter().enumerate() {
            tree.insert(&pattern.parse().unwrap(), at);
        }
        let mut found = 0;
        (tree.find(name, &mut |_| found += 1), found)
    }

    #[test]
    fn a_name_costs_by_its_depth_and_not_by_the_number_of_patterns() {
        for count in [1, 10, 10_000] {
            let services = (0..count).map(|number| format!("service{number}.*.login"));
            // The root, and a level each.
            assert_eq!(looked_at(services, "service0.user.login"), (4, 1));
            let logins = (0..count).map(|number| format!("*.user.login{number}"));
            assert_eq!(looked_at(logins, "service0.user.login0"), (4, 1));
            let same = (0..count).map(|_| "service.#".to_owned());
            assert_eq!(looked_at(same, "service.user.login"), (2, count), "those that it is for");
            let others = (0..count).map(|number| format!("other.{number}"));
            assert_eq!(looked_at(others, "service.user.login"), (1, 0));
        }
    }

    #[test]
    fn levels_that_go_two_ways_cost_both() {
        let both = |depth: u32| {
            (0..1_usize << depth).map(move |ways| {
                let level = |at| if ways >> at & 1 == 1 { "*" } else { "a" };
                (0..depth).map(level).collect::<Vec<_>>().join(".")
            })
        };
        for depth in 1..8 {
            let all = (1 << (depth + 1)) - 1;
            let name = vec!["a"; depth as usize].join(".");
            assert_eq!(looked_at(both(depth), &name), (all, 1 << depth));
        }
    }
}
