//! The kinds of faults and their names.

use serde::Serialize;

use super::{RequestFacts, Step};
use crate::action::Service;

/// What goes wrong. The name in JSON and on the command line is the variant in snake case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// HTTP 400 `Throttling.User`, as the vendor throttles.
    Throttling,
    /// The same with `x-acs-retry-after`.
    ThrottlingRetryAfter {
        /// The wait the server asks for, in milliseconds.
        ms: u64,
    },
    /// HTTP 429 with the vendor's throttling body.
    #[serde(rename = "http_429")]
    Http429,
    /// HTTP 503 `ServiceUnavailable`.
    ServiceUnavailable,
    /// HTTP 500 `InternalError`.
    InternalError,
    /// HTTP 500 without a body.
    #[serde(rename = "empty_500")]
    Empty500,
    /// A proxy's HTML page with status 502.
    #[serde(rename = "html_502")]
    Html502,
    /// A good reply cut in the middle: `content-length` promises more than comes.
    TruncatedBody,
    /// The connection is reset before any byte of a reply.
    Reset,
    /// The request is taken and never answered.
    Stall,
    /// The reply comes late; combines with other faults.
    Slow {
        /// Added waiting, in milliseconds.
        ms: u64,
    },
    /// HTTP 200 with `Success` false and `Code` "500".
    SuccessFalse,
    /// HTTP 200 with an error `Code` and neither `Success` nor `Datapoints`.
    CodeOnly,
    /// A good reply without the key `Datapoints`.
    DatapointsMissing,
    /// `Datapoints` is null.
    DatapointsNull,
    /// `Datapoints` is an empty string.
    DatapointsEmptyString,
    /// `Datapoints` is a string that is not JSON.
    DatapointsMalformed,
    /// `Datapoints` is a real array, as the vendor's pages print it.
    DatapointsArray,
    /// Every page carries the token it was asked for with.
    RepeatedToken,
    /// A page without points but with a new token; nothing is skipped.
    EmptyPageWithToken,
    /// There is always one more token, also after the last point.
    EndlessTokens,
    /// The gateway's clock differs; combines with other faults.
    ClockSkew {
        /// How far it is ahead; negative: behind.
        seconds: i64,
    },
    /// HTTP 403 `Forbidden.RAM` with `AccessDeniedDetail`.
    Forbidden,
    /// HTTP 404 `InvalidAccessKeyId.NotFound` for the good key.
    AccessKeyNotFound,
    /// HTTP 400 `InvalidParameter` for `Dimensions`; meant for one instance.
    InvalidParameter,
    /// Values below zero.
    NegativeValues,
    /// Timestamps ahead of the clock.
    FutureTimestamps {
        /// How far ahead of now the newest point lies.
        seconds: i64,
    },
    /// Points without any statistic.
    NoStatistic,
    /// HTTP 400 `InvalidSecurityToken.Expired` for every temporary set, however young.
    SecurityTokenExpired,
    /// A set from STS that does not say when it expires.
    StsNoExpiration,
    /// A proxy's HTML page with status 502 instead of STS.
    #[serde(rename = "sts_html_502")]
    StsHtml502,
    /// HTTP 400 `Throttling.User` from STS.
    StsThrottling,
    /// No role may be assumed: 403 `NoPermission`, with a token of OIDC 401 `AuthenticationFail.NoPermission`.
    RoleDenied,
    /// The metadata service answers everything with HTML and status 200.
    MetadataHtml,
    /// The metadata service takes requests and never answers.
    MetadataHang,
    /// The metadata service has no role: 404.
    MetadataNoRole,
    /// The set of the metadata service has a `Code` other than Success, with status 200.
    MetadataFailed,
    /// The metadata service knows no tokens of its own: 405 for the PUT, while version 1 works.
    ImdsV2Refused,
    /// The credentials URI answers with a `Code` other than Success and status 200.
    CredentialsUriFailed,
    /// The credentials URI leaves `Code` out.
    CredentialsUriWithoutCode,
    /// HTTP 403 `Forbidden.RAM` from the Kafka service only.
    KafkaForbidden,
}

/// When a fault acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before the signature is looked at.
    Gateway,
    /// In addition to whatever the reply is.
    Delay,
    /// Instead of the reply.
    Reply,
    /// Within a reply that carries datapoints.
    Data,
}

const CATALOGUE: [(&str, FaultKind); 41] = [
    ("throttling", FaultKind::Throttling),
    (
        "throttling_retry_after",
        FaultKind::ThrottlingRetryAfter { ms: 1500 },
    ),
    ("http_429", FaultKind::Http429),
    ("service_unavailable", FaultKind::ServiceUnavailable),
    ("internal_error", FaultKind::InternalError),
    ("empty_500", FaultKind::Empty500),
    ("html_502", FaultKind::Html502),
    ("truncated_body", FaultKind::TruncatedBody),
    ("reset", FaultKind::Reset),
    ("stall", FaultKind::Stall),
    ("slow", FaultKind::Slow { ms: 1000 }),
    ("success_false", FaultKind::SuccessFalse),
    ("code_only", FaultKind::CodeOnly),
    ("datapoints_missing", FaultKind::DatapointsMissing),
    ("datapoints_null", FaultKind::DatapointsNull),
    ("datapoints_empty_string", FaultKind::DatapointsEmptyString),
    ("datapoints_malformed", FaultKind::DatapointsMalformed),
    ("datapoints_array", FaultKind::DatapointsArray),
    ("repeated_token", FaultKind::RepeatedToken),
    ("empty_page_with_token", FaultKind::EmptyPageWithToken),
    ("endless_tokens", FaultKind::EndlessTokens),
    ("clock_skew", FaultKind::ClockSkew { seconds: 1200 }),
    ("forbidden", FaultKind::Forbidden),
    ("access_key_not_found", FaultKind::AccessKeyNotFound),
    ("invalid_parameter", FaultKind::InvalidParameter),
    ("negative_values", FaultKind::NegativeValues),
    (
        "future_timestamps",
        FaultKind::FutureTimestamps { seconds: 300 },
    ),
    ("no_statistic", FaultKind::NoStatistic),
    ("security_token_expired", FaultKind::SecurityTokenExpired),
    ("sts_no_expiration", FaultKind::StsNoExpiration),
    ("sts_html_502", FaultKind::StsHtml502),
    ("sts_throttling", FaultKind::StsThrottling),
    ("role_denied", FaultKind::RoleDenied),
    ("metadata_html", FaultKind::MetadataHtml),
    ("metadata_hang", FaultKind::MetadataHang),
    ("metadata_no_role", FaultKind::MetadataNoRole),
    ("metadata_failed", FaultKind::MetadataFailed),
    ("imds_v2_refused", FaultKind::ImdsV2Refused),
    ("credentials_uri_failed", FaultKind::CredentialsUriFailed),
    (
        "credentials_uri_without_code",
        FaultKind::CredentialsUriWithoutCode,
    ),
    ("kafka_forbidden", FaultKind::KafkaForbidden),
];

impl FaultKind {
    /// All names, in the order of the documentation.
    pub fn names() -> impl Iterator<Item = &'static str> {
        CATALOGUE.iter().map(|(name, _)| *name)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        let found = CATALOGUE.iter().find(|(known, _)| *known == name);
        found.map(|(_, kind)| *kind)
    }

    /// The name in JSON, on the command line and in the counters.
    #[must_use]
    pub fn name(self) -> &'static str {
        let same = std::mem::discriminant(&self);
        let mut entries = CATALOGUE.iter();
        entries
            .find(|(_, kind)| std::mem::discriminant(kind) == same)
            .map_or("unknown", |(name, _)| name)
    }

    /// Takes the number a kind has; a number it does not have is an error.
    pub(super) fn with_number(self, ms: Option<u64>, seconds: Option<i64>) -> Result<Self, String> {
        let name = self.name();
        let refuse = |key| Err(format!("`{name}` takes no `{key}`"));
        match (self, ms, seconds) {
            (Self::Slow { ms: preset }, ms, None) => Ok(Self::Slow {
                ms: ms.unwrap_or(preset),
            }),
            (Self::ThrottlingRetryAfter { ms: preset }, ms, None) => {
                Ok(Self::ThrottlingRetryAfter {
                    ms: ms.unwrap_or(preset),
                })
            }
            (Self::ClockSkew { seconds: preset }, None, seconds) => Ok(Self::ClockSkew {
                seconds: seconds.unwrap_or(preset),
            }),
            (Self::FutureTimestamps { seconds: preset }, None, seconds) => {
                Ok(Self::FutureTimestamps {
                    seconds: seconds.unwrap_or(preset),
                })
            }
            (_, None, None) => Ok(self),
            (Self::Slow { .. } | Self::ThrottlingRetryAfter { .. }, _, Some(_))
            | (_, None, Some(_)) => refuse("seconds"),
            (_, Some(_), _) => refuse("ms"),
        }
    }

    pub(super) fn stage(self) -> Stage {
        match self {
            Self::ClockSkew { .. } | Self::AccessKeyNotFound | Self::SecurityTokenExpired => {
                Stage::Gateway
            }
            Self::Slow { .. } => Stage::Delay,
            Self::Throttling
            | Self::ThrottlingRetryAfter { .. }
            | Self::Http429
            | Self::ServiceUnavailable
            | Self::InternalError
            | Self::Empty500
            | Self::Html502
            | Self::TruncatedBody
            | Self::Reset
            | Self::Stall
            | Self::SuccessFalse
            | Self::CodeOnly
            | Self::Forbidden
            | Self::InvalidParameter
            | Self::StsNoExpiration
            | Self::StsHtml502
            | Self::StsThrottling
            | Self::RoleDenied
            | Self::MetadataHtml
            | Self::MetadataHang
            | Self::MetadataNoRole
            | Self::MetadataFailed
            | Self::ImdsV2Refused
            | Self::CredentialsUriFailed
            | Self::CredentialsUriWithoutCode
            | Self::KafkaForbidden => Stage::Reply,
            Self::DatapointsMissing
            | Self::DatapointsNull
            | Self::DatapointsEmptyString
            | Self::DatapointsMalformed
            | Self::DatapointsArray
            | Self::RepeatedToken
            | Self::EmptyPageWithToken
            | Self::EndlessTokens
            | Self::NegativeValues
            | Self::FutureTimestamps { .. }
            | Self::NoStatistic => Stage::Data,
        }
    }

    /// The service a fault can change, when it is made for one.
    fn home(self) -> Option<Service> {
        match self {
            Self::StsNoExpiration | Self::StsHtml502 | Self::StsThrottling | Self::RoleDenied => {
                Some(Service::Sts)
            }
            Self::MetadataHtml
            | Self::MetadataHang
            | Self::MetadataNoRole
            | Self::MetadataFailed
            | Self::ImdsV2Refused => Some(Service::Metadata),
            Self::CredentialsUriFailed | Self::CredentialsUriWithoutCode => {
                Some(Service::CredentialsUri)
            }
            Self::KafkaForbidden => Some(Service::Kafka),
            _ => None,
        }
    }

    /// Whether a fault without an action in its scope means this service. What is made for no service means
    /// CloudMonitor, which was the only one once: a test that breaks it must not lose its keys as well.
    pub(super) fn is_at_home_in(self, service: Service) -> bool {
        let everywhere = self == Self::SecurityTokenExpired;
        everywhere || self.home().unwrap_or_default() == service
    }

    /// Whether the reply is one that this fault can change at all; if not, it waits for another and is not used up.
    pub(super) fn can_change(self, facts: &RequestFacts) -> bool {
        self.home().is_none_or(|home| home == facts.service)
            && match self {
                Self::SecurityTokenExpired => facts.has_security_token,
                Self::ImdsV2Refused => facts.step == Step::MetadataToken,
                Self::MetadataNoRole => {
                    matches!(facts.step, Step::MetadataRole | Step::MetadataSet)
                }
                Self::MetadataFailed => facts.step == Step::MetadataSet,
                _ => true,
            }
    }

    /// Whether the action itself refuses because of this fault.
    pub(crate) fn refuses(self) -> bool {
        matches!(self, Self::ImdsV2Refused | Self::MetadataNoRole)
    }
}

#[cfg(test)]
mod tests {
    use super::{CATALOGUE, FaultKind};

    #[test]
    fn the_name_in_the_catalogue_is_the_name_in_json() {
        for (name, kind) in CATALOGUE {
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json["fault"], name);
            assert_eq!(kind.name(), name);
            assert_eq!(FaultKind::named(name), Some(kind));
        }
    }

    #[test]
    fn a_number_goes_only_to_the_fault_that_has_one() {
        let slow = FaultKind::named("slow").unwrap();
        assert_eq!(
            slow.with_number(Some(5), None),
            Ok(FaultKind::Slow { ms: 5 })
        );
        assert_eq!(slow.with_number(None, None), Ok(slow));
        assert!(
            slow.with_number(None, Some(5))
                .unwrap_err()
                .contains("takes no `seconds`")
        );
        let skew = FaultKind::named("clock_skew").unwrap();
        assert!(
            skew.with_number(Some(5), None)
                .unwrap_err()
                .contains("takes no `ms`")
        );
        assert!(FaultKind::Reset.with_number(Some(5), None).is_err());
    }
}
