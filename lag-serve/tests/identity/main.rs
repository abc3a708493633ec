//! Who may read, over real TLS on loopback, with certificates made here.
#![allow(clippy::unwrap_used)]

mod certificates;
mod client;
mod delegated;
mod floods;
mod mtls;
mod rotation;
mod server;
mod web_file;
mod wires;
