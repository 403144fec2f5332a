//! The program as people use it: whole standard output, whole standard error, exit code.

mod ask;
mod call;
mod json;
mod look;
mod model;
mod new;
mod run;
mod trust;
