//! Every limit of a call, in one table, with the reason for each and what a guest meets at it.
//!
//! All are on by default. A plugin's wish is honoured up to [`Limits::WISH_MEMORY_BYTES`] and
//! [`Limits::WISH_WALL`]; beyond that the operator has to say so.
//!
//! | limit | shipped | per | at the limit the guest | because |
//! | --- | --- | --- | --- | --- |
//! | wall time | 10 s | call | is stopped: failure `timeout` | a loop must not hold the run |
//! | grace after it | 500 ms | call | is abandoned on its thread | the kernel may hold a call that the engine cannot stop |
//! | calls at once | 8 | host | waits | each has a thread and memory |
//! | memory | 64 MiB | call | is told that growing failed | the sum of all calls must fit the machine |
//! | table elements | 20,000 | table | is told that growing failed | a table costs host memory |
//! | core instances, memories, tables | 32, 16, 32 | component | does not load | each costs a slot of the pool |
//! | stack | 512 KiB | call | traps | deep recursion |
//! | data handed to the host | 8 MiB | host call | traps | the host allocates it |
//! | handles | 1,024 | call | traps | the host keeps each |
//! | size of a component | 64 MiB | component | does not load | it is read and compiled whole |
//! | tools | 256 | component | does not load | each is shown to a model |
//! | text about a tool | 8 KiB | tool | does not load | each is shown to a model |
//! | schema | 64 KiB | schema | does not load | it is compiled, and checked for each call |
//! | arguments | 1 MiB | call | is not called | they are copied, checked and recorded |
//! | result | 256 KiB | call | text is cut and says so; data is refused | a model has to read it |
//! | attachments | 256 | call | is refused its result | each is a file of the journal |
//! | warnings | 32 of 1 KiB | call | the rest is dropped | a model has to read them |
//! | failure, hint | 8 KiB, 2 KiB | call | text is cut | a model has to read it |
//! | standard output, error | 64 KiB each | call | goes on unheard, counted | people have to read it |
//! | log lines | 1,000 of 4 KiB | call | goes on unheard, counted | people have to read it |
//! | progress | 1,000 | call | goes on unheard | each is an event of the run |
//! | questions to the person | 3 | call | gets `false` | a person's attention |
//! | kept state | 1 MiB | tool and run | gets a failure | it is written to the journal |
//! | random bytes | 64 KiB | host call | traps | the host makes them |
//! | file bytes written | 32 MiB | call | gets `no space` | a full disk |
//! | quota | as written | mount and run | gets `no space` | a full disk, filled by many calls |
//! | files made | 1,000 | call | gets `no space` | inodes |
//! | entries listed | 100,000 | call | gets an error | the host reads them first |
//! | files open | 64 | call | gets an error | descriptors of the process |
//! | length of a path | 4 KiB | path | gets an error | each name costs the host a call |
//! | depth of a place | 256 | place | gets an error | a deeper tree could not be walked |
//! | links on the way | 40 | path | gets an error | a loop of links |
//! | egress | as written | run | gets an error, the run stops | whatever is sent can carry data out |
//! | requests | 8 | call | gets an error | each costs another machine too |
//! | bodies, decoded | 4 MiB each way | call | gets an error | they are paid for, and read by a model |
//! | URL | 8 KiB | request | gets an error | a long one can carry data out |
//! | headers | 32 KiB | request, answer | gets an error | the host keeps them |
//! | entries in a directory that is renamed | 10,000 | rename | gets an error | the host looks at each first |

use std::time::Duration;

use crate::capability::fs::FsLimits;
use crate::capability::http::HttpLimits;
use crate::need::WishedLimits;

/// The limits of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall time, waits for a person not counted.
    pub wall: Duration,
    /// Linear memory, all memories of the call together.
    pub memory_bytes: usize,
    /// Content and attachments of the result together.
    pub output_bytes: usize,
    /// Files.
    pub fs: FsLimits,
    /// Requests.
    pub http: HttpLimits,
}

impl Limits {
    /// The limits of a call that nobody said anything about.
    pub const SHIPPED: Self = Self {
        wall: Duration::from_secs(10),
        memory_bytes: 64 << 20,
        output_bytes: 256 << 10,
        fs: FsLimits::SHIPPED,
        http: HttpLimits::SHIPPED,
    };

    /// The limits of one point of a hook.
    pub const HOOK: Self = Self { wall: Duration::from_millis(50), memory_bytes: 16 << 20, ..Self::SHIPPED };

    /// How far a plugin's own wish is honoured: wall time.
    pub const WISH_WALL: Duration = Duration::from_mins(1);
    /// How far a plugin's own wish is honoured: memory.
    pub const WISH_MEMORY_BYTES: usize = 256 << 20;
    /// How far a plugin's own wish is honoured: size of the result.
    pub const WISH_OUTPUT_BYTES: usize = 1 << 20;

    /// Memory of all calls together; beyond it calls wait.
    pub const MEMORY_SUM_BYTES: usize = 1 << 30;
    /// Memory that no grant can go beyond.
    pub const MEMORY_MAX_BYTES: usize = 1 << 30;
    /// Calls inside guests at once.
    pub const CONCURRENT_CALLS: usize = 8;

    /// How long after the wall time the caller waits for the kernel to let the call go.
    pub const GRACE: Duration = Duration::from_millis(500);
    /// Between two looks at the clock while a guest computes.
    pub const TICK: Duration = Duration::from_millis(5);

    /// Stack of a guest.
    pub const STACK_BYTES: usize = 512 << 10;
    /// Elements of one table.
    pub const TABLE_ELEMENTS: usize = 20_000;
    /// Core instances of one component.
    pub const CORE_INSTANCES: u32 = 32;
    /// Memories of one component.
    pub const MEMORIES: u32 = 16;
    /// Tables of one component.
    pub const TABLES: u32 = 32;
    /// Bytes that one host call can make the host allocate.
    pub const HOST_CALL_BYTES: usize = 8 << 20;
    /// Live handles of one call.
    pub const HANDLES: usize = 1_024;
    /// Random bytes of one host call.
    pub const RANDOM_BYTES: u64 = 64 << 10;

    /// Size of a component.
    pub const COMPONENT_BYTES: u64 = 64 << 20;
    /// Arguments of a call.
    pub const ARGUMENT_BYTES: usize = 1 << 20;
    /// Text of a failure for the model.
    pub const FAILURE_BYTES: usize = 8 << 10;
    /// Hint of a failure for the model.
    pub const HINT_BYTES: usize = 2 << 10;
    /// Captured from standard output and error, each.
    pub const PRINTED_BYTES: usize = 64 << 10;
    /// Lines of standard error that the record of a trap keeps.
    pub const STDERR_LINES: usize = 20;
    /// Log lines of a call.
    pub const LOG_LINES: usize = 1_000;
    /// Bytes of a log line.
    pub const LOG_LINE_BYTES: usize = 4 << 10;
    /// Progress reports of a call.
    pub const PROGRESS: u32 = 1_000;
    /// Questions to the person in a call.
    pub const QUESTIONS: u32 = 3;

    /// These limits, with a plugin's wish honoured as far as it goes without the operator's word.
    pub fn with_wish(mut self, wish: Option<WishedLimits>) -> Self {
        let Some(wish) = wish else { return self };
        if let Some(wall_ms) = wish.wall_ms {
            self.wall = Duration::from_millis(wall_ms.into()).min(Self::WISH_WALL);
        }
        if let Some(bytes) = wish.memory_bytes {
            self.memory_bytes = (bytes as usize).min(Self::WISH_MEMORY_BYTES);
        }
        if let Some(bytes) = wish.output_bytes {
            self.output_bytes = (bytes as usize).min(Self::WISH_OUTPUT_BYTES);
        }
        self
    }
}
