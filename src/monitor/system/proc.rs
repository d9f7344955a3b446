use std::fs::File;
use std::io::{Read, Seek};
use std::path::PathBuf;

use super::parse;
use super::{System, SystemSource, Unsupported};

/// What Linux tells of itself in `/proc`. Elsewhere, all of it is [`Unsupported`].
///
/// The files are kept open, and read again from their beginning: that is most of what makes reading
/// them quick. The unit of processor times is taken to be a hundredth of a second, which it is on all
/// machines that Rust's standard library knows.
#[derive(Debug)]
pub struct Proc {
    /// Why there is nothing to read, where there isn't.
    refused: Option<&'static str>,
    stat: Kept,
    meminfo: Kept,
    loadavg: Kept,
    diskstats: Kept,
    net_dev: Kept,
    own_stat: Kept,
    own_status: Kept,
    buffer: Vec<u8>,
}

/// A file that is kept open.
#[derive(Debug)]
struct Kept {
    path: PathBuf,
    file: Option<File>,
}

impl Proc {
    /// That of the machine.
    pub fn new() -> Self {
        let elsewhere = (!cfg!(target_os = "linux")).then_some("it is read from Linux's /proc");
        Self { refused: elsewhere, ..Self::at("/proc") }
    }

    /// One that is elsewhere: that of the host, in a container.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let kept = |path: &str| Kept { path: root.join(path), file: None };
        Self {
            refused: None,
            stat: kept("stat"),
            meminfo: kept("meminfo"),
            loadavg: kept("loadavg"),
            diskstats: kept("diskstats"),
            net_dev: kept("net/dev"),
            own_stat: kept("self/stat"),
            own_status: kept("self/status"),
            buffer: Vec::new(),
        }
    }
}

impl Default for Proc {
    fn default() -> Self {
        Self::new()
    }
}

impl SystemSource for Proc {
    fn read(&mut self) -> System {
        if let Some(why) = self.refused {
            return System::unsupported(why);
        }
        let buffer = &mut self.buffer;
        let status = self.own_status.parsed("process", buffer, parse::own_status);
        let busy = self.own_stat.parsed("process", buffer, parse::own_busy);
        System {
            cpu: self.stat.parsed("cpu", buffer, parse::cpu),
            memory: self.meminfo.parsed("memory", buffer, parse::memory),
            load: self.loadavg.parsed("load", buffer, parse::load),
            disk: self.diskstats.parsed("disk", buffer, parse::disk),
            network: self.net_dev.parsed("network", buffer, parse::network),
            process: status.and_then(|status| Ok(super::Process { busy: busy?, ..status })),
        }
    }
}

impl Kept {
    fn parsed<T>(
        &mut self,
        what: &'static str,
        buffer: &mut Vec<u8>,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Unsupported> {
        let refused = |why: &dyn std::fmt::Display| {
            Unsupported::new(what, format!("{}: {why}", self.path.display()))
        };
        let mut file = match self.file.take() {
            Some(file) => file,
            None => File::open(&self.path).map_err(|error| refused(&error))?,
        };
        buffer.clear();
        // A file that can't be read is not kept: it is opened again the next time.
        file.rewind().and_then(|()| file.read_to_end(buffer)).map_err(|error| refused(&error))?;
        let text = String::from_utf8_lossy(buffer);
        let parsed =
            parse(&text).ok_or_else(|| refused(&"it has not the form that Linux gives it"));
        self.file = Some(file);
        parsed
    }
}
