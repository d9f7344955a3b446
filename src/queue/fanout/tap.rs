use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::super::line::lock;
use super::super::overflow::Overflow;
use super::super::wakes::Wakes;
use super::{Fanout, TapKey};
use crate::config::ConfigError;

/// Reads what is published; dropping it takes its mailbox away.
pub(crate) struct Tap<T> {
    fanout: Arc<Fanout<T>>,
    key: TapKey,
    /// What was taken along at the last look.
    pub(super) burst: VecDeque<T>,
}

/// A reader's mailbox at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TapStats {
    /// What is still to be read.
    pub(crate) waiting: usize,
    /// What was dropped or refused because there was no room.
    pub(crate) missed: u64,
}

impl<T> Tap<T> {
    /// Subscribes to what is published from now on.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a capacity of 0.
    pub(crate) fn new(fanout: &Arc<Fanout<T>>, overflow: Overflow) -> Result<Self, ConfigError> {
        let key = fanout.open(overflow)?;
        Ok(Self { fanout: Arc::clone(fanout), key, burst: VecDeque::new() })
    }

    pub(crate) const fn key(&self) -> TapKey {
        self.key
    }

    /// The next item; none at the end.
    #[inline]
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.burst.pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None => self.poll_mailbox(cx),
        }
    }

    /// Takes along what is in the mailbox, and hands out the first of it.
    fn poll_mailbox(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut cloned = None;
        loop {
            let mut wakes = Wakes::default();
            let mut state = lock(&self.fanout.state);
            let is_closed = state.is_closed;
            let Some(mailbox) = state.mailbox(self.key) else { return Poll::Ready(None) };
            mailbox.take_burst(&mut self.burst, &mut wakes);
            if self.burst.is_empty() && !is_closed {
                if !mailbox.reader_is(cx.waker()) {
                    let Some(waker) = cloned.take() else {
                        drop(state);
                        wakes.wake();
                        cloned = Some(cx.waker().clone());
                        continue;
                    };
                    let replaced = mailbox.set_reader(waker);
                    drop(state);
                    drop(replaced);
                } else {
                    drop(state);
                }
                wakes.wake();
                return Poll::Pending;
            }
            drop(state);
            wakes.wake();
            return Poll::Ready(self.burst.pop_front());
        }
    }

    /// Whether the next item is at hand, without a look into the mailbox.
    pub(crate) fn has_burst(&self) -> bool {
        !self.burst.is_empty()
    }

    /// Takes its mailbox away: it holds nobody up any more.
    pub(crate) fn close(&self) {
        self.fanout.shut(self.key);
    }

    pub(crate) fn stats(&self) -> TapStats {
        let mut state = lock(&self.fanout.state);
        let (waiting, missed) =
            state.mailbox(self.key).map_or((0, 0), |mailbox| (mailbox.len(), mailbox.missed()));
        TapStats { waiting: waiting + self.burst.len(), missed }
    }
}

impl<T> Drop for Tap<T> {
    fn drop(&mut self) {
        self.close();
    }
}
