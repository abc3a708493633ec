#![doc = include_str!("../README.md")]

mod action;
mod clock;
mod config;
mod control;
mod counters;
mod dimensions;
mod errors;
mod faults;
mod gateway;
mod identity;
mod kafka;
mod keys;
mod limits;
mod list;
mod meta;
mod metadata;
mod mix;
mod model;
mod pages;
mod params;
mod plain;
mod reply;
mod scenario;
mod server;
mod shape;
mod shared;
mod signature;
mod simulator;
mod sts;
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
