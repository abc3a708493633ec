//! Time, nonces and jitter: everything a client takes from outside, in one trait.

use std::{fmt, sync::Arc};

use jiff::Timestamp;

/// Where a client takes the time, nonces and randomness from.
///
/// Tests give their own and get the same request twice.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time that is signed. More than 15 minutes off, and the vendor refuses.
    fn now(&self) -> Timestamp;

    /// A text that was never returned before. It is asked for once per attempt:
    /// the vendor answers a nonce it has seen with `SignatureNonceUsed`.
    fn nonce(&self) -> String;

    /// Uniform in `0.0..1.0`; decides which part of a back-off is waited.
    ///
    /// The default asks the operating system. If that fails, it is 0.5: a retry
    /// at a predictable time is better than none.
    fn jitter(&self) -> f64 {
        getrandom::u32().map_or(0.5, |bits| f64::from(bits) / 4_294_967_296.0)
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    fn nonce(&self) -> String {
        (**self).nonce()
    }

    fn jitter(&self) -> f64 {
        (**self).jitter()
    }
}

/// The clock of the system, with random nonces in the form of a UUID.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the Clock everything else asks"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// # Panics
    ///
    /// When the operating system has no random numbers, which also means no TLS.
    fn nonce(&self) -> String {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system has a random source");
        uuid(bytes)
    }
}

/// The usual text form, with the bits of a random (version 4) UUID.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let n = u128::from_be_bytes(bytes);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        n >> 96,
        (n >> 80) & 0xffff,
        (n >> 64) & 0xffff,
        (n >> 48) & 0xffff,
        n & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_nonce_is_a_uuid_and_never_the_same_twice() {
        let nonces: HashSet<String> = (0..1000).map(|_| SystemClock.nonce()).collect();
        assert_eq!(nonces.len(), 1000);
        assert!(nonces.iter().all(|n| n.len() == 36 && &n[14..15] == "4"));
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn jitter_fills_the_unit_interval() {
        let drawn: Vec<f64> = (0..1000).map(|_| SystemClock.jitter()).collect();
        assert!(drawn.iter().all(|j| (0.0..1.0).contains(j)));
        assert!(drawn.iter().any(|j| *j < 0.2) && drawn.iter().any(|j| *j > 0.8));
    }
}
