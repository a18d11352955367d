//! How much memory the server may use for what it could read again.

const MIB: u64 = 1024 * 1024;
/// Enough for 100,000 users.
const LEAST: u64 = 60 * MIB;
/// Of the memory that there is, where nothing was set: a million users in 16 GiB.
const PART: u64 = 32;

/// Bytes for the cache of resources. `mib` of 0: a part of what the machine has, or of what this process may have.
pub(crate) fn cache_bytes(mib: u32) -> u64 {
    match mib {
        0 => (there_is() / PART).max(LEAST),
        mib => u64::from(mib) * MIB,
    }
}

/// The least of the machine's memory and the limits of the control group, as Linux tells them; 0 elsewhere.
fn there_is() -> u64 {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let machine = of_machine(&read("/proc/meminfo"));
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits = limits.into_iter().filter_map(|path| read(path).trim().parse().ok());
    machine.into_iter().chain(limits).min().unwrap_or(0)
}

/// `MemTotal` of `/proc/meminfo`.
fn of_machine(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_what_was_set_or_a_part_of_what_there_is() {
        assert_eq!(cache_bytes(7), 7 * MIB);
        assert_eq!(cache_bytes(0), (there_is() / PART).max(LEAST));
    }

    #[test]
    fn the_memory_of_a_machine_is_read() {
        let meminfo = "MemTotal:       16384000 kB\nMemFree:          123 kB\n";
        assert_eq!(of_machine(meminfo), Some(16_384_000 * 1024));
        assert_eq!(of_machine("MemFree: 123 kB\n"), None);
        #[cfg(target_os = "linux")]
        assert!(there_is() > 0);
    }
}
