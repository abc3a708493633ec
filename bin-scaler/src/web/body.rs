//! The body of a request, within bounds of size and time.

use axum::body::Body;
use bytes::Bytes;
use http::{
    HeaderMap, Request, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::time::Duration;
use tokio::time::timeout;

use super::webhook::Refused;

/// Time for a body of at most some megabytes.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Refuses what need not be read: another type, or a body that says that it is too large.
pub(super) fn check(headers: &HeaderMap, limit: usize) -> Result<(), Refused> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = kind.and_then(|text| text.split(';').next());
    if !essence.is_some_and(|text| text.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content type must be application/json, as Alertmanager sends it",
        ));
    }
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let length = length.and_then(|text| text.parse::<u64>().ok());
    match length.map(usize::try_from) {
        Some(Ok(length)) if length <= limit => Ok(()),
        Some(_) => Err(too_large(limit)),
        None => Ok(()),
    }
}

/// Reads it whole.
pub(super) async fn read(request: Request<Body>, limit: usize) -> Result<Bytes, Refused> {
    let body = Limited::new(request.into_body(), limit).collect();
    match timeout(READ_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Ok(Err(_)) => Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "the body ended before its end",
        )),
        Err(_) => Err(Refused::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not come within 10 seconds",
        )),
    }
}

fn too_large(limit: usize) -> Refused {
    Refused::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!(
            "the body is larger than {limit} bytes: set max_alerts in webhook_configs, group by more labels, or raise \
             scaler.webhook.body_limit"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::channel::Channel;

    fn asked(kind: Option<&str>, length: Option<&str>) -> Result<(), u16> {
        let mut headers = HeaderMap::new();
        if let Some(kind) = kind {
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        }
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, length.parse().unwrap());
        }
        check(&headers, 100).map_err(|refused| refused.status.as_u16())
    }

    #[test]
    fn only_json_of_a_possible_size_is_read() {
        let json = Some("application/json");
        assert_eq!(asked(json, Some("100")), Ok(()));
        assert_eq!(asked(Some("Application/JSON; charset=utf-8"), None), Ok(()));
        assert_eq!(asked(json, Some("101")), Err(413));
        assert_eq!(asked(json, Some("18446744073709551615")), Err(413));
        for kind in [
            None,
            Some("text/plain"),
            Some("application/jsonp"),
            Some(""),
        ] {
            assert_eq!(asked(kind, Some("1")), Err(415), "{kind:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let (_sender, never) = Channel::<Bytes, axum::Error>::new(1);
        let endless = Body::new(never);
        let refused = read(Request::new(endless), 100).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_not_kept() {
        let request = Request::new(Body::from(vec![b' '; 101]));
        let refused = read(request, 100).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(refused.words.contains("max_alerts"), "{}", refused.words);
    }
}
