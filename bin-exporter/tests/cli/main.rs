//! The program itself, as an operator meets it: a process with flags, variables, signals, logs and pages.
//!
//! Every process gets an empty environment and a free loopback port. Nothing sleeps: a test waits for a log line or asks
//! a page again, both with a deadline.
#![allow(clippy::unwrap_used)]

mod accounts;
#[cfg(feature = "demo")]
mod demo;
mod dropin;
#[cfg(feature = "external-metrics")]
mod external;
mod ha;
mod harness;
mod help;
mod http;
mod logs;
mod mistakes;
mod outage;
mod pages;
#[cfg(feature = "cluster")]
mod recommend;
mod reload;
mod secrets;
mod signals;
mod web_file;
