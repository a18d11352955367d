//! How much memory a process holds, as Linux tells it.

use serde::Serialize;

/// Resident memory of one process, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// Now (`VmRSS`).
    pub resident_bytes: u64,
    /// At its highest since the process started (`VmHWM`).
    pub peak_bytes: u64,
}

impl Memory {
    /// Of several processes together; `None` when one cannot be read, or there is none.
    pub(crate) fn of_all(pids: &[u32]) -> Option<Self> {
        let each: Option<Vec<Self>> = pids.iter().map(|pid| Self::of(*pid)).collect();
        each?.into_iter().reduce(|sum, other| Self {
            resident_bytes: sum.resident_bytes + other.resident_bytes,
            peak_bytes: sum.peak_bytes + other.peak_bytes,
        })
    }

    /// Reads `/proc/PID/status`; `None` when there is no such process or no `/proc`.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        parse(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
    }
}

fn parse(status: &str) -> Option<Memory> {
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    };
    Some(Memory { resident_bytes: bytes("VmRSS")?, peak_bytes: bytes("VmHWM")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_become_bytes() {
        let status = "Name:\trollcall\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n";
        assert_eq!(parse(status), Some(Memory { resident_bytes: 10 << 20, peak_bytes: 20 << 20 }));
        assert_eq!(parse("Name:\tkthreadd\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_holds_memory() {
        let memory = Memory::of(std::process::id()).unwrap();
        assert!(memory.peak_bytes >= memory.resident_bytes && memory.resident_bytes > 0);
    }
}
