//! Flags about the cluster.

/// Where the cluster is.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Cluster")]
pub struct KubeArgs {
    /// Kubeconfig of the cluster [default: KUBECONFIG, ~/.kube/config, or the cluster the program runs in]
    #[arg(long = "kubeconfig", env = "KAFKA_LAG_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<String>,
}
