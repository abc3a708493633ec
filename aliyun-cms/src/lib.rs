#![doc = include_str!("../README.md")]

mod attempt;
mod builder;
mod client;
mod clock;
mod credentials;
mod endpoint;
mod error;
mod exchange;
mod limit;
mod observe;
mod paginate;
mod redact;
mod reply;
mod request;
mod retry;
pub mod sign;
mod tls;
mod wire;

pub use crate::{
    attempt::Placement,
    builder::ClientBuilder,
    client::Client,
    clock::{Clock, SystemClock},
    credentials::{
        AssumeRoleCredentials, AssumeRoleSettings, CachedCredentials, Chain, CliProfileCredentials,
        Credentials, CredentialsError, CredentialsFuture, CredentialsSource, DefaultCredentials,
        DefaultCredentialsBuilder, EcsRoleCredentials, EnvironmentCredentials, FileCredentials,
        OidcCredentials, ProfileFileCredentials, ProvideCredentials, UnknownSource, UriCredentials,
    },
    endpoint::{Endpoint, InvalidEndpoint},
    error::{ApiError, BuildError, DecodeError, Error, ErrorKind, PaginationError, TransportError},
    limit::{RateLimiter, Turn},
    observe::{Attempt, Observer},
    paginate::{MetricPage, Pages},
    reply::Reply,
    request::{
        DescribeMetricLast, DescribeMetricList, DescribeMetricMetaList, MetricMeta, MetricMetaPage,
    },
    retry::RetryPolicy,
    sign::SignatureVersion,
};
