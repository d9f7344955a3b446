//! What a machine does: read from files, from a script, and shown as metrics.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use mtaio::RuntimeExt;
use mtaio::monitor::{
    Cpu, Io, Load, Memory, Monitor, Proc, Process, System, SystemSource, Unsupported,
};
use mtaio_sim::Sim;

const SECOND: Duration = Duration::from_secs(1);

/// A folder that looks like `/proc`, until it is dropped.
struct Fixture(PathBuf);

impl Fixture {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("mtaio-{name}-{}", std::process::id()));
        fs::create_dir_all(root.join("self")).unwrap();
        fs::create_dir_all(root.join("net")).unwrap();
        let fixture = Self(root);
        fixture.write(
            "stat",
            "cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 100 0 50 800 50 0 0 0 0 0\nintr 1\n",
        );
        fixture.write("meminfo", "MemTotal: 2048 kB\nMemAvailable: 1024 kB\n");
        fixture.write("loadavg", "0.50 0.25 0.10 2/99 1234\n");
        fixture.write("diskstats", "8 0 sda 1 0 10 0 1 0 20 0 0 0 0\n");
        fixture.write("net/dev", "Inter-|\n face |\n eth0: 5 0 0 0 0 0 0 0 7 0 0 0 0 0 0 0\n");
        fixture.write("self/stat", "1 (x) S 0 0 0 0 0 0 0 0 0 0 30 12 0 0 20 0 4 0 0\n");
        fixture.write("self/status", "Name: x\nVmRSS:  64 kB\nThreads: 4\n");
        fixture
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join(file), text).unwrap();
    }

    fn proc(&self) -> Proc {
        Proc::at(&self.0)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn missing(system: &System) -> Vec<&'static str> {
    system.missing().map(Unsupported::what).collect()
}

#[test]
fn files_are_read_again_each_time() {
    let fixture = Fixture::new("again");
    let mut proc = fixture.proc();
    let system = proc.read();
    assert_eq!(missing(&system), [""; 0]);
    let cpu = Cpu { busy: SECOND * 3 / 2, idle: SECOND * 17 / 2, cores: 1 };
    assert_eq!(system.cpu, Ok(cpu));
    assert_eq!(system.memory.as_ref().map(|memory| memory.available), Ok(1_024 << 10));
    assert_eq!(system.load, Ok(Load { one: 0.5, five: 0.25, fifteen: 0.1, threads: 99 }));
    assert_eq!(system.disk, Ok(Io { read: 5_120, written: 10_240 }));
    assert_eq!(system.network, Ok(Io { read: 5, written: 7 }));
    let process = Process { busy: SECOND * 42 / 100, resident: 64 << 10, threads: 4 };
    assert_eq!(system.process, Ok(process));

    // Shorter than before: nothing of that is left.
    fixture.write("loadavg", "7 6 5 1/9 1\n");
    assert_eq!(proc.read().load, Ok(Load { one: 7.0, five: 6.0, fifteen: 5.0, threads: 9 }));
}

#[test]
fn what_can_not_be_read_is_missing_and_nothing_else_is() {
    let fixture = Fixture::new("missing");
    let mut proc = fixture.proc();
    fs::remove_file(fixture.0.join("diskstats")).unwrap();
    fixture.write("meminfo", "MemTotal: lots\n");
    fixture.write("self/status", "Threads: 4\n");
    let system = proc.read();
    assert_eq!(missing(&system), ["memory", "disk", "process"]);
    let told = system.memory.unwrap_err();
    assert_eq!(told.what(), "memory");
    assert!(told.why().ends_with("meminfo: it has not the form that Linux gives it"), "{told}");
    assert!(system.disk.unwrap_err().why().contains("diskstats: "));
    // It is looked for again.
    fixture.write("diskstats", "");
    assert_eq!(proc.read().disk, Ok(Io::default()));
}

#[test]
#[cfg(target_os = "linux")]
fn linux_tells_of_itself() {
    let mut proc = Proc::new();
    let system = proc.read();
    let memory = system.memory.expect("every Linux has memory");
    assert!(memory.total > 0 && memory.available <= memory.total);
    let process = system.process.expect("we run");
    assert!(process.threads > 0 && process.resident > 0);
    let cpu = system.cpu.expect("every Linux has processors");
    assert!(cpu.cores > 0 && cpu.busy > Duration::ZERO);
    assert!(system.load.expect("every Linux has a load").threads > 0);
    let later = proc.read().cpu.expect("it is there still");
    assert!(later.busy >= cpu.busy);
}

#[test]
#[cfg(not(target_os = "linux"))]
fn elsewhere_all_of_it_is_missing() {
    let system = Proc::new().read();
    assert_eq!(missing(&system), ["cpu", "memory", "load", "disk", "network", "process"]);
    assert!(system.load.unwrap_err().to_string().contains("Linux"));
}

/// A machine that works harder each time it is asked.
fn script() -> impl SystemSource {
    let mut asked = 0_u32;
    move || {
        asked += 1;
        let mut system = System::default();
        let cpu = Cpu { busy: SECOND * asked * asked, idle: SECOND * 10 * asked, cores: 2 };
        system.cpu = Ok(cpu);
        system.load = Ok(Load { one: f64::from(asked), threads: 3, ..Load::default() });
        system.memory =
            Ok(Memory { total: 100, available: 100 - u64::from(asked), ..Memory::default() });
        system.disk = Ok(Io { read: 10, written: 20 });
        system
    }
}

#[test]
fn a_script_is_a_machine_and_a_machine_is_metrics() {
    Sim::run(0, |rt| async move {
        let monitor = Monitor::new(&rt).interval(SECOND).system(script()).build().unwrap();
        monitor.start();
        rt.sleep(SECOND * 5 / 2).await;
        monitor.stop().await;
        let values = |name: &str| -> Vec<(String, Vec<f64>)> {
            let series = monitor.history(name, ..);
            let values = series.into_iter().map(|series| {
                let values = series.points.iter().map(|point| point.value).collect();
                (series.labels.to_string(), values)
            });
            values.collect()
        };
        let one = |values: [f64; 3]| vec![(String::new(), values.to_vec())];
        assert_eq!(values("system_load1"), one([1.0, 2.0, 3.0]));
        assert_eq!(values("system_memory_available_bytes"), one([99.0, 98.0, 97.0]));
        assert_eq!(values("system_disk_written_bytes_total"), one([20.0, 20.0, 20.0]));
        assert_eq!(
            values("system_cpu_seconds_total"),
            [
                (r#"{mode="busy"}"#.into(), vec![1.0, 4.0, 9.0]),
                (r#"{mode="idle"}"#.into(), vec![10.0, 20.0, 30.0]),
            ]
        );
        // 3 of 13 seconds, then 5 of 15.
        assert_eq!(
            values("system_cpu_usage_ratio"),
            [(String::new(), vec![3.0 / 13.0, 5.0 / 15.0])]
        );
        assert_eq!(values("system_network_sent_bytes_total"), [], "the script does not tell it");
        let reading = monitor.current().unwrap();
        assert_eq!(reading.cpu_usage, Some(5.0 / 15.0));
        assert_eq!(missing(&reading.system), ["network", "process"]);
        assert!(reading.metrics.get("system_load1", &[]).is_some());
    });
}

#[test]
fn a_clock_of_processors_that_goes_back_is_no_usage() {
    Sim::run(0, |rt| async move {
        let mut busy = [10, 5, 5].into_iter();
        let source = move || {
            let mut system = System::default();
            let busy = SECOND * busy.next().unwrap_or(0);
            system.cpu = Ok(Cpu { busy, idle: SECOND, cores: 1 });
            system
        };
        let monitor = Monitor::new(&rt).interval(SECOND).system(source).build().unwrap();
        monitor.start();
        for _ in 0..3 {
            rt.sleep(SECOND).await;
            assert_eq!(monitor.current().unwrap().cpu_usage, None);
        }
        monitor.stop().await;
    });
}
