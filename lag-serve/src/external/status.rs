//! `Status`, the document in which Kubernetes APIs say no. Its message stands word for word in the condition of an HPA,
//! so it says what is wrong and what to do.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    code: StatusCode,
    message: String,
}

#[derive(Serialize)]
struct Document<'s> {
    kind: &'static str,
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    metadata: Empty,
    status: &'static str,
    message: &'s str,
    reason: &'static str,
    code: u16,
}

#[derive(Serialize)]
struct Empty {}

impl Status {
    pub(crate) fn new(code: StatusCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Clients of Kubernetes look at this word before they look at the code.
    fn reason(&self) -> &'static str {
        match self.code {
            StatusCode::BAD_REQUEST => "BadRequest",
            StatusCode::UNAUTHORIZED => "Unauthorized",
            StatusCode::FORBIDDEN => "Forbidden",
            StatusCode::NOT_FOUND => "NotFound",
            StatusCode::METHOD_NOT_ALLOWED => "MethodNotAllowed",
            StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
            _ => "InternalError",
        }
    }
}

impl IntoResponse for Status {
    fn into_response(self) -> Response {
        let document = Document {
            kind: "Status",
            api_version: "v1",
            metadata: Empty {},
            status: "Failure",
            message: &self.message,
            reason: self.reason(),
            code: self.code.as_u16(),
        };
        let body = serde_json::to_vec(&document).expect("texts and a number are always JSON");
        let json = HeaderValue::from_static("application/json");
        (self.code, [(CONTENT_TYPE, json)], body).into_response()
    }
}
