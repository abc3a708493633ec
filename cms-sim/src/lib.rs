#![doc = include_str!("../README.md")]

mod clock;
mod config;
mod control;
mod counters;
mod dimensions;
mod errors;
mod faults;
mod gateway;
mod limits;
mod list;
mod meta;
mod mix;
mod model;
mod pages;
mod params;
mod reply;
mod scenario;
mod server;
mod shared;
mod signature;
mod simulator;
mod token;
mod window;

pub use crate::{
    config::SimConfig,
    counters::Counters,
    errors::SimError,
    faults::{Fault, FaultKind, UnknownFault},
    pages::PointOrder,
    scenario::{MAX_LAG, Scenario},
    simulator::Simulator,
};
