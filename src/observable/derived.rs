use std::fmt;
use std::sync::{Arc, Weak};

use super::changes::Changes;
use super::shared::{Follow, Shared};
use super::watch::Watch;
use crate::config::ConfigError;
use crate::contain::{contain, discard};

/// A value that follows from others, and is made anew when one of them is set, in the call that sets
/// it. It keeps those alive, and is final when all of them are.
///
/// Of values that are set at once by several, the last one counts. Where what makes it panics, it
/// stays as it was.
///
/// Clones are the same value; when the last of them is dropped, it is not made any more, and is final.
///
/// # Examples
///
/// ```
/// use mtaio::observable::Observable;
///
/// # mtaio_sim::Sim::run(0, |_rt| async move {
/// let (net, tax) = (Observable::new(100.0), Observable::new(0.19));
/// let gross = net.zip(&tax, |net, tax| net * (1.0 + tax));
/// let label = gross.then(|gross| format!("{gross:.2} EUR"));
/// assert_eq!(label.get(), "119.00 EUR");
///
/// let mut watch = label.watch();
/// tax.set(0.07);
/// assert_eq!(*watch.changed().await.unwrap(), "107.00 EUR");
///
/// // It is final when all that it follows from is.
/// drop((net, tax));
/// assert!(watch.changed().await.is_none());
/// # });
/// ```
pub struct Derived<T: Send + Sync + 'static> {
    shared: Arc<Shared<T>>,
    /// Keeps it up to date.
    _follower: Arc<dyn Follow>,
}

/// What a follower sets.
struct Target<T: Send + Sync + 'static>(Arc<Shared<T>>);

struct Follower<T: Send + Sync + 'static, M> {
    target: Target<T>,
    /// Makes the value, of so many versions in sum.
    make: M,
    are_final: Box<dyn Fn() -> bool + Send + Sync>,
}

impl<U: Send + Sync + 'static> Derived<U> {
    pub(super) fn map<T, F>(source: &Arc<Shared<T>>, f: F) -> Self
    where
        T: Send + Sync + 'static,
        F: Fn(&T) -> U + Send + Sync + 'static,
    {
        let (from, is_final) = (Arc::clone(source), Arc::clone(source));
        let make = move || {
            let (value, version) = from.versioned();
            (f(&value), version)
        };
        Self::new(
            make,
            move || is_final.is_final(),
            |weak| {
                source.add_derived(weak);
            },
        )
    }

    pub(super) fn zip<A, B, F>(a: &Arc<Shared<A>>, b: &Arc<Shared<B>>, f: F) -> Self
    where
        A: Send + Sync + 'static,
        B: Send + Sync + 'static,
        F: Fn(&A, &B) -> U + Send + Sync + 'static,
    {
        let (from, finals) = ((Arc::clone(a), Arc::clone(b)), (Arc::clone(a), Arc::clone(b)));
        let make = move || {
            let ((one, first), (two, second)) = (from.0.versioned(), from.1.versioned());
            // Each only grows: of two looks the later one has the greater sum, or the same values.
            (f(&one, &two), first + second)
        };
        Self::new(
            make,
            move || finals.0.is_final() && finals.1.is_final(),
            |weak| {
                a.add_derived(Weak::clone(&weak));
                b.add_derived(weak);
            },
        )
    }

    fn new<M>(
        make: M,
        are_final: impl Fn() -> bool + Send + Sync + 'static,
        register: impl FnOnce(Weak<dyn Follow>),
    ) -> Self
    where
        M: Fn() -> (U, u64) + Send + Sync + 'static,
    {
        let (value, version) = make();
        let shared = Arc::new(Shared::of_version(value, version));
        let are_final = Box::new(are_final);
        let follower = Arc::new(Follower { target: Target(Arc::clone(&shared)), make, are_final });
        let erased: Arc<dyn Follow> = follower;
        register(Arc::downgrade(&erased));
        // What happened while it was made, and whether it is the end already.
        erased.follow();
        erased.end();
        Self { shared, _follower: erased }
    }

    /// What it is now.
    pub fn latest(&self) -> Arc<U> {
        self.shared.latest()
    }

    /// A copy of it.
    pub fn get(&self) -> U
    where
        U: Clone,
    {
        (*self.latest()).clone()
    }

    /// Watches for the newest state, from now on, for as long as this is kept.
    pub fn watch(&self) -> Watch<U> {
        Watch::new(&self.shared)
    }

    /// Every change from now on, with room for `most` that have not been seen.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `most` is 0.
    pub fn changes(&self, most: usize) -> Result<Changes<U>, ConfigError> {
        Changes::new(&self.shared, most)
    }

    /// What `f` makes of it, kept up to date as this is. It keeps this alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::observable::Observable;
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let celsius = Observable::new(20.0);
    /// let warning = celsius.map(|celsius| celsius * 1.8 + 32.0).then(|f| *f > 100.0);
    /// assert!(!warning.get());
    /// celsius.set(40.0);
    /// assert!(warning.get());
    /// # });
    /// ```
    pub fn then<V, F>(&self, f: F) -> Derived<V>
    where
        V: Send + Sync + 'static,
        F: Fn(&U) -> V + Send + Sync + 'static,
    {
        // What it follows from is kept by what follows from it.
        let keep = self.clone();
        Derived::map(&self.shared, move |value| {
            let _ = &keep;
            f(value)
        })
    }
}

impl<T, M> Follow for Follower<T, M>
where
    T: Send + Sync + 'static,
    M: Fn() -> (T, u64) + Send + Sync,
{
    fn follow(&self) {
        match contain(&self.make) {
            Ok((value, version)) => {
                let set = self.target.0.set_if(value, |last| (version > last).then_some(version));
                // One that was overtaken goes.
                drop(set);
            }
            Err(panic) => discard(panic),
        }
    }

    fn end(&self) {
        if (self.are_final)() {
            self.target.0.end();
        }
    }
}

/// Nobody makes it any more: those who watch it would wait for ever.
impl<T: Send + Sync + 'static> Drop for Target<T> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl<T: Send + Sync + 'static> Clone for Derived<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), _follower: Arc::clone(&self._follower) }
    }
}

impl<T: fmt::Debug + Send + Sync + 'static> fmt::Debug for Derived<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Derived").field(&self.latest()).finish()
    }
}
