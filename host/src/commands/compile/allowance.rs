//! What compiling one component may use: by its size, since an honest one takes time in proportion to it,
//! and a hostile one is small.

use std::fmt;
use std::time::Duration;

/// Processor time of any component, and for each MiB of it.
const CPU_SECONDS: (u64, u64) = (20, 2);
/// Memory in MiB of any component, and for each MiB of it.
const MEMORY_MIB: (u64, u64) = (1024, 48);
/// How much longer than its processor time a compiler is waited for, on a machine that does other things.
const PATIENCE: u32 = 10;

/// Processor time and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    cpu_seconds: u64,
    memory_mib: u64,
}

impl Allowance {
    /// The allowance of a component of so many bytes.
    pub(super) fn for_component(bytes: usize) -> Self {
        let mebibytes = (bytes as u64).div_ceil(1 << 20);
        let of = |(any, each): (u64, u64)| any + each * mebibytes;
        Self { cpu_seconds: of(CPU_SECONDS), memory_mib: of(MEMORY_MIB) }
    }

    /// How long to wait before the compiler is ended from outside.
    pub(super) fn wall(self) -> Duration {
        Duration::from_secs(self.cpu_seconds) * PATIENCE
    }

    /// Why it was ended when its time was up. A clause.
    pub(super) fn too_long(self) -> String {
        format!("it takes more than {} s of processor time", self.cpu_seconds)
    }

    /// Why it was ended when it asked for more memory. A clause.
    pub(super) fn too_much(self) -> String {
        format!("it takes more than {} MiB of memory", self.memory_mib)
    }

    /// Binds this process to it.
    #[cfg(unix)]
    pub(super) fn limit_this_process(self) {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let set = |resource, soft: u64, hard: u64| {
            // Where a limit cannot be set, a lower one is in force already.
            let _ = setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) });
        };
        // The first of the two tells the parent why; the second cannot be caught.
        set(Resource::Cpu, self.cpu_seconds, self.cpu_seconds + 1);
        set(Resource::Data, self.memory_mib << 20, self.memory_mib << 20);
        set(Resource::Core, 0, 0);
    }

    #[cfg(not(unix))]
    pub(super) fn limit_this_process(self) {}
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s and {} MiB", self.cpu_seconds, self.memory_mib)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_component_may_take_more() {
        let shown = |bytes| Allowance::for_component(bytes).to_string();
        let came = [shown(0), shown(1), shown(1 << 20), shown((1 << 20) + 1), shown(64 << 20)];
        let expected =
            ["20 s and 1024 MiB", "22 s and 1072 MiB", "22 s and 1072 MiB", "24 s and 1120 MiB", "148 s and 4096 MiB"];
        assert_eq!(came, expected);
    }
}
