//! The robots that exist, what they took, and what is to go wrong with them.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Robot, RobotFault, RobotKind, pace::Pace};

/// A message that a robot took. Refused ones are counted by their code, but not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReceivedMessage {
    /// When it came, by the simulator's clock.
    pub at: Timestamp,
    /// Its title; empty when this kind of message has none.
    pub title: String,
    /// Its text, of a card every text in it.
    pub text: String,
    /// The phone numbers it names beside its text. Feishu has none.
    pub at_mobiles: Vec<String>,
    /// The body as it came.
    pub raw: String,
}

/// What a robot's group gets to see of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) at_mobiles: Vec<String>,
}

/// A robot and its past.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) robot: Robot,
    pub(super) pace: Pace,
    faults: VecDeque<(RobotFault, u32)>,
    messages: Vec<ReceivedMessage>,
}

impl Entry {
    /// The fault that strikes now; it is used up by that.
    pub(super) fn strike(&mut self) -> Option<RobotFault> {
        let (fault, times) = self.faults.front_mut()?;
        let struck = *fault;
        *times = times.saturating_sub(1);
        if *times == 0 {
            self.faults.pop_front();
        }
        Some(struck)
    }

    pub(super) fn keep(&mut self, content: Content, raw: &[u8], at: Timestamp) {
        self.messages.push(ReceivedMessage {
            at,
            title: content.title,
            text: content.text,
            at_mobiles: content.at_mobiles,
            raw: String::from_utf8_lossy(raw).into_owned(),
        });
    }
}

/// All robots by their token.
#[derive(Debug, Default)]
pub(crate) struct Robots {
    by_token: BTreeMap<String, Entry>,
}

impl Robots {
    pub(crate) fn new(robots: Vec<Robot>) -> Self {
        let mut known = Self::default();
        robots.into_iter().for_each(|robot| known.add(robot));
        known
    }

    /// Adds a robot, or replaces the one of this token together with its past.
    pub(crate) fn add(&mut self, robot: Robot) {
        let entry = Entry {
            pace: Pace::default(),
            faults: VecDeque::new(),
            messages: Vec::new(),
            robot,
        };
        self.by_token.insert(entry.robot.token.clone(), entry);
    }

    /// Forgets a robot; `false` when there was none.
    pub(crate) fn remove(&mut self, token: &str) -> bool {
        self.by_token.remove(token).is_some()
    }

    pub(super) fn find(&mut self, kind: RobotKind, token: &str) -> Option<&mut Entry> {
        let entry = self.by_token.get_mut(token);
        entry.filter(|entry| entry.robot.kind == kind)
    }

    /// Appends a fault for so many messages; `false` when there is no such robot.
    pub(crate) fn inject(&mut self, token: &str, fault: RobotFault, times: u32) -> bool {
        let Some(entry) = self.by_token.get_mut(token) else {
            return false;
        };
        if times > 0 {
            entry.faults.push_back((fault, times));
        }
        true
    }

    /// Ends the faults of a robot.
    pub(crate) fn clear_faults(&mut self, token: &str) -> bool {
        let entry = self.by_token.get_mut(token);
        entry.map(|entry| entry.faults.clear()).is_some()
    }

    pub(crate) fn messages(&self, token: &str) -> Option<&[ReceivedMessage]> {
        Some(&self.by_token.get(token)?.messages)
    }

    /// Forgets the messages of a robot, not how fast they came; returns how many there were.
    pub(crate) fn clear_messages(&mut self, token: &str) -> Option<usize> {
        let messages = &mut self.by_token.get_mut(token)?.messages;
        Some(std::mem::take(messages).len())
    }

    pub(crate) fn target(&self, token: &str) -> Option<String> {
        Some(self.by_token.get(token)?.robot.target())
    }

    /// For the control API: no secrets.
    pub(crate) fn list(&self) -> Vec<Value> {
        let entries = self.by_token.values();
        entries
            .map(|entry| {
                let faults: Vec<Value> = entry
                    .faults
                    .iter()
                    .map(|(fault, times)| {
                        let mut shown = json!(fault);
                        shown["times"] = json!(times);
                        shown
                    })
                    .collect();
                json!({
                    "token": entry.robot.token,
                    "kind": entry.robot.kind,
                    "signed": entry.robot.secret.is_some(),
                    "keywords": entry.robot.keywords,
                    "messages": entry.messages.len(),
                    "faults": faults,
                })
            })
            .collect()
    }
}
