//! What the operating system lets a worker have.

use std::time::Duration;

/// Seconds of processor time after which a worker is stopped, counted from the last request: for one whose
/// parent is gone and cannot stop it.
#[cfg(unix)]
const CPU_SECONDS: u64 = 2;

/// Limits this process to so many bytes of address space, no files, no core dump.
///
/// # Errors
///
/// The operating system's.
#[cfg(unix)]
pub(crate) fn apply(address_space: u64) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let fixed = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
    setrlimit(Resource::Core, fixed(0))?;
    setrlimit(Resource::Fsize, fixed(0))?;
    setrlimit(Resource::Nofile, fixed(3))?;
    // macOS takes no limit of address space; there the deadline alone holds.
    if cfg!(target_os = "linux") {
        setrlimit(Resource::As, fixed(address_space))?;
    }
    Ok(())
}

/// Moves the limit of processor time ahead of what was used so far.
#[cfg(unix)]
pub(crate) fn renew_cpu() {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let current = Some(cpu_time().as_secs() + CPU_SECONDS);
    // Without it the parent's deadline is what holds.
    let _ = setrlimit(Resource::Cpu, Rlimit { current, maximum: None });
}

/// Processor time that this process has used.
#[cfg(unix)]
pub(crate) fn cpu_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// There are no such limits here: the parent's deadline is what holds.
#[cfg(not(unix))]
pub(crate) fn apply(_: u64) -> std::io::Result<()> {
    Ok(())
}

/// There is no such limit here.
#[cfg(not(unix))]
pub(crate) fn renew_cpu() {}

/// Time since the first call.
#[cfg(not(unix))]
pub(crate) fn cpu_time() -> Duration {
    static BEGUN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    BEGUN.elapsed()
}
