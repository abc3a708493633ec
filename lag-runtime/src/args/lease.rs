//! Flags about several replicas.

/// How replicas agree which of them asks the cloud.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Replicas")]
pub struct LeaseArgs {
    /// Lease of the cluster whose holder alone asks the cloud; other replicas follow it [default: none, every replica asks]
    #[arg(long = "lease", env = "KAFKA_LAG_LEASE", value_name = "NAMESPACE/NAME")]
    pub lease: Option<String>,
    /// Where other replicas can read this one [default: http://POD_IP:PORT, of the variable POD_IP and the first listening port]
    #[arg(
        long = "lease.advertise-url",
        env = "KAFKA_LAG_LEASE_ADVERTISE_URL",
        value_name = "URL"
    )]
    pub advertise_url: Option<String>,
    /// Time between two looks at the leader's board [default: 5s]
    #[arg(
        long = "lease.follow-interval",
        env = "KAFKA_LAG_LEASE_FOLLOW_INTERVAL",
        value_name = "DURATION"
    )]
    pub follow_interval: Option<String>,
    /// How long a leader that died keeps the lease; a shorter one is renewed more often [default: 15s]
    #[arg(
        long = "lease.duration",
        env = "KAFKA_LAG_LEASE_DURATION",
        value_name = "DURATION"
    )]
    pub duration: Option<String>,
}
