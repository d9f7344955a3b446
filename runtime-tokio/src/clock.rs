use mtaio_runtime::Instant;

/// Which clock answers `now`: the runtime's own, or the time-stamp counter tied to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    #[cfg(feature = "fast-clock")]
    fast: Option<std::sync::Arc<mtaio_runtime::FastClock>>,
}

#[cfg(feature = "fast-clock")]
impl Clock {
    pub(crate) fn fast(exact: impl Fn() -> Instant) -> Self {
        Self { fast: Some(std::sync::Arc::new(mtaio_runtime::FastClock::new(exact))) }
    }

    #[inline]
    pub(crate) fn now(&self, exact: impl Fn() -> Instant) -> Instant {
        match &self.fast {
            Some(fast) => fast.now(exact),
            None => exact(),
        }
    }

    /// Whether the clock that `now` reads has reached `deadline`, once the timers' own clock has.
    pub(crate) fn has_reached(&self, deadline: Instant, exact: impl Fn() -> Instant) -> bool {
        self.fast.as_ref().is_none_or(|fast| fast.now(exact) >= deadline)
    }
}

#[cfg(not(feature = "fast-clock"))]
impl Clock {
    #[inline]
    pub(crate) fn now(&self, exact: impl Fn() -> Instant) -> Instant {
        exact()
    }

    pub(crate) fn has_reached(&self, _: Instant, _: impl Fn() -> Instant) -> bool {
        true
    }
}
