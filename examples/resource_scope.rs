//! Resources that are closed when the work is done, the last one first: what they were for may
//! succeed, fail or panic, and one of them may refuse to close.
//!
//! ```text
//! cargo run --example resource_scope -- --runtime smol
//! ```
//!
//! It prints what happened, and exits non-zero when that is not what must happen.

mod common;

use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use mtaio::scope::AsyncClose;
use mtaio::{ResourceScope, Runtime, RuntimeExt};

use self::common::Journal;

/// A connection to something that takes a while to say goodbye.
struct Connection<R> {
    rt: R,
    journal: Journal,
    to: &'static str,
    refuses: bool,
}

impl<R: Runtime> Connection<R> {
    async fn open(rt: &R, journal: &Journal, to: &'static str) -> Self {
        rt.sleep(Duration::from_millis(2)).await;
        journal.note(format_args!("{to}: open"));
        Self { rt: rt.clone(), journal: journal.clone(), to, refuses: false }
    }

    async fn send(&mut self, what: &str) {
        self.rt.yield_now().await;
        self.journal.note(format_args!("{}: {what}", self.to));
    }
}

impl<R: Runtime> AsyncClose for Connection<R> {
    type Error = io::Error;

    async fn close(self) -> io::Result<()> {
        self.rt.sleep(Duration::from_millis(2)).await;
        if self.refuses {
            self.journal.note(format_args!("{}: won't close", self.to));
            return Err(io::Error::other("the other side hung up"));
        }
        self.journal.note(format_args!("{}: closed", self.to));
        Ok(())
    }
}

/// Takes the orders of the day, and answers how many they are.
async fn take_orders<R: Runtime>(
    rt: &R,
    journal: &Journal,
    sabotage: bool,
) -> Result<u32, Box<dyn Error>> {
    let outcome = ResourceScope::new(rt)
        .close_within(Duration::from_secs(5))?
        .run(async |scope| {
            let mut database =
                scope.add("database", Connection::open(rt, journal, "database").await);
            let mut mail = scope.add("mail", Connection::open(rt, journal, "mail").await);
            let mut import = scope.add("import", Connection::open(rt, journal, "import").await);
            let goodbye = journal.clone();
            scope.defer("goodbye", async move || goodbye.note("goodbye"));

            import.send("read 3 orders").await;
            // It is not needed any longer: why keep it until the end?
            import.close().await?;

            database.send("write 3 orders").await;
            mail.send("confirm 3 orders").await;
            mail.refuses = !sabotage;
            Ok::<_, mtaio::Error>(3)
        })
        .await;

    for error in &outcome.close_errors {
        journal.note(format_args!("beside the outcome: {error}"));
    }
    Ok(outcome.into_result()?)
}

/// What must happen, on each runtime.
const EXPECTED: [&str; 12] = [
    "database: open",
    "mail: open",
    "import: open",
    "import: read 3 orders",
    "import: closed",
    "database: write 3 orders",
    "mail: confirm 3 orders",
    "goodbye",
    "mail: won't close",
    "database: closed",
    "beside the outcome: `mail` did not close: the other side hung up",
    "as one result: `mail` did not close: the other side hung up",
];

async fn day<R: Runtime>(rt: R, sabotage: bool) -> Result<(), String> {
    let journal = Journal::default();
    match take_orders(&rt, &journal, sabotage).await {
        Ok(orders) => journal.note(format_args!("{orders} orders")),
        Err(error) => journal.note(format_args!("as one result: {error}")),
    }
    journal.is(&EXPECTED)
}

fn main() -> ExitCode {
    common::run(day)
}
