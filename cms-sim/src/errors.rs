//! Errors: the vendor's, as they go over the wire, and ours, when the simulator cannot start.

use std::{borrow::Cow, net::SocketAddr};

use http::StatusCode;
use serde::Serialize;

/// Why the simulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// The stand-in has dummy keys and a control API without authentication: it belongs on loopback.
    #[error(
        "refused to listen on {0}: only loopback addresses are allowed, for example 127.0.0.1:18080"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken or not available.
    #[error(
        "cannot listen on {address}; choose another with --listen-address, port 0 takes any that is free"
    )]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Who refuses: the parts of an error body that do not depend on the error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) host: &'a str,
    pub(crate) product: &'static str,
}

/// A refusal with a status and the vendor's error body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: Cow<'static, str>,
    pub(crate) retry_after_ms: Option<u64>,
    /// The RAM action that is missing.
    pub(crate) denied: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            retry_after_ms: None,
            denied: None,
        }
    }

    /// A refusal with status 400, which most are.
    pub(crate) fn invalid(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::invalid(
            format!("Missing{parameter}"),
            format!("{parameter} is mandatory for this action."),
        )
    }

    pub(crate) fn invalid_parameter(parameter: &str) -> Self {
        Self::invalid(
            "InvalidParameter",
            format!("The specified value of parameter \"{parameter}\" is not valid."),
        )
    }

    pub(crate) fn incomplete_signature() -> Self {
        Self::invalid(
            "IncompleteSignature",
            "The request signature does not conform to Aliyun standards.",
        )
    }

    pub(crate) fn invalid_signature_method() -> Self {
        Self::invalid(
            "InvalidSignatureMethod",
            "Specified signature method is not valid.",
        )
    }

    pub(crate) fn signature_mismatch(message: String) -> Self {
        Self::invalid("SignatureDoesNotMatch", message)
    }

    pub(crate) fn nonce_used() -> Self {
        Self::invalid(
            "SignatureNonceUsed",
            "Specified signature nonce was used already.",
        )
    }

    pub(crate) fn timestamp_expired() -> Self {
        Self::invalid(
            "InvalidTimeStamp.Expired",
            "Specified time stamp or date value is expired.",
        )
    }

    pub(crate) fn timestamp_format() -> Self {
        Self::invalid(
            "InvalidTimeStamp.Format",
            "Specified time stamp or date value is not well formatted.",
        )
    }

    pub(crate) fn token_mismatch() -> Self {
        Self::invalid(
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken mismatch with the AccessKey.",
        )
    }

    /// The status is not verified.
    pub(crate) fn token_expired() -> Self {
        Self::invalid(
            "InvalidSecurityToken.Expired",
            "Specified SecurityToken is expired.",
        )
    }

    pub(crate) fn unknown_key() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "InvalidAccessKeyId.NotFound",
            "Specified access key is not found.",
        )
    }

    pub(crate) fn unknown_action() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "InvalidAction.NotFound",
            "Specified api is not found, please check your url and method.",
        )
    }

    pub(crate) fn unknown_resource() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "ResourceNotFound",
            "The specified resource is not found.",
        )
    }

    pub(crate) fn unsupported_method() -> Self {
        Self::invalid(
            "UnsupportedHTTPMethod",
            "This http method is not supported.",
        )
    }

    pub(crate) fn throttled(retry_after_ms: Option<u64>) -> Self {
        Self {
            retry_after_ms,
            ..Self::invalid(
                "Throttling.User",
                "Request was denied due to user flow control.",
            )
        }
    }

    pub(crate) fn too_many_requests() -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            ..Self::throttled(None)
        }
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The request has failed due to a temporary failure of the server.",
        )
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            "The request processing has failed due to some unknown error.",
        )
    }

    pub(crate) fn forbidden(ram_action: Option<&'static str>) -> Self {
        let message = "User not authorized to operate on the specified resource, or this API doesn't support RAM.";
        Self {
            denied: ram_action,
            ..Self::new(StatusCode::FORBIDDEN, "Forbidden.RAM", message)
        }
    }

    /// How STS says that a role may not be assumed.
    pub(crate) fn no_permission() -> Self {
        let message = "You are not authorized to do this action. You should be authorized by RAM.";
        Self {
            denied: Some("sts:AssumeRole"),
            ..Self::new(StatusCode::FORBIDDEN, "NoPermission", message)
        }
    }

    /// The same where a token takes the place of a key.
    pub(crate) fn oidc_no_permission(message: &'static str) -> Self {
        let code = "AuthenticationFail.NoPermission";
        Self {
            denied: Some("sts:AssumeRole"),
            ..Self::new(StatusCode::UNAUTHORIZED, code, message)
        }
    }

    /// The body as the gateway writes it.
    pub(crate) fn body(&self, origin: &Origin<'_>) -> String {
        let (code, request_id, product) = (&self.code, origin.request_id, origin.product);
        let body = ErrorBody {
            request_id,
            message: &self.message,
            recommend: format!(
                "https://api.aliyun.com/troubleshoot?q={code}&product={product}&requestId={request_id}"
            ),
            host_id: origin.host,
            code,
            access_denied_detail: self.denied.map(|action| AccessDenied {
                auth_action: action,
                auth_principal_display_name: "200000000000000009",
                auth_principal_owner_id: crate::config::USER_ID,
                auth_principal_type: "SubUser",
                encoded_diagnostic_message: "AQIBIAAAAOPdwKY2QLOvgMEc7Skkoxxxx",
                no_permission_type: "ImplicitDeny",
                policy_type: "AccountLevelIdentityBasedPolicy",
            }),
        };
        serde_json::to_string(&body).unwrap_or_default()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorBody<'a> {
    request_id: &'a str,
    message: &'a str,
    recommend: String,
    host_id: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_denied_detail: Option<AccessDenied>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccessDenied {
    auth_action: &'static str,
    auth_principal_display_name: &'static str,
    auth_principal_owner_id: &'static str,
    auth_principal_type: &'static str,
    encoded_diagnostic_message: &'static str,
    no_permission_type: &'static str,
    policy_type: &'static str,
}
