//! What the machine does, as metrics. Names and units follow Prometheus' conventions; those of the
//! process are the ones that its client libraries have.

use super::{Cpu, System};
use crate::monitor::collector::Collection;

/// How much of the processors' time between two readings was work: 0 to 1; `None` where none went by.
pub(in crate::monitor) fn usage(before: &System, now: &System) -> Option<f64> {
    let (Ok(before), Ok(now)) = (&before.cpu, &now.cpu) else { return None };
    let busy = now.busy.saturating_sub(before.busy);
    let all = busy + now.idle.saturating_sub(before.idle);
    (!all.is_zero()).then(|| busy.as_secs_f64() / all.as_secs_f64())
}

/// Tells what can be told of `system`.
pub(in crate::monitor) fn collect(system: &System, usage: Option<f64>, into: &mut Collection) {
    if let Ok(Cpu { busy, idle, cores }) = &system.cpu {
        let (name, help) = ("system_cpu_seconds_total", "Time of all processors.");
        into.sum(name, help, &[("mode", "busy")], busy.as_secs_f64());
        into.sum(name, help, &[("mode", "idle")], idle.as_secs_f64());
        into.gauge("system_cpu_cores", "Processors.", &[], f64::from(*cores));
    }
    if let Some(usage) = usage {
        let help = "Part of the processors' time that was work, 0 to 1.";
        into.gauge("system_cpu_usage_ratio", help, &[], usage);
    }
    if let Ok(memory) = &system.memory {
        for (name, help, bytes) in [
            ("system_memory_bytes", "Memory.", memory.total),
            ("system_memory_available_bytes", "Memory for programs to have.", memory.available),
            ("system_swap_bytes", "Swap.", memory.swap_total),
            ("system_swap_free_bytes", "Swap that is free.", memory.swap_free),
        ] {
            into.gauge(name, help, &[], bytes as f64);
        }
    }
    if let Ok(load) = &system.load {
        let help = "Threads that run or want to, on average over so many minutes.";
        into.gauge("system_load1", help, &[], load.one);
        into.gauge("system_load5", help, &[], load.five);
        into.gauge("system_load15", help, &[], load.fifteen);
        into.gauge("system_threads", "Threads.", &[], load.threads as f64);
    }
    if let Ok(disk) = &system.disk {
        into.counter("system_disk_read_bytes_total", "Read from disks.", &[], disk.read);
        into.counter("system_disk_written_bytes_total", "Written to disks.", &[], disk.written);
    }
    if let Ok(network) = &system.network {
        let (received, sent) = ("Received by the network.", "Sent by the network.");
        into.counter("system_network_received_bytes_total", received, &[], network.read);
        into.counter("system_network_sent_bytes_total", sent, &[], network.written);
    }
    if let Ok(process) = &system.process {
        let busy = process.busy.as_secs_f64();
        into.sum("process_cpu_seconds_total", "Time of processors for this process.", &[], busy);
        let (name, help) = ("process_resident_memory_bytes", "Memory of this process.");
        into.gauge(name, help, &[], process.resident as f64);
        into.gauge("process_threads", "Threads of this process.", &[], process.threads.into());
    }
}
