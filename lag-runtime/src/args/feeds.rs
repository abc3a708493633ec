//! Flags about what autoscalers read.

/// What a HorizontalPodAutoscaler reads through the API server.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "External metrics API")]
pub struct ExternalMetricsArgs {
    /// Address to serve external.metrics.k8s.io on, always with TLS, such as :6443; without it the API is off
    #[arg(
        long = "external-metrics.listen-address",
        env = "KAFKA_LAG_EXTERNAL_METRICS_LISTEN_ADDRESS",
        value_name = "ADDRESS"
    )]
    pub external_metrics_listen_address: Option<String>,
    /// Serving certificate (PEM), read again when it changes; its name must be SERVICE.NAMESPACE.svc
    #[arg(
        long = "external-metrics.tls-cert-file",
        env = "KAFKA_LAG_EXTERNAL_METRICS_TLS_CERT_FILE",
        value_name = "FILE"
    )]
    pub external_metrics_tls_cert_file: Option<String>,
    /// Key of the serving certificate (PEM)
    #[arg(
        long = "external-metrics.tls-key-file",
        env = "KAFKA_LAG_EXTERNAL_METRICS_TLS_KEY_FILE",
        value_name = "FILE"
    )]
    pub external_metrics_tls_key_file: Option<String>,
    /// Who may read: mtls, only the API server, which has checked the reader's rights; or delegated, also readers with a token or certificate of their own, whose rights the API server is asked for [default: mtls]
    #[arg(
        long = "external-metrics.auth",
        env = "KAFKA_LAG_EXTERNAL_METRICS_AUTH",
        value_name = "MODE"
    )]
    pub external_metrics_auth: Option<String>,
}

/// What KEDA reads.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "KEDA external scaler")]
pub struct KedaArgs {
    /// Address to serve KEDA's external scaler protocol (gRPC) on, such as :6000; without it the scaler is off
    #[arg(
        long = "keda.listen-address",
        env = "KAFKA_LAG_KEDA_LISTEN_ADDRESS",
        value_name = "ADDRESS"
    )]
    pub keda_listen_address: Option<String>,
    /// Serving certificate (PEM), read again when it changes; without it gRPC is served in plain text
    #[arg(
        long = "keda.tls-cert-file",
        env = "KAFKA_LAG_KEDA_TLS_CERT_FILE",
        value_name = "FILE"
    )]
    pub keda_tls_cert_file: Option<String>,
    /// Key of the serving certificate (PEM)
    #[arg(
        long = "keda.tls-key-file",
        env = "KAFKA_LAG_KEDA_TLS_KEY_FILE",
        value_name = "FILE"
    )]
    pub keda_tls_key_file: Option<String>,
    /// Certificates (PEM) that must have signed the client's: mutual TLS
    #[arg(
        long = "keda.client-ca-file",
        env = "KAFKA_LAG_KEDA_CLIENT_CA_FILE",
        value_name = "FILE"
    )]
    pub keda_client_ca_file: Option<String>,
}
