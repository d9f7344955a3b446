use mtaio::executor::TaskExecutor;
use mtaio::pipeline::{Batch, Parallel, pipeline};
use mtaio::scope::ResourceScope;
use mtaio_sim::Sim;

use crate::table::{SOME, Table};

pub(crate) fn refuse(rt: &Sim, table: &mut Table) {
    table.each("executor::TaskExecutor::limit", "limit", [0_usize], SOME, |n| {
        TaskExecutor::new(rt).limit(n)
    });
    table.period("scope::ResourceScope::close_within", "close_within", |d| {
        ResourceScope::new(rt).close_within(d)
    });
    let scope = ResourceScope::new(rt);
    table.period("scope::Scoped::close_within", "close_within", |d| {
        scope.add_with("it", (), async |()| {}).close_within(d)
    });
    pipelines(table);
}

fn pipelines(table: &mut Table) {
    let stage = async |item: u32| Ok::<_, String>(item);
    table.each("pipeline::Builder::build", "buffer", [0_usize], SOME, |n| {
        pipeline::<String>().then(stage).buffer(n).build()
    });
    table.each("pipeline::Builder::buffer", "buffer", [0_usize], SOME, |n| {
        pipeline::<String>().then(stage).buffer(n).build()
    });
    table.each("pipeline::Parallel::ordered", "limit", [0_usize], SOME, |n| {
        pipeline::<String>().map_async(Parallel::ordered(n), stage).build()
    });
    table.each("pipeline::Parallel::unordered", "limit", [0_usize], SOME, |n| {
        pipeline::<String>().map_async(Parallel::unordered(n), stage).build()
    });
    table.each("pipeline::Parallel::by_key", "limit", [0_usize], SOME, |n| {
        pipeline::<String>().map_async(Parallel::by_key(n, |item: &u32| *item), stage).build()
    });
    let batch = async |items: Vec<u32>| Ok::<_, String>(items.len());
    table.each("pipeline::Batch::size", "size", [0_usize], SOME, |n| {
        pipeline::<String>().batch(Batch::size(n), batch).build()
    });
    table.period("pipeline::Batch::within", "within", |d| {
        pipeline::<String>().batch(Batch::size(9).within(d), batch).build()
    });
}
