//! How much memory the server may use for what it could read again.

use std::fs::read_to_string;
use std::path::Path;

const MIB: u64 = 1024 * 1024;
/// Enough for 100,000 users.
const LEAST: u64 = 60 * MIB;
/// Of the memory that there is, where nothing was set: a million users in 24 GiB.
const PART: u64 = 32;

/// Bytes for the cache of resources. `mib` of 0: a part of what the machine has, or of what this process may have.
pub(crate) fn cache_bytes(mib: u32) -> u64 {
    bytes(mib, there_is())
}

fn bytes(mib: u32, there_is: Option<u64>) -> u64 {
    match mib {
        0 => (there_is.unwrap_or(0) / PART).max(LEAST),
        mib => u64::from(mib) * MIB,
    }
}

/// The least of the machine's memory and the limits of the control groups, as Linux tells them; `None` elsewhere.
fn there_is() -> Option<u64> {
    let machine = of_machine(&read_to_string("/proc/meminfo").unwrap_or_default());
    let groups = read_to_string("/proc/self/cgroup").unwrap_or_default();
    // A group without a limit says `max`.
    let limit = |file: &String| read_to_string(Path::new(file)).ok()?.trim().parse().ok();
    machine.into_iter().chain(limits(&groups).iter().filter_map(limit)).min()
}

/// `MemTotal` of `/proc/meminfo`.
fn of_machine(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// The files with the limits of the groups that `/proc/self/cgroup` names (cgroups(7)), and of those that these are in:
/// a service of systemd has a limit of its own, a container that of its root.
fn limits(groups: &str) -> Vec<String> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (root, file) = match parts.next() {
            Some("") => ("/sys/fs/cgroup", "memory.max"),
            Some(names) if names.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let mut group = parts.next().unwrap_or_default().trim_end_matches('/');
        loop {
            files.push(format!("{root}{group}/{file}"));
            let Some((above, _)) = group.rsplit_once('/') else { break };
            group = above;
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_what_was_set_or_a_part_of_what_there_is() {
        for (mib, there_is, expected) in [
            (7, Some(1 << 40), 7),
            (0, None, 60),
            (0, Some(512 * MIB), 60),
            (0, Some(2048 * MIB), 64),
            (0, Some(24 * 1024 * MIB), 768),
        ] {
            assert_eq!(bytes(mib, there_is), expected * MIB, "{mib} of {there_is:?}");
        }
    }

    #[test]
    fn the_memory_of_a_machine_is_read() {
        let meminfo = "MemTotal:       16384000 kB\nMemFree:          123 kB\n";
        assert_eq!(of_machine(meminfo), Some(16_384_000 * 1024));
        assert_eq!(of_machine("MemFree: 123 kB\n"), None);
        #[cfg(target_os = "linux")]
        assert!(there_is().is_some_and(|bytes| bytes > 0));
    }

    #[test]
    fn limits_are_those_of_the_groups_and_of_what_they_are_in() {
        for (groups, expected) in [
            ("", &[][..]),
            ("0::/\n", &["/sys/fs/cgroup/memory.max"]),
            (
                "0::/system.slice/rollcall.service\n",
                &[
                    "/sys/fs/cgroup/system.slice/rollcall.service/memory.max",
                    "/sys/fs/cgroup/system.slice/memory.max",
                    "/sys/fs/cgroup/memory.max",
                ],
            ),
            (
                "5:cpu,cpuacct:/a\n4:memory:/a\n",
                &[
                    "/sys/fs/cgroup/memory/a/memory.limit_in_bytes",
                    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                ],
            ),
        ] {
            assert_eq!(limits(groups), expected, "{groups:?}");
        }
    }
}
