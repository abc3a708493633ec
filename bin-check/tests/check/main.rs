//! `kafka-lag check` as a whole: the real program against a simulated cloud, cluster and robot, with real signals.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod cluster_state;
mod crash;
mod dry_run;
mod outputs;
mod second_opinion;
mod story;
mod together;
mod world;
