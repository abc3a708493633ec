//! Requests over real sockets, as a client sends them.
#![allow(clippy::unwrap_used)]

mod access;
mod client;
mod control;
mod faults;
mod kube;
mod lists;
mod objects;
mod pods;
mod restart;
mod reviews;
mod scale;
mod validation;
mod watches;
