//! A reply before it goes to the socket, and how it goes.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::Frame;
use jiff::Timestamp;

use crate::errors::{Origin, Refusal};

/// How a reply reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    /// Half of the body, then the end of the connection.
    Truncated,
    /// No byte, the connection is reset.
    Reset,
    /// No byte, the connection stays.
    Never,
}

/// Status, body and the way to the client.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    pub(crate) retry_after_ms: Option<u64>,
    pub(crate) delivery: Delivery,
    pub(crate) delay: Duration,
    /// For the counters: `OK`, the vendor's code or the fault's name.
    pub(crate) outcome: String,
    pub(crate) points: usize,
}

const JSON: &str = "application/json;charset=utf-8";

impl Reply {
    /// HTTP 200 with this JSON.
    pub(crate) fn ok(body: String) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: JSON,
            body,
            retry_after_ms: None,
            delivery: Delivery::Whole,
            delay: Duration::ZERO,
            outcome: "OK".into(),
            points: 0,
        }
    }

    /// HTTP 200 with this plain text.
    pub(crate) fn text(body: String) -> Self {
        Self {
            content_type: "text/plain",
            ..Self::ok(body)
        }
    }

    pub(crate) fn refused(refusal: &Refusal, origin: &Origin<'_>) -> Self {
        Self {
            status: refusal.status,
            retry_after_ms: refusal.retry_after_ms,
            outcome: refusal.code.to_string(),
            ..Self::ok(refusal.body(origin))
        }
    }

    /// What a client gets that does not ask for JSON: the RPC default is XML.
    pub(crate) fn into_xml(mut self, action: &str) -> Self {
        if self.content_type != JSON {
            return self;
        }
        let root = if self.status.is_success() {
            format!("{action}Response")
        } else {
            "Error".into()
        };
        let body = serde_json::from_str(&self.body).unwrap_or_default();
        let mut xml = String::from("<?xml version='1.0' encoding='UTF-8'?>");
        element(&mut xml, &root, &body);
        self.body = xml;
        self.content_type = "text/xml;charset=utf-8";
        self
    }

    /// The message for the HTTP server; `now` is the clock the client sees in `Date`.
    pub(crate) fn into_response(self, now: Timestamp) -> Response<Body> {
        let full = self.body.len();
        let body = if self.delivery == Delivery::Truncated {
            let mut half = Bytes::from(self.body);
            half.truncate(full / 2);
            Body::new(CutBody {
                state: Cut::Data(half),
            })
        } else {
            Body::from(self.body)
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type),
        );
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(full));
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        if let Ok(date) = printer.timestamp_to_rfc9110_string(&now)
            && let Ok(date) = HeaderValue::from_str(&date)
        {
            headers.insert(header::DATE, date);
        }
        if let Some(wait) = self.retry_after_ms {
            headers.insert("x-acs-retry-after", HeaderValue::from(wait));
        }
        response
    }
}

fn element(xml: &mut String, name: &str, value: &serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Array(items) => items.iter().for_each(|item| element(xml, name, item)),
        Value::Object(fields) => {
            *xml += &format!("<{name}>");
            fields
                .iter()
                .for_each(|(key, field)| element(xml, key, field));
            *xml += &format!("</{name}>");
        }
        Value::Null => *xml += &format!("<{name}/>"),
        other => {
            let text = other
                .as_str()
                .map_or_else(|| other.to_string(), str::to_owned);
            let text = text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            *xml += &format!("<{name}>{text}</{name}>");
        }
    }
}

/// A body that ends with an error after its data, so that the server closes the connection early.
struct CutBody {
    state: Cut,
}

enum Cut {
    Data(Bytes),
    /// One pause, in which the server writes out what it has.
    Pause,
    End,
}

impl hyper::body::Body for CutBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match &mut self.state {
            Cut::Data(data) => {
                let data = std::mem::take(data);
                self.state = Cut::Pause;
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Cut::Pause => {
                self.state = Cut::End;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Cut::End => Poll::Ready(Some(Err(CutShort))),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cut short on purpose")]
struct CutShort;

/// A response without content, for the compiler's sake where none is ever sent.
pub(crate) async fn never() -> Response<Body> {
    let never: Infallible = std::future::pending().await;
    match never {}
}

#[cfg(test)]
mod tests {
    use super::Reply;

    #[test]
    fn xml_holds_the_same_fields() {
        let json = r#"{"Code":"200","Success":true,"Datapoints":"[<&>]","NextToken":null,"R":{"X":[{"a":1},{"a":2}]}}"#;
        let reply = Reply::ok(json.into()).into_xml("DescribeMetricList");
        assert!(
            reply
                .body
                .starts_with("<?xml version='1.0' encoding='UTF-8'?><DescribeMetricListResponse>")
        );
        assert!(
            reply
                .body
                .contains("<Datapoints>[&lt;&amp;&gt;]</Datapoints>")
        );
        assert!(reply.body.contains("<NextToken/>"));
        assert!(reply.body.contains("<R><X><a>1</a></X><X><a>2</a></X></R>"));
    }
}
