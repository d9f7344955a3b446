//! The checks, a file a group.

mod blocking;
mod cancel;
mod clock;
mod context;
mod entropy;
mod gone;
mod panic;
mod reset;
mod sleep;
mod spawn;
mod wakers;

use super::Host;
use super::check::Entry;

/// All of them, in the order in which a reader of failures wants them: what the later ones stand
/// on comes first.
pub(super) fn entries<H: Host>() -> Vec<Entry<H>> {
    let groups = [
        spawn::entries(),
        wakers::entries(),
        clock::entries(),
        sleep::entries(),
        reset::entries(),
        cancel::entries(),
        panic::entries(),
        blocking::entries(),
        context::entries(),
        entropy::entries(),
        gone::entries(),
    ];
    groups.into_iter().flatten().collect()
}
