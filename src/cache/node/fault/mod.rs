//! A node that fails on purpose.

mod fault_node;
mod plan;

pub use self::fault_node::{FaultNode, FaultNodeStats, Link};
pub use self::plan::NodeFaults;
