//! Flags about the cloud and what is asked of it.

/// Where lag comes from.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Cloud")]
pub struct SourceArgs {
    /// Region of the instances, such as cn-hangzhou [also: REGION_ID]
    #[arg(
        long = "cms.region",
        env = "KAFKA_LAG_CMS_REGION",
        value_name = "REGION"
    )]
    pub region: Option<String>,
    /// Kafka instance to read; repeatable, or separated by commas [also: TARGET_INSTANCE_ID]
    #[arg(
        long = "cms.instance",
        env = "KAFKA_LAG_CMS_INSTANCE",
        value_name = "ID",
        value_delimiter = ','
    )]
    pub instance: Vec<String>,
    /// CloudMonitor URL, instead of the region's own
    #[arg(
        long = "cms.endpoint",
        env = "KAFKA_LAG_CMS_ENDPOINT",
        value_name = "URL"
    )]
    pub endpoint: Option<String>,
    /// Network of the region's endpoint: public or vpc [default: public]
    #[arg(
        long = "cms.network",
        env = "KAFKA_LAG_CMS_NETWORK",
        value_name = "NETWORK"
    )]
    pub network: Option<String>,
    /// Signature: v1 (HMAC-SHA1) or v3 (ACS3-HMAC-SHA256) [default: v1]
    #[arg(
        long = "cms.signature",
        env = "KAFKA_LAG_CMS_SIGNATURE",
        value_name = "VERSION"
    )]
    pub signature: Option<String>,
    /// Where parameters travel: query, as the official clients do, or form [default: query]
    #[arg(
        long = "cms.placement",
        env = "KAFKA_LAG_CMS_PLACEMENT",
        value_name = "PLACE"
    )]
    pub placement: Option<String>,
    /// Time for one attempt of one call [default: 10s]
    #[arg(
        long = "cms.timeout",
        env = "KAFKA_LAG_CMS_TIMEOUT",
        value_name = "DURATION"
    )]
    pub timeout: Option<String>,
    /// Calls per second at most; the account's limit is 50, shared by all its users [default: 20]
    #[arg(
        long = "cms.rate-limit",
        env = "KAFKA_LAG_CMS_RATE_LIMIT",
        value_name = "NUMBER"
    )]
    pub rate_limit: Option<String>,
    /// Attempts of one call, the first included [default: 4]
    #[arg(
        long = "cms.max-attempts",
        env = "KAFKA_LAG_CMS_MAX_ATTEMPTS",
        value_name = "NUMBER"
    )]
    pub max_attempts: Option<String>,
    /// Pages of one query; more are an error, because part of the data looks like all of it [default: 1000]
    #[arg(
        long = "cms.max-pages",
        env = "KAFKA_LAG_CMS_MAX_PAGES",
        value_name = "NUMBER"
    )]
    pub max_pages: Option<String>,
    /// File with further CA certificates (PEM)
    #[arg(
        long = "cms.ca-file",
        env = "KAFKA_LAG_CMS_CA_FILE",
        value_name = "FILE"
    )]
    pub ca_file: Option<String>,
    /// Metric of the namespace acs_kafka that holds a group's lag [default: message_accumulation]
    #[arg(long = "cms.metric", env = "KAFKA_LAG_CMS_METRIC", value_name = "NAME")]
    pub metric: Option<String>,
    /// Metric that holds a group's lag per topic [default: message_accumulation_onetopic]
    #[arg(
        long = "cms.topic-metric",
        env = "KAFKA_LAG_CMS_TOPIC_METRIC",
        value_name = "NAME"
    )]
    pub topic_metric: Option<String>,
    /// Statistic of a point: first (Value, else Maximum, else Average), maximum or average [default: first]
    #[arg(
        long = "cms.statistic",
        env = "KAFKA_LAG_CMS_STATISTIC",
        value_name = "STATISTIC"
    )]
    pub statistic: Option<String>,
}

/// When and how lag is collected.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Collection")]
pub struct CollectArgs {
    /// Time between collections [default: 60s]
    #[arg(
        long = "collect.interval",
        env = "KAFKA_LAG_COLLECT_INTERVAL",
        value_name = "DURATION"
    )]
    pub interval: Option<String>,
    /// aligned: soon after a minute is published, as learned from the answers; fixed: every interval [default: aligned]
    #[arg(
        long = "collect.schedule",
        env = "KAFKA_LAG_COLLECT_SCHEDULE",
        value_name = "SCHEDULE"
    )]
    pub schedule: Option<String>,
    /// How far back one query asks [default: 5m]
    #[arg(
        long = "collect.window",
        env = "KAFKA_LAG_COLLECT_WINDOW",
        value_name = "DURATION"
    )]
    pub window: Option<String>,
    /// Period of the metric [default: 60s]
    #[arg(
        long = "collect.period",
        env = "KAFKA_LAG_COLLECT_PERIOD",
        value_name = "DURATION"
    )]
    pub period: Option<String>,
    /// Also collect lag per topic, at the price of more calls: true or false [default: false]
    #[arg(
        long = "collect.topics",
        env = "KAFKA_LAG_COLLECT_TOPICS",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub topics: Option<String>,
}

/// What counts as a number.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Lag")]
pub struct LagArgs {
    /// Older data is no number: its series is withdrawn [default: 3 intervals, at least 5m]
    #[arg(
        long = "lag.max-age",
        env = "KAFKA_LAG_LAG_MAX_AGE",
        value_name = "DURATION"
    )]
    pub max_age: Option<String>,
    /// How long a group that disappeared is remembered as stale [default: 1h]
    #[arg(
        long = "lag.forget-after",
        env = "KAFKA_LAG_LAG_FORGET_AFTER",
        value_name = "DURATION"
    )]
    pub forget_after: Option<String>,
    /// Series per source at most; further ones are dropped and counted [default: 100000]
    #[arg(
        long = "lag.max-series",
        env = "KAFKA_LAG_LAG_MAX_SERIES",
        value_name = "NUMBER"
    )]
    pub max_series: Option<String>,
    /// Lag above which a group is in trouble, on the status page and, as a metric, for the alert rules [default: none]
    #[arg(
        long = "lag.threshold",
        env = "KAFKA_LAG_LAG_THRESHOLD",
        value_name = "MESSAGES"
    )]
    pub threshold: Option<String>,
}

/// Which groups are looked at.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Groups")]
pub struct GroupArgs {
    /// Groups to take: exact:, prefix:, suffix:, glob: or re: and a text; repeatable [default: all]
    #[arg(
        long = "group.include",
        env = "KAFKA_LAG_GROUP_INCLUDE",
        value_name = "PATTERN",
        value_delimiter = ','
    )]
    pub include: Vec<String>,
    /// Groups to leave out, in the same form; wins over include; repeatable
    #[arg(
        long = "group.exclude",
        env = "KAFKA_LAG_GROUP_EXCLUDE",
        value_name = "PATTERN",
        value_delimiter = ','
    )]
    pub exclude: Vec<String>,
    /// Group that must exist: NAME, or INSTANCE/NAME with several instances; its absence becomes visible; repeatable
    #[arg(
        long = "group.expect",
        env = "KAFKA_LAG_GROUP_EXPECT",
        value_name = "GROUP",
        value_delimiter = ','
    )]
    pub expect: Vec<String>,
}
