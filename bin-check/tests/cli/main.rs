//! The program itself, as an operator meets it: a process with flags, variables, a pipe and an exit code.
//!
//! Every process gets an empty environment and asks a simulated cloud on a free loopback port. Nothing sleeps.
#![allow(clippy::unwrap_used)]

mod check_config;
mod doctor;
mod generate;
mod harness;
mod help;
mod inspect;
mod lint;
mod lists;
mod mistakes;
mod secrets;
mod servers;
mod show;
mod simulate;
mod watch;
