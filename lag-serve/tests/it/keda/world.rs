//! A scaler over a board of one's own, in the process or behind a socket.

use super::pb::{
    GetMetricsRequest, GetMetricsResponse, MetricSpec, MetricValue, ScaledObjectRef,
    external_scaler_client::ExternalScalerClient,
};
use crate::common::*;
use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use jiff::Timestamp;
use lag_core::{Board, BoardCell};
use lag_serve::keda::{Keda, KedaConfig};
use std::sync::{Arc, Mutex};
use tokio::{net::TcpListener, sync::watch};
use tonic::{Code, Result, transport::Channel};

pub(crate) struct Scaler {
    pub(crate) keda: Keda,
    pub(crate) updates: watch::Sender<()>,
    cell: Arc<BoardCell>,
    clock: Arc<Mutex<Timestamp>>,
}

impl Scaler {
    pub(crate) fn new(board: Board) -> Self {
        Self::collecting(board, true)
    }

    /// With lags by topic or without.
    pub(crate) fn collecting(board: Board, topics: bool) -> Self {
        let max_age = MAX_AGE;
        let cell = Arc::new(BoardCell::new(board));
        let clock = Arc::new(Mutex::new(now()));
        let hands = clock.clone();
        let (updates, receiver) = watch::channel(());
        let keda = Keda::new(
            cell.clone(),
            receiver,
            Arc::new(move || *hands.lock().unwrap()),
            KedaConfig { max_age, topics },
        );
        Self {
            keda,
            updates,
            cell,
            clock,
        }
    }

    pub(crate) fn update(&self, board: Board) {
        self.cell.update(|_| board);
        self.updates.send_replace(());
    }

    pub(crate) fn set_clock(&self, now: Timestamp) {
        *self.clock.lock().unwrap() = now;
    }

    pub(crate) fn client(&self) -> ExternalScalerClient<axum::Router> {
        ExternalScalerClient::new(self.keda.router())
    }

    /// A channel to a server on a free port, which ends with the runtime of the test.
    pub(crate) async fn channel(&self) -> Channel {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.keda.router();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = TowerToHyperService::new(router.clone());
                let server = http2::Builder::new(TokioExecutor::new());
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
        let endpoint = Channel::from_shared(format!("http://{address}"));
        endpoint.unwrap().connect().await.unwrap()
    }

    pub(crate) async fn connect(&self) -> Asker {
        Asker(ExternalScalerClient::new(self.channel().await))
    }
}

pub(crate) fn object(metadata: &[(&str, &str)]) -> ScaledObjectRef {
    let pairs = metadata.iter();
    ScaledObjectRef {
        name: "consumer".into(),
        namespace: "orders".into(),
        scaler_metadata: pairs
            .map(|(key, text)| ((*key).into(), (*text).into()))
            .collect(),
    }
}

/// Metadata for a group of instance A.
pub(crate) fn of<'m>(group: &'m str, more: &[(&'m str, &'m str)]) -> Vec<(&'m str, &'m str)> {
    let mut metadata = vec![
        ("scalerAddress", "kafka-lag:6000"),
        ("instanceId", A),
        ("consumerGroup", group),
    ];
    if !more.iter().any(|(key, _)| *key == "metric") {
        metadata.push(("lagThreshold", "50000"));
    }
    metadata.extend(more);
    metadata
}

/// The methods, with answers as tests compare them.
pub(crate) struct Asker(pub(crate) ExternalScalerClient<Channel>);

pub(crate) type Refused = (Code, String);

impl Asker {
    pub(crate) async fn spec(&mut self, metadata: &[(&str, &str)]) -> Result<MetricSpec, Refused> {
        let answer = self.0.get_metric_spec(object(metadata)).await;
        let mut specs = answer.map_err(refused)?.into_inner().metric_specs;
        assert_eq!(specs.len(), 1);
        Ok(specs.remove(0))
    }

    /// Asks for the name of the spec.
    pub(crate) async fn value(
        &mut self,
        metadata: &[(&str, &str)],
    ) -> Result<MetricValue, Refused> {
        let name = self.spec(metadata).await?.metric_name;
        self.value_of(metadata, &name).await
    }

    pub(crate) async fn value_of(
        &mut self,
        metadata: &[(&str, &str)],
        name: &str,
    ) -> Result<MetricValue, Refused> {
        let request = GetMetricsRequest {
            scaled_object_ref: Some(object(metadata)),
            metric_name: name.into(),
        };
        let answer = self.0.get_metrics(request).await;
        Ok(one(answer.map_err(refused)?.into_inner()))
    }

    pub(crate) async fn active(&mut self, metadata: &[(&str, &str)]) -> Result<bool, Refused> {
        let answer = self.0.is_active(object(metadata)).await;
        Ok(answer.map_err(refused)?.into_inner().result)
    }
}

/// KEDA adds values up, so there is one.
pub(crate) fn one(mut answer: GetMetricsResponse) -> MetricValue {
    assert_eq!(answer.metric_values.len(), 1);
    answer.metric_values.remove(0)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(status: tonic::Status) -> Refused {
    (status.code(), status.message().into())
}
