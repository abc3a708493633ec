//! The program itself, as an operator and as Alertmanager meet it: a process with flags, variables, signals, logs and pages,
//! before a simulated API server.
//!
//! Every process gets an empty environment and a free loopback port. Nothing sleeps: a test waits for a log line, for what the
//! API server has seen, or asks again, all with a deadline.
#![allow(clippy::unwrap_used)]

mod auth;
mod crash;
mod garbage;
mod harness;
mod help;
mod http;
mod mistakes;
mod neighbours;
mod pages;
mod reload;
mod replay;
mod steps;
