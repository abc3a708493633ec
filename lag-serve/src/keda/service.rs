//! The methods. Each does no more than look into memory; a debug line each.

use super::{
    Keda, MAX_STREAMS,
    answers::spec,
    pb::{
        GetMetricSpecResponse, GetMetricsRequest, GetMetricsResponse, IsActiveResponse,
        ScaledObjectRef, external_scaler_server::ExternalScaler,
    },
};
use std::pin::Pin;
use tokio_stream::{Stream, StreamExt, wrappers::WatchStream};
use tonic::{Code, Request, Response, Result, Status};
use tracing::debug;

type Stays<T> = Pin<Box<dyn Stream<Item = Result<T>> + Send>>;

/// Notes an answer. Metadata is left out: keys for TLS may stand in it by mistake.
fn noted<T>(
    method: &'static str,
    object: &ScaledObjectRef,
    answer: Result<T>,
) -> Result<Response<T>> {
    debug!(
        rpc.method = method,
        scaled_object.namespace = object.namespace,
        scaled_object.name = object.name,
        code = ?answer.as_ref().map_or_else(Status::code, |_| Code::Ok),
        "KEDA asked"
    );
    answer.map(Response::new)
}

#[tonic::async_trait]
impl ExternalScaler for Keda {
    async fn is_active(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<IsActiveResponse>> {
        let object = request.get_ref();
        let active = self
            .trigger(object)
            .and_then(|trigger| self.active(&trigger));
        let answer = active.map(|result| IsActiveResponse { result });
        noted("IsActive", object, answer)
    }

    type StreamIsActiveStream = Stays<IsActiveResponse>;

    async fn stream_is_active(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<Self::StreamIsActiveStream>> {
        let object = request.get_ref();
        let stream = self.trigger(object).and_then(|trigger| {
            let (keda, mut told) = (self.clone(), false);
            // Without a fresh number there is nothing to tell, and what was told stands.
            self.on_updates(move || {
                let result = keda.active(&trigger).ok().filter(|now| *now != told)?;
                told = result;
                Some(IsActiveResponse { result })
            })
        });
        noted("StreamIsActive", object, stream)
    }

    async fn get_metric_spec(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<GetMetricSpecResponse>> {
        let object = request.get_ref();
        let answer = self.trigger(object).map(|trigger| spec(&trigger));
        noted("GetMetricSpec", object, answer)
    }

    async fn get_metrics(
        &self,
        request: Request<GetMetricsRequest>,
    ) -> Result<Response<GetMetricsResponse>> {
        let GetMetricsRequest {
            scaled_object_ref,
            metric_name,
        } = request.into_inner();
        let missing = "scaledObjectRef is missing: it holds the metadata of the trigger";
        let object = scaled_object_ref.ok_or_else(|| Status::invalid_argument(missing))?;
        let answer = self
            .trigger(&object)
            .and_then(|trigger| self.value(&trigger, metric_name));
        noted("GetMetrics", &object, answer)
    }

    type StreamMetricSpecStream = Stays<GetMetricSpecResponse>;

    /// What a trigger asks for never changes; the stream stays open, because KEDA opens an ended one again.
    async fn stream_metric_spec(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<Self::StreamMetricSpecStream>> {
        let object = request.get_ref();
        let stream = self.trigger(object).and_then(|trigger| {
            let mut first = Some(spec(&trigger));
            self.on_updates(move || first.take())
        });
        noted("StreamMetricSpec", object, stream)
    }
}

impl Keda {
    /// A stream of what `next` tells at the begin and after each update of the board.
    fn on_updates<T>(
        &self,
        mut next: impl FnMut() -> Option<T> + Send + 'static,
    ) -> Result<Stays<T>> {
        let place = self.0.streams.clone().try_acquire_owned();
        let place = place.map_err(|_| {
            Status::resource_exhausted(format!(
                "{MAX_STREAMS} streams are open: use the trigger type external, which is polled"
            ))
        })?;
        let updates = WatchStream::new(self.0.updates.clone());
        Ok(Box::pin(updates.filter_map(move |()| {
            let _held_while_open = &place;
            next().map(Ok)
        })))
    }
}
