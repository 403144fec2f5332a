//! CPU time and peak memory as the kernel counts them, and sides that are measured in turns.

use std::time::{Duration, Instant};

/// Whose use is asked for.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    /// This process, all threads.
    Own,
    /// Processes that this one has started and waited for.
    Children,
}

/// What was used so far.
pub(crate) struct Used {
    pub(crate) cpu: Duration,
    pub(crate) peak_bytes: u64,
}

/// Asks the kernel.
#[expect(unsafe_code, reason = "`getrusage` has no safe form in what this workspace depends on")]
pub(crate) fn used(whose: Whose) -> Used {
    let who = match whose {
        Whose::Own => libc::RUSAGE_SELF,
        Whose::Children => libc::RUSAGE_CHILDREN,
    };
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to a whole `rusage`, for which all zeroes is a value.
    let usage = unsafe {
        assert_eq!(libc::getrusage(who, usage.as_mut_ptr()), 0, "the kernel says what was used");
        usage.assume_init()
    };
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_micros(time.tv_usec.unsigned_abs())
    };
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Used { cpu: time(usage.ru_utime) + time(usage.ru_stime), peak_bytes: usage.ru_maxrss.unsigned_abs() * unit }
}

/// Keeps this process and its threads on one CPU, where the system can. Handing a call from one thread to
/// another then costs the same every time; across two CPUs it costs what the scheduler and the machine below
/// make of waking a sleeping one, which differs tenfold.
#[cfg_attr(target_os = "linux", expect(unsafe_code, reason = "as above"))]
pub(crate) fn stay_on_one_cpu() {
    #[cfg(target_os = "linux")]
    // SAFETY: the set is a whole `cpu_set_t`, for which all zeroes is a value; a number of a CPU that this
    // thread runs on lies within it.
    unsafe {
        let mut set = std::mem::MaybeUninit::<libc::cpu_set_t>::zeroed().assume_init();
        libc::CPU_SET(usize::try_from(libc::sched_getcpu()).unwrap_or_default(), &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
    }
}

/// CPU time of this process for some work.
pub(crate) fn cpu(work: impl FnOnce()) -> Duration {
    let before = used(Whose::Own).cpu;
    work();
    used(Whose::Own).cpu.saturating_sub(before)
}

/// CPU time of the children for some work.
pub(crate) fn cpu_of_children(work: impl FnOnce()) -> Duration {
    let before = used(Whose::Children).cpu;
    work();
    used(Whose::Children).cpu.saturating_sub(before)
}

/// Time on the wall for some work.
pub(crate) fn wall(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// Two sides, measured in turns.
pub(crate) struct Pair {
    /// Medians of either side.
    pub(crate) measured: Duration,
    pub(crate) compared: Duration,
    /// Median of the ratios of the rounds.
    pub(crate) ratio: f64,
}

impl Pair {
    /// Measures both sides in each of `rounds`, after one that does not count.
    pub(crate) fn of(
        rounds: usize,
        mut measured: impl FnMut() -> Duration,
        mut compared: impl FnMut() -> Duration,
    ) -> Self {
        measured();
        compared();
        let taken: Vec<_> = (0..rounds).map(|_| (measured(), compared())).collect();
        Self {
            measured: median(taken.iter().map(|(measured, _)| *measured)),
            compared: median(taken.iter().map(|(_, compared)| *compared)),
            ratio: median(taken.iter().map(|(measured, compared)| measured.as_secs_f64() / compared.as_secs_f64())),
        }
    }

    /// The same for one of `count` pieces of work.
    pub(crate) fn per(self, count: u32) -> Self {
        Self { measured: self.measured / count, compared: self.compared / count, ..self }
    }
}

/// The middle one.
pub(crate) fn median<T: PartialOrd + Copy>(values: impl IntoIterator<Item = T>) -> T {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_by(|a, b| a.partial_cmp(b).expect("is comparable"));
    values[values.len() / 2]
}
