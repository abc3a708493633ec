//! The health service. A process that answers is healthy: an outage of the cloud is no reason to restart it, and the
//! answers to triggers say what is wrong.

use super::pb::external_scaler_server::SERVICE_NAME;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Result, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_server::Health,
};

pub(super) struct Alive;

fn status(service: &str) -> ServingStatus {
    match service {
        "" | SERVICE_NAME => ServingStatus::Serving,
        _ => ServingStatus::ServiceUnknown,
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

#[tonic::async_trait]
impl Health for Alive {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>> {
        match status(&request.get_ref().service) {
            ServingStatus::ServiceUnknown => Err(Status::not_found(format!(
                "no such service here: ask for {SERVICE_NAME}, or for none"
            ))),
            status => Ok(Response::new(answer(status))),
        }
    }

    type WatchStream = Box<dyn Stream<Item = Result<HealthCheckResponse>> + Send + Unpin>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>> {
        let now = Ok(answer(status(&request.get_ref().service)));
        let stays = tokio_stream::once(now).chain(tokio_stream::pending());
        Ok(Response::new(Box::new(stays)))
    }
}
