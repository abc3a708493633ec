//! Wrong requests are refused here, in words, and not by the service.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::Duration;

use aliyun_cms::{Error, ErrorKind};
use common::{client, received};
use wiremock::MockServer;

#[tokio::test]
async fn a_parameter_the_client_sets_itself_is_refused() {
    let server = MockServer::start().await;
    let client = client(&server);
    for name in [
        "Action",
        "SignatureNonce",
        "SecurityToken",
        "Timestamp",
        "AccessKeyId",
        "Signature",
    ] {
        let error = client
            .call("X", [(name.to_owned(), String::new())])
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains(name));
    }
    assert!(received(&server).await.is_empty());
}

#[tokio::test]
async fn wrong_values_are_refused_before_anything_is_sent() {
    let server = MockServer::start().await;
    let client = client(&server);
    let list = || client.describe_metric_list("n", "m");
    let at = |seconds| jiff::Timestamp::from_second(seconds).unwrap();
    for (request, word) in [
        (list().length(0), "1440"),
        (list().length(1441), "1440"),
        (list().period(Duration::ZERO), "whole seconds"),
        (list().period(Duration::from_millis(1500)), "whole seconds"),
        (list().window(at(10), at(10)), "window"),
        (list().window(at(11), at(10)), "window"),
        (list().instances((0..51).map(|n| n.to_string())), "50"),
        (list().instances(Vec::<String>::new()), "all of them"),
        (list().instances([""]), "empty id"),
        (list().dimensions_json("[{"), "dimensions_json"),
        (list().dimensions_json("{}").dimension("a", "b"), "combined"),
        (list().dimensions_json("{}").instances(["a"]), "combined"),
        (client.describe_metric_list("", "m"), "Namespace"),
        (client.describe_metric_list("n", " "), "MetricName"),
    ] {
        let from_pages = request
            .clone()
            .pages()
            .next_page()
            .await
            .unwrap()
            .unwrap_err();
        let error = request.send(None).await.unwrap_err();
        for error in [from_pages, error] {
            assert!(matches!(error, Error::InvalidRequest { .. }), "{error:?}");
            assert!(
                !error.is_retryable() && error.to_string().contains(word),
                "{error}"
            );
        }
    }
    assert!(received(&server).await.is_empty());
}
