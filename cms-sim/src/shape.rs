//! How a fault changes the reply to an admitted call, whatever the service.

use std::time::Duration;

use http::StatusCode;

use crate::{
    action::{Action, Service},
    errors::{Origin, Refusal},
    faults::FaultKind,
    reply::{Delivery, Reply},
};

/// The action's own reply, the fault's in its place, or the one changed by the other.
pub(crate) fn shaped(
    (delay_ms, fault): (u64, Option<FaultKind>),
    action: Action,
    origin: &Origin<'_>,
    perform: impl Fn(Option<FaultKind>) -> Result<Reply, Refusal>,
) -> Reply {
    let plain = |fault| {
        let result = perform(fault);
        result.unwrap_or_else(|refusal| Reply::refused(&refusal, origin))
    };
    let named = |kind: FaultKind, reply| Reply {
        outcome: kind.name().into(),
        ..reply
    };
    let mut reply = match fault {
        None => plain(None),
        Some(kind) => match instead(kind, action, origin) {
            Some(reply) => named(kind, reply),
            None => match plain(Some(kind)) {
                reply if reply.outcome == "OK" || kind.refuses() => named(kind, reply),
                // A refusal of the call itself, for example of its parameters, is not the fault's doing.
                reply => reply,
            },
        },
    };
    if fault == Some(FaultKind::TruncatedBody) {
        reply.delivery = Delivery::Truncated;
    }
    reply.delay = Duration::from_millis(delay_ms);
    reply
}

/// The reply of a fault that stands in place of the action's, if it is such a fault.
fn instead(kind: FaultKind, action: Action, origin: &Origin<'_>) -> Option<Reply> {
    let id = origin.request_id;
    let refused = |refusal: &Refusal| Reply::refused(refusal, origin);
    let nothing = |delivery| Reply {
        delivery,
        ..Reply::ok(String::new())
    };
    Some(match kind {
        FaultKind::Throttling | FaultKind::StsThrottling => refused(&Refusal::throttled(None)),
        FaultKind::ThrottlingRetryAfter { ms } => refused(&Refusal::throttled(Some(ms))),
        FaultKind::Http429 => refused(&Refusal::too_many_requests()),
        FaultKind::ServiceUnavailable => refused(&Refusal::unavailable()),
        FaultKind::InternalError => refused(&Refusal::internal()),
        FaultKind::Forbidden | FaultKind::KafkaForbidden | FaultKind::RoleDenied => {
            refused(&denied(action))
        }
        FaultKind::InvalidParameter => {
            let parameter = match action.service() {
                Service::Cms => "Dimensions",
                Service::Sts => "RoleArn",
                Service::Kafka | Service::Metadata | Service::CredentialsUri => "RegionId",
            };
            refused(&Refusal::invalid_parameter(parameter))
        }
        FaultKind::Empty500 => Reply {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            ..Reply::ok(String::new())
        },
        FaultKind::Html502 | FaultKind::StsHtml502 => Reply {
            status: StatusCode::BAD_GATEWAY,
            content_type: "text/html",
            ..Reply::ok(BAD_GATEWAY.into())
        },
        FaultKind::MetadataHtml => Reply {
            content_type: "text/html",
            ..Reply::ok(SIGN_IN.into())
        },
        FaultKind::SuccessFalse => Reply::ok(format!(
            r#"{{"Code":"500","Message":"The request processing has failed due to some unknown error.","Success":false,"RequestId":"{id}"}}"#
        )),
        FaultKind::CodeOnly => Reply::ok(format!(
            r#"{{"Code":"Throttling.User","Message":"Request was denied due to user flow control.","RequestId":"{id}"}}"#
        )),
        FaultKind::Reset => nothing(Delivery::Reset),
        FaultKind::Stall | FaultKind::MetadataHang => nothing(Delivery::Never),
        _ => return None,
    })
}

/// The refusal for want of a permission, in the words of the service.
fn denied(action: Action) -> Refusal {
    match action {
        Action::AssumeRole => Refusal::no_permission(),
        Action::AssumeRoleWithOidc => Refusal::oidc_no_permission("There is no permission"),
        other => Refusal::forbidden(other.ram_name()),
    }
}

const BAD_GATEWAY: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n";

/// What something between the machine and the metadata service answers, with status 200.
const SIGN_IN: &str = "<html>\r\n<head><title>Sign in</title></head>\r\n<body><h1>Sign in to the network</h1></body>\r\n</html>\r\n";
