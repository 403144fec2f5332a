//! The program as people use it: whole standard output, whole standard error, exit code.

mod ask;
mod call;
mod check;
mod crash;
mod done;
mod egress;
mod http;
mod json;
mod lock;
mod lock_fetch;
mod look;
mod model;
mod money;
mod new;
mod park;
mod redact;
mod replay;
mod replay_alike;
mod research;
mod resume;
mod run;
mod runs;
mod secret_faults;
mod secret_origins;
mod secrets;
mod trust;
