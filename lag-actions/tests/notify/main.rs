//! Robots and webhooks against servers that answer what the services answer.
#![allow(clippy::unwrap_used, missing_docs)]

mod addresses;
mod common;
mod dingtalk;
mod environment;
mod feishu;
mod limits;
mod secrets;
mod signature;
mod tls;
mod transport;
mod webhook;
mod wecom;
