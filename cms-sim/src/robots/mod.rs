//! Stand-ins for group robots: DingTalk, Feishu/Lark, WeCom, and a plain webhook. What they accept is kept for tests to read.
//!
//! A group robot is a URL that takes JSON. The vendors' limits, refusals and signatures are here by their documentation;
//! in which order several mistakes are found is not documented.

mod answer;
mod book;
mod dingtalk;
mod fault;
mod feishu;
mod pace;
mod robot;
mod sign;
mod wecom;

pub(crate) use self::{
    answer::{answer, at},
    book::Robots,
    fault::RobotFaultSpec,
    robot::RobotSpec,
};
pub use self::{
    book::ReceivedMessage,
    fault::RobotFault,
    robot::{Robot, RobotKind, WrongRobot},
};
