#![doc = include_str!("../README.md")]

mod access;
mod api;
mod clock;
mod config;
mod control;
mod controller;
mod discovery;
mod errors;
mod faults;
mod follow;
mod gateway;
mod history;
mod journal;
mod ledger;
mod object;
mod patch;
mod refusal;
mod resource;
mod samples;
mod select;
mod server;
mod shared;
mod simulator;
mod subresource;
mod validate;
mod world;

pub use crate::{
    access::Denial,
    config::KubeSimConfig,
    errors::KubeSimError,
    faults::{Fault, FaultKind},
    journal::SeenRequest,
    ledger::{Changes, ObjectRef, RemovedPod, Rollout, ScaleChange},
    simulator::KubeSim,
    world::Progress,
};
