//! The files of `/proc`, by `proc(5)` and the kernel's `Documentation/admin-guide/iostats.rst`. What
//! has another form is none.

use std::time::Duration;

use super::{Cpu, Io, Load, Memory, Process};

/// Of `stat`: times of all processors, and a line for each.
pub(super) fn cpu(text: &str) -> Option<Cpu> {
    let mut lines = text.lines();
    let mut words = lines.next()?.split_ascii_whitespace();
    if words.next() != Some("cpu") {
        return None;
    }
    let ticks: Vec<u64> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
    let [user, nice, system, idle, ..] = ticks[..] else { return None };
    // Kernels have fewer columns the older they are. What guests took is in `user` already.
    let later = |at: usize| ticks.get(at).copied().unwrap_or(0);
    let [iowait, irq, softirq, steal] = [4, 5, 6, 7].map(later);
    let cores = lines.take_while(|line| line.starts_with("cpu")).count();
    Some(Cpu {
        busy: from_ticks([user, nice, system, irq, softirq, steal]),
        idle: from_ticks([idle, iowait]),
        cores: u32::try_from(cores).ok()?,
    })
}

/// Of `meminfo`.
pub(super) fn memory(text: &str) -> Option<Memory> {
    Some(Memory {
        total: kibibytes(text, "MemTotal:")?,
        available: kibibytes(text, "MemAvailable:")?,
        // Not there where the kernel has no swap.
        swap_total: kibibytes(text, "SwapTotal:").unwrap_or(0),
        swap_free: kibibytes(text, "SwapFree:").unwrap_or(0),
    })
}

/// Of `loadavg`: `0.20 0.18 0.12 1/80 11206`.
pub(super) fn load(text: &str) -> Option<Load> {
    let mut words = text.split_ascii_whitespace();
    let mut average = || words.next()?.parse::<f64>().ok().filter(|load| load.is_finite());
    let (one, five, fifteen) = (average()?, average()?, average()?);
    let (_, threads) = words.next()?.split_once('/')?;
    Some(Load { one, five, fifteen, threads: threads.parse().ok()? })
}

/// Of `diskstats`: the disks, without their partitions and without what is made of other disks.
pub(super) fn disk(text: &str) -> Option<Io> {
    const MADE_OF_OTHERS: [&str; 5] = ["dm-", "loop", "md", "ram", "zram"];
    /// Whatever the disk's own are.
    const SECTOR: u64 = 512;
    let mut io = Io::default();
    let mut last = "";
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace().skip(2);
        let name = words.next()?;
        let sectors = |word: Option<&str>| word?.parse::<u64>().ok();
        let (read, written) = (sectors(words.nth(2))?, sectors(words.nth(3))?);
        if MADE_OF_OTHERS.iter().any(|prefix| name.starts_with(prefix)) || is_part(name, last) {
            continue;
        }
        last = name;
        io.read = io.read.saturating_add(read.saturating_mul(SECTOR));
        io.written = io.written.saturating_add(written.saturating_mul(SECTOR));
    }
    Some(io)
}

/// Whether `name` is a partition of `disk`, after which it stands: `sda1`, `nvme0n1p1`.
fn is_part(name: &str, disk: &str) -> bool {
    let Some(rest) = name.strip_prefix(disk).filter(|_| !disk.is_empty()) else { return false };
    let ends_in_digit = disk.ends_with(|last: char| last.is_ascii_digit());
    let number = if ends_in_digit { rest.strip_prefix('p') } else { Some(rest) };
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Of `net/dev`: all interfaces but the one to itself.
pub(super) fn network(text: &str) -> Option<Io> {
    let mut io = Io::default();
    let mut lines = text.lines();
    // Two lines of titles.
    lines.next().filter(|line| line.starts_with("Inter-"))?;
    lines.next()?;
    for line in lines {
        let (name, numbers) = line.split_once(':')?;
        let mut numbers = numbers.split_ascii_whitespace();
        let mut bytes = |skip| numbers.nth(skip)?.parse::<u64>().ok();
        let (received, sent) = (bytes(0)?, bytes(7)?);
        if name.trim() != "lo" {
            io.read = io.read.saturating_add(received);
            io.written = io.written.saturating_add(sent);
        }
    }
    Some(io)
}

/// Of `self/stat`: how long it ran, in its 14th and 15th column. The second one is a name in
/// parentheses, which may have any character.
pub(super) fn own_busy(text: &str) -> Option<Duration> {
    let (_, columns) = text.rsplit_once(')')?;
    let mut columns = columns.split_ascii_whitespace().skip(11);
    let mut ticks = || columns.next()?.parse::<u64>().ok();
    Some(from_ticks([ticks()?, ticks()?]))
}

/// Of `self/status`, which tells memory in units that are the same on every machine.
pub(super) fn own_status(text: &str) -> Option<Process> {
    let threads = after(text, "Threads:")?.trim().parse().ok()?;
    Some(Process { busy: Duration::ZERO, resident: kibibytes(text, "VmRSS:")?, threads })
}

fn from_ticks(ticks: impl IntoIterator<Item = u64>) -> Duration {
    let sum = ticks.into_iter().fold(0, u64::saturating_add);
    Duration::from_millis(sum.saturating_mul(10))
}

/// The bytes of a line like `MemTotal:  16 kB`.
fn kibibytes(text: &str, key: &str) -> Option<u64> {
    let count = after(text, key)?.trim().strip_suffix("kB")?;
    count.trim_end().parse::<u64>().ok()?.checked_mul(1024)
}

/// The rest of the line that begins with `key`.
fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key))
}
