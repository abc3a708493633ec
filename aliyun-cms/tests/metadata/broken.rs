//! A metadata service that is not there, is somebody else, or talks nonsense.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

#[tokio::test]
async fn every_bad_answer_is_one_sentence() {
    let html = || text(&format!(" <!DOCTYPE html><p>{SECRET}</p>"));
    let status = ResponseTemplate::new;
    let wrong = "the instance metadata service is set up wrongly: ";
    let down = "the instance metadata service did not give credentials: ";
    let none = "no credentials are configured in the instance metadata service ";
    let page = "it answers with a web page instead of credentials: a proxy, a login page or \
                another server is in its place";
    for (role, named, keys, expected) in [
        (
            Some(status(404)),
            false,
            None,
            format!("{none}(no RAM role is attached to this instance)"),
        ),
        (
            Some(text("\n")),
            false,
            None,
            format!("{none}(no RAM role is attached to this instance)"),
        ),
        (
            None,
            true,
            Some(status(404)),
            format!(
                "{wrong}the RAM role kafka-lag-ecs-role is not attached to this instance: attach \
                 it, or name the one that is"
            ),
        ),
        (Some(html()), false, None, format!("{wrong}{page}")),
        (None, true, Some(html()), format!("{wrong}{page}")),
        (
            Some(text(&format!("../{SECRET}?"))),
            false,
            None,
            format!("{wrong}it answers with something else than the name of a RAM role"),
        ),
        (
            Some(text("..")),
            false,
            None,
            format!("{wrong}it answers with something else than the name of a RAM role"),
        ),
        (
            Some(text(&"x".repeat(64 * 1024 + 1))),
            false,
            None,
            format!("{wrong}it answers with more than 64 KiB, so it is no server of credentials"),
        ),
        (
            None,
            true,
            Some(text(&format!("{{\"AccessKeySecret\":\"{SECRET}"))),
            format!("{down}its answer is not JSON"),
        ),
        (
            None,
            true,
            Some(text(&format!("[\"{SECRET}\"]"))),
            format!("{wrong}it answers with JSON of another shape than credentials have"),
        ),
        (
            None,
            true,
            Some(text(&format!(
                "{{\"Code\":\"Success\",\"AccessKeyId\":[\"{SECRET}\"]}}"
            ))),
            format!("{wrong}it answers with JSON of another shape than credentials have"),
        ),
        (
            None,
            true,
            Some(keys_without("AccessKeyId", None)),
            format!("{wrong}it answers without a value of AccessKeyId"),
        ),
        (
            None,
            true,
            Some(keys_without("AccessKeySecret", Some(" "))),
            format!("{wrong}it answers without a value of AccessKeySecret"),
        ),
        (
            None,
            true,
            Some(keys_without("SecurityToken", None)),
            format!("{wrong}it answers without a value of SecurityToken"),
        ),
        (
            None,
            true,
            Some(keys_without("Expiration", None)),
            format!("{wrong}it answers without a value of Expiration"),
        ),
        (
            None,
            true,
            Some(keys_without("Expiration", Some(SECRET))),
            format!(
                "{wrong}it answers with an Expiration that is no time such as 2026-01-15T09:30:00Z"
            ),
        ),
        (
            None,
            true,
            Some(keys_without("Code", Some("Failed"))),
            format!("{down}its answer has the Code Failed instead of Success"),
        ),
        (
            None,
            true,
            Some(keys_without("Code", Some(SECRET))),
            format!("{down}its answer has the Code that is not shown here instead of Success"),
        ),
        (
            None,
            true,
            Some(status(500)),
            format!("{down}it answered HTTP 500"),
        ),
        (
            Some(status(302)),
            false,
            None,
            format!("{wrong}it answers HTTP 302, and redirects are not followed"),
        ),
        (
            None,
            true,
            Some(status(403)),
            "the instance metadata service refused to give credentials: check that the instance \
             allows access to its metadata, and that no firewall answers in its place: it \
             answered HTTP 403"
                .to_owned(),
        ),
    ] {
        let server = MockServer::start().await;
        mount(&server, "PUT", "/latest/api/token", text(TOKEN)).await;
        let (at_path, answer) = match (role, keys) {
            (Some(role), _) => (ROLES, role),
            (None, keys) => (ROLE_PATH, keys.unwrap()),
        };
        mount(&server, "GET", at_path, answer).await;
        let provider = at(&server.uri(), &[]);
        let provider = match named {
            true => provider.role("kafka-lag-ecs-role"),
            false => provider,
        };
        assert_eq!(chain(&refused(&provider).await), expected);
        assert!(received(&server).await.len() <= 2, "it was asked again");
    }
}

#[tokio::test]
async fn a_name_that_is_no_role_name_is_never_sent() {
    let server = instance().await;
    let variable = [("ALIBABA_CLOUD_ECS_METADATA", "../../user-data")];
    for (provider, origin) in [
        (
            at(&server.uri(), &[]).role("a/../b?x#y"),
            "the role that was asked for",
        ),
        (at(&server.uri(), &variable), "ALIBABA_CLOUD_ECS_METADATA"),
    ] {
        assert_eq!(
            refused(&provider).await.to_string(),
            format!(
                "the instance metadata service is set up wrongly: {origin} is not the name of a \
                 RAM role: 1 to 64 letters, digits, '.', '_' and '-'"
            )
        );
    }
    assert!(received(&server).await.is_empty());
}

#[tokio::test]
async fn where_nothing_listens_is_no_ecs_instance_unless_a_role_is_named() {
    let address = gone().await;
    let url = format!("http://{address}");
    assert_eq!(
        chain(&refused(&at(&url, &[])).await),
        format!(
            "no credentials are configured in the instance metadata service ({address} does not \
             answer, so this is no ECS instance)"
        )
    );
    let variable = [("ALIBABA_CLOUD_ECS_METADATA", "r")];
    for provider in [at(&url, &[]).role("r"), at(&url, &variable)] {
        let error = refused(&provider).await;
        let text = chain(&error);
        let expected = format!(
            "the instance metadata service did not give credentials: could not connect to {address}"
        );
        assert!(text.starts_with(&expected), "{text}");
        assert!(error.is_retryable());
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_costs_one_second_for_each_question() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let url = format!("http://{address}");
    let strict = [("ALIBABA_CLOUD_IMDSV1_DISABLED", "1")];
    let none = "no credentials are configured in the instance metadata service";
    let down = "the instance metadata service did not give credentials";
    for (provider, seconds, expected) in [
        (
            at(&url, &[]),
            2,
            format!("{none} ({address} does not answer, so this is no ECS instance)"),
        ),
        (
            at(&url, &strict),
            1,
            format!(
                "{none} ({address} does not answer, so this is no ECS instance, and \
                 ALIBABA_CLOUD_IMDSV1_DISABLED forbids to ask without a token)"
            ),
        ),
        (
            at(&url, &[]).role("r"),
            2,
            format!("{down}: {address} did not answer in time"),
        ),
    ] {
        let start = Instant::now();
        let text = chain(&refused(&provider).await);
        assert!(text.starts_with(&expected), "{text}");
        let (took, bound) = (start.elapsed(), Duration::from_secs(seconds));
        let slack = Duration::from_millis(100);
        assert!(took >= bound && took < bound + slack, "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_whose_service_stops_answering_is_still_an_instance() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        assert!(stream.read(&mut buffer).await.unwrap() > 0);
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{TOKEN}",
            TOKEN.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        // Nothing more, on this connection or another.
        std::future::pending::<()>().await;
    });
    let start = Instant::now();
    let error = refused(&at(&format!("http://{address}"), &[])).await;
    assert_eq!(kind(&error), "unavailable");
    let text = chain(&error);
    let expected = format!(
        "the instance metadata service did not give credentials: {address} did not answer in time"
    );
    assert!(text.starts_with(&expected), "{text}");
    assert!(start.elapsed() < Duration::from_millis(1100));
    server.abort();
}
