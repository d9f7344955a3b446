use std::time::Duration;

use super::parse::{cpu, disk, load, memory, network, own_busy, own_status};
use super::{Cpu, Io, Load, Memory, Process, SystemSource, Unsupported};

const fn hundredths(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 10)
}

#[test]
fn processors() {
    let text = "cpu  10 20 30 400 50 6 7 8 9 10\ncpu0 5 10 15 200 25 3 3 4 4 5\n\
                cpu1 5 10 15 200 25 3 4 4 5 5\nintr 99 0 0\nctxt 1\n";
    let known = Cpu { busy: hundredths(81), idle: hundredths(450), cores: 2 };
    assert_eq!(cpu(text), Some(known));
    // As kernels had it before 2.6.
    let old = Cpu { busy: hundredths(60), idle: hundredths(400), cores: 0 };
    assert_eq!(cpu("cpu 10 20 30 400\n"), Some(old));
    for wrong in ["", "cpu", "cpu 1 2 3", "cpu 1 2 3 x", "cpu0 1 2 3 4", "cpu 1 2 3 -4"] {
        assert_eq!(cpu(wrong), None, "{wrong:?}");
    }
    // The kernel's counters may run over what a time has room for.
    let most = format!("cpu {0} {0} {0} {0}", u64::MAX);
    assert!(cpu(&most).is_some());
}

#[test]
fn memories() {
    let text = "MemTotal:       16384 kB\nMemFree:  1 kB\nMemAvailable:    8192 kB\n\
                SwapTotal:       2048 kB\nSwapFree:         1024 kB\n";
    let known = Memory {
        total: 16_384 << 10,
        available: 8_192 << 10,
        swap_total: 2_048 << 10,
        swap_free: 1_024 << 10,
    };
    assert_eq!(memory(text), Some(known));
    assert_eq!(
        memory("MemTotal: 1 kB\n"),
        None,
        "before Linux 3.14 nothing was said to be available"
    );
    assert_eq!(memory("MemTotal: 1 MB\nMemAvailable: 1 kB\n"), None);
    let without_swap = memory("MemTotal: 2 kB\nMemAvailable: 1 kB\n").unwrap();
    assert_eq!((without_swap.total, without_swap.swap_total), (2 << 10, 0));
}

#[test]
fn loads() {
    let known = Load { one: 0.2, five: 0.18, fifteen: 12.0, threads: 80 };
    assert_eq!(load("0.20 0.18 12.00 1/80 11206\n"), Some(known));
    for wrong in ["", "0.2 0.1", "0.2 0.1 x 1/80 3", "0.2 0.1 0.1 80 3", "NaN 0 0 1/80 3"] {
        assert_eq!(load(wrong), None, "{wrong:?}");
    }
}

#[test]
fn disks_count_once() {
    let line = |name: &str, read: u64, written: u64| {
        format!("   8  0 {name} 1 2 {read} 4 5 6 {written} 8 9 10 11 0 0 0 0\n")
    };
    let text = [
        line("sda", 100, 10),
        line("sda1", 60, 6),
        line("sda12", 40, 4),
        line("sdaa", 1_000, 100),
        line("nvme0n1", 10_000, 1_000),
        line("nvme0n1p1", 10_000, 1_000),
        // Another disk, whatever its name begins with.
        line("nvme0n10", 100_000, 10_000),
        line("dm-0", 7, 7),
        line("loop3", 7, 7),
        line("md127", 7, 7),
        line("zram0", 7, 7),
        line("vda", 1_000_000, 100_000),
        line("vda1", 7, 7),
    ]
    .concat();
    let sectors = Io { read: 1_111_100 * 512, written: 111_110 * 512 };
    assert_eq!(disk(&text), Some(sectors));
    assert_eq!(disk(""), Some(Io::default()), "a machine may have none");
    assert_eq!(disk("8 0 sda 1 2\n"), None);
}

#[test]
fn networks_without_what_stays_inside() {
    let titles = "Inter-|   Receive         |  Transmit\n face |bytes    packets errs\n";
    let lines = "    lo:  999 1 0 0 0 0 0 0  999 1 0 0 0 0 0 0\n  \
                 eth0: 1000 1 0 0 0 0 0 0   20 1 0 0 0 0 0 0\n\
                 wlan0:5 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n";
    let known = Io { read: 1_005, written: 27 };
    assert_eq!(network(&format!("{titles}{lines}")), Some(known));
    assert_eq!(network(titles), Some(Io::default()));
    assert_eq!(network(lines), None);
    assert_eq!(network(""), None);
}

#[test]
fn a_process_of_any_name() {
    let stat = "42 (a ) b (c) 7) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 9 0 1\n";
    assert_eq!(own_busy(stat), Some(hundredths(300)));
    assert_eq!(own_busy("42 (a) S 1 2 3"), None);
    let status = "Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t9\n";
    let known = Process { busy: Duration::ZERO, resident: 2_048 << 10, threads: 9 };
    assert_eq!(own_status(status), Some(known));
    assert_eq!(own_status("Threads:\t9\n"), None, "a thread of the kernel has no memory");
}

#[test]
fn what_is_missing_is_named() {
    let mut nowhere = super::Proc::at("/nowhere/to/be/found");
    let system = nowhere.read();
    let missing: Vec<_> = system.missing().map(Unsupported::what).collect();
    assert_eq!(missing, ["cpu", "memory", "load", "disk", "network", "process"]);
    let told = system.load.unwrap_err().to_string();
    assert!(
        told.starts_with("`load` can't be told here: /nowhere/to/be/found/loadavg: "),
        "{told}"
    );
}
