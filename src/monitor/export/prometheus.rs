use std::fmt::Write;

use crate::monitor::registry::{Snapshot, Value};

pub(in crate::monitor) fn render(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for family in &snapshot.families {
        for sample in &family.samples {
            if !matches!(sample.value, Value::Histogram(_)) {
                let _ =
                    writeln!(text, "{}{} {}", family.name, sample.labels, sample.value.as_f64());
            }
        }
    }
    text
}
