//! Messages to people: DingTalk, Feishu/Lark and WeCom robots, and a generic JSON webhook.
//!
//! [`notifier`] checks settings and makes a [`Notifier`](lag_core::port::Notifier) of them; nothing is sent for that,
//! and a robot's address of another vendor is refused here. One digest is one message. A robot takes 20 messages a
//! minute and is blocked for minutes by more, so the 21st is refused here with
//! [`RateLimited`](lag_core::port::PortErrorKind::RateLimited) and not sent.
//!
//! Delivery: a message is sent again, at most twice, only when nobody can have read it (no connection) or the service
//! says that it has failed itself (5xx, "system busy"). A time-out after sending is final: none of these services knows
//! a key by which it would recognise a repeat.
//!
//! Addresses, secrets and headers are secrets: no error, log or `Debug` output holds them.

mod address;
mod channel;
mod dingtalk;
mod feishu;
mod fit;
mod guard;
mod http;
pub mod payload;
mod redact;
mod reply;
mod settings;
mod sign;
mod webhook;
mod wecom;

pub use channel::notifier;
pub use http::{Http, HttpOptions, InvalidHttp};
pub use settings::{DingTalk, Feishu, InvalidNotifier, NotifierSettings, Service, WeCom, Webhook};
