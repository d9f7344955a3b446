//! What the simulator and tokio's paused clock find, side by side.

use crate::CORPUS;
use crate::blocks::Code;
use crate::on_tokio::{self, Ending};

#[test]
fn scored() {
    for bug in CORPUS {
        let endings: Vec<_> = (0..20).map(|_| on_tokio::run(bug, Code::Buggy)).collect();
        let found = endings.iter().filter(|ending| **ending != Ending::Well).count();
        println!("{:50} {:?} tokio {found}/20 {:?}", bug.name, bug.diagnosis, endings[0]);
        assert_eq!(on_tokio::run(bug, Code::Fixed), Ending::Well, "{}", bug.name);
    }
}
