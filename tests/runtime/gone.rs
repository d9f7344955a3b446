//! What the handle of a task can do when the runtime is gone. That all runtimes go in the same way
//! is the conformance suite's to check.

use std::future::pending;

use mtaio_runtime::{JoinError, RuntimeExt};

use crate::common::{
    Dyn, Host, Sim, SmolOwn, TokioCurrentThread, TokioMultiThread, block_on, watched,
};

fn tasks_may_be_dropped_detached_and_aborted<H: Host>() {
    let [dropped, detached, aborted] =
        H::run(|rt| async move { [(); 3].map(|()| rt.spawn(pending::<()>())) });
    let handle = dropped.abort_handle();
    drop(dropped);
    handle.abort();
    assert!(handle.is_finished());
    detached.detach();
    aborted.abort();
    let error = block_on(aborted).expect_err("it never ended");
    assert!(matches!(error, JoinError::RuntimeGone), "aborted too late: {error:?}");
    assert!(error.is_runtime_gone() && !error.is_cancelled() && !error.is_panicked());
}

#[test]
fn tasks_may_be_dropped_detached_and_aborted_after_the_end() {
    watched("tasks_may_be_dropped_detached_and_aborted_after_the_end", || {
        tasks_may_be_dropped_detached_and_aborted::<TokioCurrentThread>();
        tasks_may_be_dropped_detached_and_aborted::<TokioMultiThread>();
        tasks_may_be_dropped_detached_and_aborted::<SmolOwn>();
        tasks_may_be_dropped_detached_and_aborted::<Sim>();
        tasks_may_be_dropped_detached_and_aborted::<Dyn<Sim>>();
    });
}
