use mtaio_runtime::Instant;

use crate::limit::error::WeightError;

/// What admits so much in so much time. It is asked for one after the other of those who wait.
pub(in crate::limit) trait Gauge: Send + Sync + 'static {
    /// What has to be known to take back an admission.
    type Ticket: Copy + Send;

    /// Admits, unless somebody waits.
    fn try_admit(&self, weight: u32, now: Instant) -> Result<Self::Ticket, Refused>;

    /// Admits who is about to wait, with nobody before it.
    fn admit_first(&self, weight: u32, now: Instant) -> Option<Self::Ticket>;

    /// Admits the first of those who wait. It may be late without having lost its time.
    fn admit_waiting(&self, weight: u32, now: Instant) -> Option<Self::Ticket>;

    /// When the last of so much may be admitted, if all of it waits: that instant for one who waits
    /// alone, and not later than that for several.
    fn due(&self, weight: u64, now: Instant) -> Instant;

    /// Somebody waits from now on, or nobody does.
    fn set_waiting(&self, waiting: bool);

    /// Whether somebody waits.
    fn is_waiting(&self) -> bool;

    /// Takes back an admission.
    fn refund(&self, ticket: Self::Ticket, weight: u32);
}

/// Why a [`Gauge`] does not admit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::limit) enum Refused {
    /// Not now.
    Limited,
    /// Never.
    Weight(WeightError),
}
