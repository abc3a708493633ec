//! Listening: addresses as Prometheus programs take them, and an HTTP/1 server that ends gracefully.

mod listen;
mod serve;
mod stall;

pub use listen::{BindError, InvalidListenAddress, ListenAddress, bind};
pub use serve::serve;
