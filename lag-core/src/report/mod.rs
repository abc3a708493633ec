//! What happened, as data and in words: outcomes, notes to people, and the digest that is sent.

mod chinese;
mod compose;
pub mod digits;
mod english;
mod markup;
mod message;
mod note;
mod outcome;
mod steps;
mod title;
mod writer;

pub use compose::compose;
pub use message::{Language, Markup, Message};
pub use note::{Event, News, Note};
pub use outcome::{Effect, Outcome, Refusal};
