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
mod group;
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
mod progress;
mod publication;
mod reply;
mod robots;
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
    progress::Progress,
    robots::{ReceivedMessage, Robot, RobotFault, RobotKind, WrongRobot},
    scenario::{MAX_LAG, Scenario},
    simulator::Simulator,
};
