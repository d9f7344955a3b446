use mtaio_runtime::Runtime;

/// To clone a runtime costs as much as half of a timer, and hardly any wait outlives the one that
/// it was given.
pub(super) enum Handle<'a, R> {
    Borrowed(&'a R),
    Owned(R),
}

impl<R: Runtime> Handle<'_, R> {
    #[inline]
    pub(super) const fn get(&self) -> &R {
        match self {
            Self::Borrowed(rt) => rt,
            Self::Owned(rt) => rt,
        }
    }

    pub(super) fn into_owned(self) -> Handle<'static, R> {
        Handle::Owned(match self {
            Self::Borrowed(rt) => rt.clone(),
            Self::Owned(rt) => rt,
        })
    }
}
