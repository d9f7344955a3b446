//! Who asks in a day.

use std::time::Duration;

use mtaio::{Runtime, RuntimeExt, Task};
use neutral_client::{Connect, Directory};

use super::{Day, DayError};
use crate::store::Store;

impl<R: Runtime, C: Connect + Clone> Day<'_, R, C> {
    /// Asks as somebody does who has not asked before.
    pub(super) async fn ask(&self, tailnum: &'static str, seats: u32) -> Result<(), DayError> {
        check(tailnum, self.client()?.seats(tailnum).await?, Some(seats))
    }

    /// Asks for all aircraft again and again, whatever the answers are, until it is dropped.
    pub(super) fn keep_asking(&self) -> Task<()> {
        let (rt, connector) = (self.rt.clone(), self.connector.clone());
        self.rt.spawn(async move {
            loop {
                for (tailnum, _) in Store::tailnums() {
                    if let Ok(client) = Directory::new(&rt, connector.clone()) {
                        let _ = client.seats(tailnum).await;
                    }
                }
                rt.sleep(Duration::from_millis(50)).await;
            }
        })
    }

    pub(super) fn client(&self) -> Result<Directory<C>, DayError> {
        Ok(Directory::new(self.rt, self.connector.clone())?)
    }
}

pub(super) fn check(
    tailnum: &'static str,
    answered: Option<u32>,
    expected: Option<u32>,
) -> Result<(), DayError> {
    if answered == expected {
        return Ok(());
    }
    Err(DayError::Wrong { tailnum, expected, answered })
}
