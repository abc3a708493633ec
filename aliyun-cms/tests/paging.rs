//! Pages end where the data ends, and nowhere else.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use aliyun_cms::{Client, Error, ErrorKind, MetricPage, Pages, PaginationError};
use common::{client, query, received, reply};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, query_param, query_param_is_missing},
};

const TOKEN_1: &str =
    "17684655600009dd70bb64cff1f0fff750b08ffff073be5fb1e785e2b020f1a949d5ea14aea7fed82f01dd8aa01";

fn page(datapoints: &str, token: Option<&str>) -> ResponseTemplate {
    let body =
        json!({"Code": "200", "Success": true, "Datapoints": datapoints, "NextToken": token});
    ResponseTemplate::new(200).set_body_json(body)
}

/// Answers a token with a page; `None` is the first request.
async fn at(server: &MockServer, token: Option<&str>, template: ResponseTemplate) {
    let mock = match token {
        Some(token) => Mock::given(method("POST")).and(query_param("NextToken", token)),
        None => Mock::given(method("POST")).and(query_param_is_missing("NextToken")),
    };
    mock.respond_with(template).mount(server).await;
}

fn pages(client: &Client) -> Pages {
    client
        .describe_metric_list("acs_kafka", "message_accumulation")
        .pages()
}

async fn outcome(mut pages: Pages) -> (Vec<MetricPage>, Option<Error>) {
    let mut read = Vec::new();
    while let Some(page) = pages.next_page().await {
        match page {
            Ok(page) => read.push(page),
            Err(error) => {
                assert!(
                    pages.next_page().await.is_none(),
                    "after an error there are no more pages"
                );
                return (read, Some(error));
            }
        }
    }
    assert!(pages.next_page().await.is_none());
    (read, None)
}

#[tokio::test]
async fn three_pages_are_read_in_order_and_everything_else_is_repeated_unchanged() {
    let server = MockServer::start().await;
    let first = common::json("cms-responses/list-page-1-next-token.json");
    let second = common::json("cms-responses/list-page-2-next-token.json");
    let token = |page: &serde_json::Value| page["body"]["NextToken"].as_str().unwrap().to_owned();
    at(&server, None, reply("list-page-1-next-token")).await;
    at(
        &server,
        Some(&token(&first)),
        reply("list-page-2-next-token"),
    )
    .await;
    at(
        &server,
        Some(&token(&second)),
        reply("list-page-3-last-no-token"),
    )
    .await;
    let query_of = client(&server)
        .describe_metric_list("acs_kafka", "message_accumulation")
        .dimension("instanceId", "i")
        .length(100);
    let (read, error) = outcome(query_of.pages()).await;
    assert!(error.is_none(), "{error:?}");
    let ids: Vec<_> = read.iter().map(|page| page.request_id.as_str()).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids[0].ends_with("D001") && ids[1].ends_with("D002") && ids[2].ends_with("D003"));

    let mut sent: Vec<_> = received(&server).await.iter().map(query).collect();
    let nonces: Vec<_> = sent
        .iter_mut()
        .map(|q| q.remove("SignatureNonce").unwrap())
        .collect();
    assert!(nonces[0] != nonces[1] && nonces[1] != nonces[2]);
    for query in &mut sent {
        query.remove("Signature");
        query.remove("NextToken");
    }
    assert!(sent.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn an_empty_page_with_a_token_is_not_the_end() {
    let server = MockServer::start().await;
    at(&server, None, page("[]", Some(TOKEN_1))).await;
    at(&server, Some(TOKEN_1), page("[1]", None)).await;
    let (read, error) = outcome(pages(&client(&server))).await;
    assert!(error.is_none());
    assert_eq!(
        read.iter().map(MetricPage::datapoints).collect::<Vec<_>>(),
        ["[]", "[1]"]
    );
}

#[tokio::test]
async fn an_absent_a_null_and_an_empty_token_end_it() {
    for name in [
        "list-page-3-last-no-token",
        "list-last-null-token",
        "list-last-empty-token",
    ] {
        let server = MockServer::start().await;
        at(&server, None, reply(name)).await;
        let (read, error) = outcome(pages(&client(&server))).await;
        assert!(error.is_none() && read.len() == 1, "{name}");
        assert_eq!(received(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn a_repeated_token_is_an_error_and_not_an_end() {
    // The same token at once, and a circle over three pages.
    for circle in [vec!["a", "a"], vec!["a", "b", "c", "a"]] {
        let server = MockServer::start().await;
        at(&server, None, page("[0]", Some(circle[0]))).await;
        for pair in circle.windows(2) {
            at(&server, Some(pair[0]), page("[1]", Some(pair[1]))).await;
        }
        let (read, error) = outcome(pages(&client(&server))).await;
        let error = error.unwrap();
        assert_eq!(read.len(), circle.len(), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::Pagination);
        assert!(!error.is_retryable());
        match error {
            Error::Pagination {
                source: PaginationError::RepeatedToken,
                page,
                ..
            } => {
                assert_eq!(usize::try_from(page).unwrap(), circle.len());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_page_limit_is_an_error_and_not_an_end() {
    let server = MockServer::start().await;
    at(&server, None, page("[0]", Some("t1"))).await;
    at(&server, Some("t1"), page("[1]", Some("t2"))).await;
    at(&server, Some("t2"), page("[2]", None)).await;
    let list = || client(&server).describe_metric_list("n", "m");
    let (read, error) = outcome(list().max_pages(2).pages()).await;
    assert_eq!(read.len(), 2);
    let error = error.unwrap();
    let limit = PaginationError::PageLimit { limit: 2 };
    assert!(matches!(&error, Error::Pagination { source, .. } if *source == limit));
    assert!(common::chain(&error).contains("max_pages"));

    let (read, error) = outcome(list().max_pages(3).pages()).await;
    assert!(
        error.is_none() && read.len() == 3,
        "exactly as many pages as allowed is no error"
    );
}

#[tokio::test]
async fn nothing_is_sent_before_the_first_page_is_asked_for_and_no_page_ahead() {
    let server = MockServer::start().await;
    at(&server, None, page("[0]", Some("t1"))).await;
    at(&server, Some("t1"), page("[1]", None)).await;
    let mut pages = pages(&client(&server));
    assert!(received(&server).await.is_empty());
    pages.next_page().await.unwrap().unwrap();
    assert_eq!(received(&server).await.len(), 1);
}

#[tokio::test]
async fn an_error_in_the_middle_is_the_last_thing_that_comes() {
    let server = MockServer::start().await;
    at(&server, None, page("[0]", Some("t1"))).await;
    at(&server, Some("t1"), reply("error-forbidden-ram")).await;
    let (read, error) = outcome(pages(&client(&server))).await;
    assert_eq!(
        (read.len(), error.unwrap().kind()),
        (1, ErrorKind::Forbidden)
    );
}

#[tokio::test]
async fn a_page_that_fails_for_a_moment_is_asked_for_again_with_its_token() {
    let server = MockServer::start().await;
    at(&server, None, page("[0]", Some("t1"))).await;
    Mock::given(query_param("NextToken", "t1"))
        .respond_with(reply("error-throttling-user"))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    at(&server, Some("t1"), page("[1]", None)).await;
    let (read, error) = outcome(pages(&common::builder(&server).build().unwrap())).await;
    assert!(error.is_none());
    assert_eq!((read.len(), received(&server).await.len()), (2, 4));
}

#[tokio::test]
async fn it_is_a_stream_that_can_be_sent_and_collected() {
    fn is_send_and_unpin<T: Send + Unpin>(_: &T) {}
    let server = MockServer::start().await;
    at(&server, None, page("[0]", Some("t1"))).await;
    at(&server, Some("t1"), page("[1]", None)).await;
    let stream = pages(&client(&server));
    is_send_and_unpin(&stream);
    let read: Vec<MetricPage> = stream.try_collect().await.unwrap();
    assert_eq!(read.len(), 2);
    let last = client(&server).describe_metric_last("n", "m").pages();
    assert_eq!(last.take(1).count().await, 1);
}

#[tokio::test]
async fn send_goes_on_from_a_token_and_an_empty_token_is_none() {
    let server = MockServer::start().await;
    at(&server, None, page("[0]", None)).await;
    at(&server, Some("t1"), page("[1]", None)).await;
    let list = || client(&server).describe_metric_list("n", "m");
    assert_eq!(list().send(Some("t1")).await.unwrap().datapoints(), "[1]");
    assert_eq!(list().send(Some("")).await.unwrap().datapoints(), "[0]");
}
