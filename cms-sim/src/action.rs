//! The actions that exist here, the service each belongs to, and what RAM calls them.

use crate::list::Kind;

/// Everything a client can ask for, signed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Data(Kind),
    Meta,
    AssumeRole,
    AssumeRoleWithOidc,
    InstanceList,
    ConsumerProgress,
    /// Any path of the instance metadata service.
    Metadata,
    CredentialsUri,
}

/// Who answers; the default scope of a fault is one of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Service {
    /// Also what no known action belongs to.
    #[default]
    Cms,
    Sts,
    Kafka,
    Metadata,
    CredentialsUri,
}

impl Action {
    /// The action of an API call; the metadata service and the credentials URI are paths, not actions.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "DescribeMetricList" => Some(Self::Data(Kind::List)),
            "DescribeMetricLast" => Some(Self::Data(Kind::Last)),
            "DescribeMetricMetaList" => Some(Self::Meta),
            "AssumeRole" => Some(Self::AssumeRole),
            "AssumeRoleWithOIDC" => Some(Self::AssumeRoleWithOidc),
            "GetInstanceList" => Some(Self::InstanceList),
            "GetConsumerProgress" => Some(Self::ConsumerProgress),
            _ => None,
        }
    }

    /// The name in counters and in the scope of a fault.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Data(Kind::List) => "DescribeMetricList",
            Self::Data(Kind::Last) => "DescribeMetricLast",
            Self::Meta => "DescribeMetricMetaList",
            Self::AssumeRole => "AssumeRole",
            Self::AssumeRoleWithOidc => "AssumeRoleWithOIDC",
            Self::InstanceList => "GetInstanceList",
            Self::ConsumerProgress => "GetConsumerProgress",
            Self::Metadata => "Metadata",
            Self::CredentialsUri => "CredentialsUri",
        }
    }

    pub(crate) fn service(self) -> Service {
        match self {
            Self::Data(_) | Self::Meta => Service::Cms,
            Self::AssumeRole | Self::AssumeRoleWithOidc => Service::Sts,
            Self::InstanceList | Self::ConsumerProgress => Service::Kafka,
            Self::Metadata => Service::Metadata,
            Self::CredentialsUri => Service::CredentialsUri,
        }
    }

    /// What RAM calls it, which for CloudMonitor is not what the API calls it. Paths need no permission.
    pub(crate) fn ram_name(self) -> Option<&'static str> {
        match self {
            Self::Data(Kind::List) => Some("cms:QueryMetricList"),
            Self::Data(Kind::Last) => Some("cms:QueryMetricLast"),
            Self::Meta => Some("cms:QueryMetricMeta"),
            // A role is assumed either way; RAM reports this action for a token of OIDC, too.
            Self::AssumeRole | Self::AssumeRoleWithOidc => Some("sts:AssumeRole"),
            // An older policy page names alikafka:ListInstance; which one the service reports is not verified.
            Self::InstanceList => Some("alikafka:GetInstanceList"),
            Self::ConsumerProgress => Some("alikafka:ListGroup"),
            Self::Metadata | Self::CredentialsUri => None,
        }
    }
}

impl Service {
    /// The only version served; paths have none.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Cms => "2019-01-01",
            Self::Sts => "2015-04-01",
            Self::Kafka => "2019-09-16",
            Self::Metadata | Self::CredentialsUri => "",
        }
    }

    /// The product in the link of an error body.
    pub(crate) fn product(self) -> &'static str {
        match self {
            Self::Cms => "Cms",
            Self::Sts => "Sts",
            Self::Kafka => "alikafka",
            Self::Metadata | Self::CredentialsUri => "Ecs",
        }
    }
}
