use std::fmt;
use std::future::{Future, ready};
use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Instant, Runtime};

use super::Fallback;
use super::answer::Answer;
use crate::config::{ConfigError, check_period};
use crate::queue::lock;

/// The last good answer; see [`Fallback::last_good`].
pub struct LastGood<T> {
    kept: Arc<Mutex<Option<Kept<T>>>>,
    age: Option<Age>,
}

/// Shared, so that it is cloned for an answer without the lock.
struct Kept<T> {
    value: Arc<T>,
    at: Option<Instant>,
}

#[derive(Clone)]
struct Age {
    rt: DynRuntime,
    most: Duration,
}

impl<T: Clone + Send + Sync> Fallback<LastGood<T>> {
    /// The last good answer, of any call: a clone of each is kept until the next. Where there has
    /// been none, the error. Clones of the fallback share it.
    pub fn last_good() -> Self {
        Self::new(LastGood { kept: Arc::default(), age: None })
    }

    /// As [`last_good`](Self::last_good), as long as that is not older than `most`. To tell, it looks
    /// at the clock once a call.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `most` is zero or more than 100 years.
    pub fn last_good_within<R: Runtime>(rt: &R, most: Duration) -> Result<Self, ConfigError> {
        check_period("last_good_within", most)?;
        let age = Some(Age { rt: DynRuntime::new(rt), most });
        Ok(Self::new(LastGood { kept: Arc::default(), age }))
    }
}

impl<T: Clone + Send + Sync, E: Send> Answer<T, E> for LastGood<T> {
    fn answer(&self, error: E) -> impl Future<Output = Result<T, E>> + Send {
        ready(match self.get() {
            Some(value) => Ok(T::clone(&value)),
            None => Err(error),
        })
    }

    fn learn(&self, value: &T) {
        let mut value = value.clone();
        let at = self.age.as_ref().map(|age| age.rt.now());
        let mut kept = lock(&self.kept);
        // What was kept is dropped without the lock.
        let _replaced = match &mut *kept {
            Some(known) => {
                known.at = at;
                // Nobody clones it: it is written over, and nothing is allocated.
                if let Some(present) = Arc::get_mut(&mut known.value) {
                    mem::swap(present, &mut value);
                    drop(kept);
                    return;
                }
                Some(mem::replace(&mut known.value, Arc::new(value)))
            }
            none => {
                *none = Some(Kept { value: Arc::new(value), at });
                None
            }
        };
        drop(kept);
    }
}

impl<T> LastGood<T> {
    fn get(&self) -> Option<Arc<T>> {
        let (value, at) = {
            let kept = lock(&self.kept);
            let kept = kept.as_ref()?;
            (Arc::clone(&kept.value), kept.at)
        };
        let is_fresh = match (&self.age, at) {
            (Some(age), Some(at)) => age.rt.now().saturating_duration_since(at) <= age.most,
            _ => true,
        };
        is_fresh.then_some(value)
    }
}

impl<T> Clone for LastGood<T> {
    fn clone(&self) -> Self {
        Self { kept: Arc::clone(&self.kept), age: self.age.clone() }
    }
}

impl<T> fmt::Debug for LastGood<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastGood").finish_non_exhaustive()
    }
}
