//! Health, reflection, and requests that are none.

use super::world::{Scaler, object};
use crate::common::*;
use axum::body::Body;
use http::Request;
use lag_core::Board;
use proptest::prelude::*;
use prost::Message;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::{v1, v1alpha};
use tower::ServiceExt;

const SCALER: &str = "externalscaler.ExternalScaler";

#[tokio::test]
async fn health_is_serving_in_an_outage_too() {
    let scaler = Scaler::new(Board::default());
    let mut client = HealthClient::new(scaler.channel().await);
    for service in ["", SCALER] {
        let request = HealthCheckRequest {
            service: service.into(),
        };
        let answer = client.check(request.clone()).await.unwrap();
        assert_eq!(answer.into_inner().status, 1, "SERVING");
        let mut watch = client.watch(request).await.unwrap().into_inner();
        assert_eq!(watch.message().await.unwrap().unwrap().status, 1);
    }
    let request = HealthCheckRequest {
        service: "other".into(),
    };
    let status = client.check(request.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let mut watch = client.watch(request).await.unwrap().into_inner();
    assert_eq!(
        watch.message().await.unwrap().unwrap().status,
        3,
        "SERVICE_UNKNOWN"
    );
}

macro_rules! reflect {
    ($version:ident, $channel:expr) => {{
        use $version::{
            ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
            server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
        };
        let mut client = ServerReflectionClient::new($channel);
        let ask = |message| {
            tokio_stream::once(ServerReflectionRequest {
                host: String::new(),
                message_request: Some(message),
            })
        };
        let list = ask(MessageRequest::ListServices(String::new()));
        let mut answers = client
            .server_reflection_info(list)
            .await
            .unwrap()
            .into_inner();
        let answer = answers.message().await.unwrap().unwrap().message_response;
        let Some(MessageResponse::ListServicesResponse(list)) = answer else {
            panic!("{answer:?}");
        };
        let names: Vec<_> = list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect();
        let file = ask(MessageRequest::FileContainingSymbol(SCALER.into()));
        let mut answers = client
            .server_reflection_info(file)
            .await
            .unwrap()
            .into_inner();
        let answer = answers.message().await.unwrap().unwrap().message_response;
        let Some(MessageResponse::FileDescriptorResponse(files)) = answer else {
            panic!("{answer:?}");
        };
        (names, files.file_descriptor_proto)
    }};
}

#[tokio::test]
async fn reflection_shows_the_interface_in_both_versions() {
    let channel = Scaler::new(Board::default()).channel().await;
    let answers = [reflect!(v1, channel.clone()), reflect!(v1alpha, channel)];
    for (names, files) in answers {
        for name in [SCALER, "grpc.health.v1.Health"] {
            assert!(names.iter().any(|other| other == name), "{names:?}");
        }
        let file =
            protox::prost_reflect::prost_types::FileDescriptorProto::decode(&*files[0]).unwrap();
        assert_eq!(file.package(), "externalscaler");
        let methods: Vec<_> = file.service[0]
            .method
            .iter()
            .map(|method| method.name())
            .collect();
        assert_eq!(
            methods,
            [
                "IsActive",
                "StreamIsActive",
                "GetMetricSpec",
                "GetMetrics",
                "StreamMetricSpec"
            ]
        );
    }
}

#[tokio::test]
async fn a_message_beyond_the_limit_and_an_unknown_method_are_refused() {
    let scaler = Scaler::new(every_state());
    let mut asker = scaler.connect().await;
    let large = "x".repeat(70_000);
    let status = asker
        .0
        .is_active(object(&[("consumerGroup", &large)]))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    // The connection goes on.
    let status = asker.0.is_active(object(&[])).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    for path in [
        "/externalscaler.ExternalScaler/Other",
        "/other.Service/Method",
        "/",
    ] {
        assert_eq!(
            call(&scaler, path, vec![0, 0, 0, 0, 0]).await,
            "12",
            "UNIMPLEMENTED"
        );
    }
}

#[tokio::test]
async fn a_message_that_is_none_is_an_internal_error() {
    let scaler = Scaler::new(every_state());
    for method in ["IsActive", "GetMetricSpec", "GetMetrics"] {
        let path = format!("/externalscaler.ExternalScaler/{method}");
        let status = call(&scaler, &path, vec![0, 0, 0, 0, 1, 0xff]).await;
        assert_eq!(status, "13", "INTERNAL");
    }
}

/// The status of a call with these bytes, wherever it stands.
async fn call(scaler: &Scaler, path: &str, body: Vec<u8>) -> String {
    let request = Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::from(body));
    let answer = scaler
        .keda
        .router()
        .oneshot(request.unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let status = answer.headers().get("grpc-status");
    status
        .map_or("none", |status| status.to_str().unwrap())
        .to_owned()
}

proptest! {
    #[test]
    fn bytes_that_are_no_message_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), prefix in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let scaler = Scaler::new(every_state());
        let mut body = bytes;
        if prefix {
            let length = u32::try_from(body.len()).unwrap().to_be_bytes();
            body.splice(0..0, [0].into_iter().chain(length));
        }
        for method in ["IsActive", "GetMetricSpec", "GetMetrics", "StreamIsActive", "StreamMetricSpec"] {
            let path = format!("/externalscaler.ExternalScaler/{method}");
            let status = runtime.block_on(call(&scaler, &path, body.clone()));
            prop_assert!(status != "none" && status != "0", "{}", status);
        }
    }
}
