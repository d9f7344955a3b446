use std::time::Duration;

use mtaio::ConfigError;
use mtaio::queue::Overflow;

/// What was refused, and how that was said.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

pub(crate) struct Row {
    /// The function: module, type and name.
    pub(crate) of: &'static str,
    pub(crate) field: &'static str,
    pub(crate) message: String,
}

pub(crate) const PERIOD: &str = "more than zero and at most 100 years";
pub(crate) const SOME: &str = "1 or more";

/// No time at all, a little more than what may be, and the most that there is.
pub(crate) const NO_PERIODS: [Duration; 3] =
    [Duration::ZERO, Duration::from_secs(100 * 365 * 24 * 60 * 60 + 1), Duration::MAX];

/// Parts of a whole that are none.
pub(crate) const NO_PARTS: [f64; 5] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.1, 1.1];

impl Table {
    pub(crate) fn rows(&self) -> &[Row] {
        &self.0
    }

    /// `of` has to refuse, for its setting `field`, which is shown as `value`, and to allow
    /// `allowed`.
    #[track_caller]
    pub(crate) fn refused<T>(
        &mut self,
        of: &'static str,
        field: &str,
        value: &str,
        allowed: &str,
        answer: Result<T, ConfigError>,
    ) {
        let Err(error) = answer else { panic!("{of} accepts `{field}` {value}") };
        let message = error.to_string();
        assert_eq!(message, format!("`{field}` is {value}, allowed is {allowed}"), "{of}");
        let told = (error.field(), error.value(), error.allowed());
        assert_eq!(told, (field, value, allowed), "{of}");
        self.0.push(Row { of, field: error.field(), message });
    }

    /// The same for each of `values`, which are shown as they were given.
    #[track_caller]
    pub(crate) fn each<V: Given, T>(
        &mut self,
        of: &'static str,
        field: &str,
        values: impl IntoIterator<Item = V>,
        allowed: &str,
        mut build: impl FnMut(V) -> Result<T, ConfigError>,
    ) {
        for value in values {
            let shown = value.shown();
            self.refused(of, field, &shown, allowed, build(value));
        }
    }

    /// A time that has to be one.
    #[track_caller]
    pub(crate) fn period<T>(
        &mut self,
        of: &'static str,
        field: &str,
        build: impl FnMut(Duration) -> Result<T, ConfigError>,
    ) {
        self.each(of, field, NO_PERIODS, PERIOD, build);
    }
}

/// A value, and how a message shows it.
pub(crate) trait Given {
    fn shown(&self) -> String;
}

macro_rules! shown {
    ($format:literal: $($type:ty),+) => {$(
        impl Given for $type {
            fn shown(&self) -> String {
                format!($format, self)
            }
        }
    )+};
}

shown!("{}": usize, u32, u64, f64);
shown!("{:?}": &str, Duration, Overflow);
