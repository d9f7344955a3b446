//! A run from its arguments to what it comes to, on whichever runtime.

use std::mem;
use std::net::TcpListener;

use mtaio::Runtime;
use mtaio::monitor::{Registry, Snapshot};

use super::args::Args;
use super::console::Told;
use super::dead_letters::DeadLetters;
use super::failure::Failure;
use super::faults::Faults;
use super::flight::{self, Flights};
use super::journal::Journal;
use super::lookups::Lookups;
use super::metrics;
use super::news::{News, Newspaper};
use super::pipeline::{self, Desk, Outputs, locked};
use super::serve::Server;
use super::summary::Summary;
use super::tables::Tables;

/// All that a run needs. It is opened beforehand: what may be refused is refused before the work.
pub struct Job {
    flights: Flights,
    tables: Tables,
    faults: Faults,
    listener: Option<TcpListener>,
    outputs: Outputs,
}

/// What all flights come to.
pub struct Outcome {
    pub summary: Summary,
    pub news: News,
    pub metrics: Snapshot,
}

impl Job {
    pub fn prepare(args: &Args, mut tell: impl FnMut(Told)) -> Result<Self, Failure> {
        let flights = flight::open(&args.flights)?;
        let mut malformed = Vec::new();
        let tables = Tables::load(&args.planes, &args.airlines, |row| malformed.push(row))?;
        let listener = args.metrics.as_deref().map(listen).transpose()?;

        let resumed = args.resume;
        let journal = if resumed { Journal::resume } else { Journal::create };
        let journal = args.jsonl.as_deref().map(journal).transpose()?;
        let dead_letters = if resumed { DeadLetters::resume } else { DeadLetters::create };
        let mut dead_letters = args.dead_letters.as_deref().map(dead_letters).transpose()?;
        for row in malformed {
            tell(Told::Malformed(&row));
            dead_letters.as_mut().map_or(Ok(()), |letters| letters.write(&row))?;
        }
        let faults = Faults::new(args.faults, args.seed);
        Ok(Self { flights, tables, faults, listener, outputs: Outputs { journal, dead_letters } })
    }

    pub async fn run<R: Runtime>(
        self,
        rt: &R,
        mut tell: impl FnMut(Told) + Send,
    ) -> Result<Outcome, Failure> {
        let desk = Desk::new(Lookups::new(rt, self.tables, self.faults)?);
        let paper = Newspaper::about(&desk.emitter);
        let registry = metrics::registry(&desk, &paper)?;
        let server = self.listener.map(|listener| serve(listener, &registry)).transpose()?;
        if let Some(server) = &server {
            tell(Told::Serving(server.address()));
        }
        pipeline::work(rt, self.flights, &desk, self.outputs, tell).await?;
        let metrics = registry.gather();
        let summary = mem::take(&mut *locked(&desk.summary));
        Ok(Outcome { summary, news: paper.read(), metrics })
    }
}

fn listen(address: &str) -> Result<TcpListener, Failure> {
    let failed = |error| Failure::Metrics { address: address.to_owned(), error };
    TcpListener::bind(address).map_err(failed)
}

fn serve(listener: TcpListener, registry: &Registry) -> Result<Server, Failure> {
    Server::start(listener, registry.clone()).map_err(Failure::Server)
}
