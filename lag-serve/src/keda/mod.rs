//! KEDA's external scaler: whether a workload is wanted, and the number an HPA divides. Answered from memory; what a
//! trigger means is decided in [`lag_core::trigger`].

mod answers;
mod codec;
mod health;
mod memories;
#[expect(
    unreachable_pub,
    clippy::pedantic,
    reason = "generated from proto/externalscaler.proto, and compared with it by a test"
)]
#[rustfmt::skip]
mod pb;
mod service;

use crate::Now;
use jiff::SignedDuration;
use lag_core::BoardCell;
use memories::Memories;
use pb::external_scaler_server::ExternalScalerServer;
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::{Semaphore, watch};
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;

/// The interface, for reflection.
const DESCRIPTORS: &[u8] = include_bytes!("externalscaler.bin");

/// Metadata of a trigger is some hundred bytes.
const MAX_MESSAGE: usize = 64 * 1024;

/// Streams open at once; each takes some thousand bytes.
const MAX_STREAMS: usize = 4_000;

/// How triggers are answered.
#[derive(Debug, Clone, Copy)]
pub struct KedaConfig {
    /// Age up to which a number is fresh; a trigger may shorten it.
    pub max_age: SignedDuration,
    /// Whether lags by topic are collected.
    pub topics: bool,
}

/// Answers KEDA from a board. Clones share everything.
#[derive(Clone)]
pub struct Keda(Arc<Inner>);

struct Inner {
    board: Arc<BoardCell>,
    updates: watch::Receiver<()>,
    now: Now,
    config: RwLock<KedaConfig>,
    memories: Memories,
    streams: Arc<Semaphore>,
}

impl fmt::Debug for Keda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keda")
            .field("config", &self.config())
            .finish_non_exhaustive()
    }
}

impl Keda {
    /// A scaler for whatever the cell holds at the time of each call. Send to `updates` after each update of the cell:
    /// open streams look at the board then. They end when its sender is dropped.
    #[must_use]
    pub fn new(
        board: Arc<BoardCell>,
        updates: watch::Receiver<()>,
        now: Now,
        config: KedaConfig,
    ) -> Self {
        Self(Arc::new(Inner {
            board,
            updates,
            now,
            config: RwLock::new(config),
            memories: Memories::default(),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
        }))
    }

    /// Answers by another configuration from now on. What triggers remember, and open streams, stay.
    pub fn reconfigure(&self, config: KedaConfig) {
        let mut held = self
            .0
            .config
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *held = config;
    }

    fn config(&self) -> KedaConfig {
        *self.0.config.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The scaler, health and reflection over gRPC. Serve it over HTTP/2.
    pub fn router(&self) -> axum::Router {
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let good = "descriptors that a test has read";
        let v1 = reflection().build_v1().expect(good);
        let v1alpha = reflection().build_v1alpha().expect(good);
        let scaler = ExternalScalerServer::new(self.clone());
        let health = HealthServer::new(health::Alive);
        Routes::new(scaler.max_decoding_message_size(MAX_MESSAGE))
            .add_service(health.max_decoding_message_size(MAX_MESSAGE))
            .add_service(v1.max_decoding_message_size(MAX_MESSAGE))
            .add_service(v1alpha.max_decoding_message_size(MAX_MESSAGE))
            .prepare()
            .into_axum_router()
    }
}
