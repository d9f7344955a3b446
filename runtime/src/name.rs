use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// What a task is called in diagnoses: a name given to it, or else the line that spawned it.
///
/// # Examples
///
/// ```
/// use mtaio_runtime::TaskName;
///
/// assert_eq!(TaskName::from("writer").to_string(), "writer");
/// assert_eq!(TaskName::from(format!("worker-{}", 3)).to_string(), "worker-3");
/// assert!(TaskName::caller().to_string().contains(".rs:"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TaskName(Kind);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Kind {
    Static(&'static str),
    Shared(Arc<str>),
    At(&'static Location<'static>),
}

impl TaskName {
    /// A name known when the program is compiled.
    pub const fn new(name: &'static str) -> Self {
        Self(Kind::Static(name))
    }

    /// The place in the source that calls this, as `file:line:column`.
    #[track_caller]
    pub const fn caller() -> Self {
        Self(Kind::At(Location::caller()))
    }
}

impl From<&'static str> for TaskName {
    fn from(name: &'static str) -> Self {
        Self::new(name)
    }
}

impl From<String> for TaskName {
    fn from(name: String) -> Self {
        Self(Kind::Shared(name.into()))
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Static(name) => f.pad(name),
            Kind::Shared(name) => f.pad(name),
            Kind::At(place) => fmt::Display::fmt(place, f),
        }
    }
}

impl fmt::Debug for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskName({self})")
    }
}
