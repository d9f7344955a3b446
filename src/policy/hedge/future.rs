use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use mtaio_runtime::{Runtime, RuntimeExt, Sleep};
use pin_project_lite::pin_project;

use super::Hedge;
use crate::contain::{contain, discard};

/// Does what `make` makes, and once more where that takes long.
pub(in crate::policy) const fn hedged<'a, R, F, M, T, E>(
    rt: &'a R,
    hedge: &'a Hedge,
    make: M,
) -> Hedged<'a, R, F, M, E>
where
    R: Runtime,
    F: Future<Output = Result<T, E>>,
    M: FnMut() -> F,
{
    let most = hedge.most;
    Hedged {
        rt,
        hedge,
        make,
        first: None,
        more: Vec::new(),
        sleep: None,
        made: 0,
        most,
        failed: None,
    }
}

pin_project! {
    /// The calls for one answer. The first is kept in place, so that as long as it is the only one
    /// nothing is allocated.
    pub(in crate::policy) struct Hedged<'a, R: Runtime, F, M, E> {
        rt: &'a R,
        hedge: &'a Hedge,
        make: M,
        #[pin]
        first: Option<F>,
        more: Vec<Pin<Box<F>>>,
        #[pin]
        sleep: Option<R::Sleep>,
        made: u32,
        most: u32,
        // The last call that failed.
        failed: Option<E>,
    }
}

impl<R, F, M, T, E> Future for Hedged<'_, R, F, M, E>
where
    R: Runtime,
    F: Future<Output = Result<T, E>>,
    M: FnMut() -> F,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.as_mut().project();
        if *this.made == 0 {
            if let Some(budget) = &this.hedge.budget {
                budget.deposit();
            }
            *this.made = 1;
            let first = (this.make)();
            this.first.set(Some(first));
        }
        if let Some(first) = this.first.as_mut().as_pin_mut()
            && let Poll::Ready(answer) = first.poll(cx)
        {
            this.first.set(None);
            match answer {
                Ok(value) => return Poll::Ready(Ok(self.end_with(value))),
                Err(error) => *this.failed = Some(error),
            }
        }
        self.poll_more(cx)
    }
}

impl<R, F, M, T, E> Hedged<'_, R, F, M, E>
where
    R: Runtime,
    F: Future<Output = Result<T, E>>,
    M: FnMut() -> F,
{
    fn poll_more(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut polled = 0;
        loop {
            let mut this = self.as_mut().project();
            while let Some(call) = this.more.get_mut(polled) {
                match call.as_mut().poll(cx) {
                    Poll::Pending => polled += 1,
                    Poll::Ready(answer) => {
                        drop(this.more.remove(polled));
                        match answer {
                            Ok(value) => return Poll::Ready(Ok(self.end_with(value))),
                            Err(error) => *this.failed = Some(error),
                        }
                    }
                }
            }
            if this.first.is_none()
                && this.more.is_empty()
                && let Some(error) = this.failed.take()
            {
                return Poll::Ready(Err(error));
            }
            if this.made == this.most {
                return Poll::Pending;
            }
            let delay = this.hedge.delay;
            if this.sleep.is_none() {
                this.sleep.set(Some(this.rt.sleep(delay)));
            }
            let Some(mut sleep) = this.sleep.as_mut().as_pin_mut() else { return Poll::Pending };
            ready!(sleep.as_mut().poll(cx));

            let now = this.rt.now();
            if this.hedge.budget.as_ref().is_some_and(|budget| !budget.try_withdraw(now)) {
                // No other calls for this answer.
                *this.most = *this.made;
                this.sleep.set(None);
                return Poll::Pending;
            }
            *this.made += 1;
            if this.made == this.most {
                this.sleep.set(None);
            } else {
                sleep.reset(now + delay);
            }
            this.more.push(Box::pin((this.make)()));
        }
    }

    /// Drops the calls that lost. What their destructors panic with is not the caller's.
    fn end_with(self: Pin<&mut Self>, value: T) -> T {
        let mut this = self.project();
        if let Err(panic) = contain(|| this.first.set(None)) {
            discard(panic);
        }
        for call in this.more.drain(..) {
            discard(call);
        }
        this.sleep.set(None);
        value
    }
}
