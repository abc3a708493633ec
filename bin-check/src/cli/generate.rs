//! Flags of `generate`, one struct for each kind of object, and of `lint`.

use lag_runtime::args::ReadArgs;
use std::path::PathBuf;

use crate::kubernetes::{Cluster, Kind, Label, Place, name};

#[derive(Debug, clap::Args)]
pub(crate) struct GenerateArgs {
    #[command(subcommand)]
    pub(crate) what: What,
}

/// What is written.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum What {
    /// HorizontalPodAutoscalers on external metrics, one for each workload
    Hpa(Box<HpaArgs>),
    /// ScaledObjects of KEDA, one for each workload
    Keda(Box<KedaArgs>),
    /// The rule of prometheus-adapter that serves all groups under one name
    AdapterRules(AdapterArgs),
    /// The APIService of the external metrics API, and the Service behind it
    Apiservice(ApiserviceArgs),
    /// Alert rules for Prometheus
    PrometheusRules(RulesArgs),
    /// A ServiceMonitor of the Prometheus Operator
    Servicemonitor(MonitorArgs),
    /// What the exporter may do in the cluster
    Rbac(RbacArgs),
    /// A self-signed certificate with its key, for the external metrics API
    ServingCert(CertArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct FileArgs {
    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) output_file: Option<PathBuf>,
}

/// What replicas follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Metric {
    /// The lag, divided by what one replica may have.
    #[default]
    Lag,
    /// The number of replicas that the exporter's `recommend` rules give.
    Recommended,
}

/// Which groups scale which workloads, and how far.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Scaling")]
pub(crate) struct ScalingArgs {
    /// Group: NAME or INSTANCE/NAME; repeatable. With it nothing is asked of the cloud; without it all groups of the
    /// instances are asked for
    #[arg(long = "group", value_name = "GROUP")]
    pub(crate) groups: Vec<String>,
    /// Namespace of the workloads; may have {group} and {instance} in it
    #[arg(short, long, default_value = "default", value_name = "TEMPLATE")]
    pub(crate) namespace: String,
    /// Name of the workload of a group; groups that come to the same name share one autoscaler
    #[arg(
        long,
        default_value = "{group|lower|replace:_:-}",
        value_name = "TEMPLATE"
    )]
    pub(crate) workload: String,
    /// Kind of the workloads: Deployment, StatefulSet, ReplicaSet, or GROUP/VERSION/KIND
    #[arg(long, default_value = "Deployment", value_name = "KIND")]
    pub(crate) kind: Kind,
    /// What replicas follow
    #[arg(
        id = "followed_metric",
        long = "metric",
        value_enum,
        default_value_t,
        value_name = "METRIC"
    )]
    pub(crate) metric: Metric,
    /// Lag that one replica may have
    #[arg(long, default_value_t = 50_000, value_name = "MESSAGES", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) lag_per_replica: u64,
    /// Fewest replicas
    #[arg(long, default_value_t = 2, value_name = "NUMBER")]
    pub(crate) min_replicas: u32,
    /// Most replicas
    #[arg(long, default_value_t = 5, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_replicas: u32,
    /// Partitions of the topic; more replicas than that are never asked for
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) partitions: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct HpaArgs {
    #[command(flatten)]
    pub(crate) scaling: ScalingArgs,
    /// Version of the cluster; from 1.35 on tolerances are written
    #[arg(long, default_value = "1.34", value_name = "VERSION")]
    pub(crate) kubernetes: Cluster,
    #[command(flatten)]
    pub(crate) file: FileArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// How KEDA reads lag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Via {
    /// The exporter's external scaler, over gRPC.
    #[default]
    External,
    /// The exporter's HTTP API.
    MetricsApi,
    /// A Prometheus that scrapes the exporter.
    Prometheus,
}

#[derive(Debug, clap::Args)]
pub(crate) struct KedaArgs {
    #[command(flatten)]
    pub(crate) scaling: ScalingArgs,
    /// How KEDA reads lag
    #[arg(long, value_enum, default_value_t, value_name = "WAY")]
    pub(crate) via: Via,
    /// Where the external scaler listens (--keda.listen-address of the exporter), with --via external
    #[arg(
        long,
        default_value = "kafka-lag.monitoring.svc:6000",
        value_name = "HOST:PORT"
    )]
    pub(crate) scaler_address: String,
    /// Where the exporter serves HTTP, with --via metrics-api
    #[arg(
        long,
        default_value = "http://aliyun-kafka-exporter-service.monitoring.svc:9876",
        value_name = "URL"
    )]
    pub(crate) exporter_url: String,
    /// Where Prometheus is, with --via prometheus
    #[arg(
        long,
        default_value = "http://prometheus.monitoring.svc:9090",
        value_name = "URL"
    )]
    pub(crate) prometheus_url: String,
    #[command(flatten)]
    pub(crate) file: FileArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Where the adapter's rule is put.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AdapterFormat {
    /// The adapter's own configuration file.
    #[default]
    Config,
    /// Values of its Helm chart.
    Values,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AdapterArgs {
    /// Where the rule is put
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: AdapterFormat,
    /// Name under which an HPA asks for it
    #[arg(long, default_value = lag_core::names::LAG, value_name = "NAME")]
    pub(crate) metric_name: String,
    #[command(flatten)]
    pub(crate) file: FileArgs,
}

/// Where the exporter's Service is.
#[derive(Debug, clap::Args)]
pub(crate) struct ServiceArgs {
    /// Name of the Service
    #[arg(long, default_value = "kafka-lag-metrics", value_name = "NAME", value_parser = name)]
    pub(crate) service: String,
    /// Namespace of the exporter
    #[arg(short, long, default_value = "monitoring", value_name = "NAME", value_parser = name)]
    pub(crate) namespace: String,
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("trust").required(true).multiple(false))]
pub(crate) struct ApiserviceArgs {
    #[command(flatten)]
    pub(crate) place: ServiceArgs,
    /// Label of the exporter's pods, KEY=VALUE
    #[arg(
        long,
        default_value = "app=aliyun-kafka-exporter",
        value_name = "LABEL"
    )]
    pub(crate) selector: Label,
    /// Port of the pods (--external-metrics.listen-address of the exporter)
    #[arg(long, default_value_t = 6443, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) target_port: u16,
    /// PEM file with the CA of the serving certificate, or the self-signed certificate itself
    #[arg(long, group = "trust", value_name = "FILE")]
    pub(crate) ca_bundle_file: Option<PathBuf>,
    /// Let cert-manager fill in the CA of this Certificate
    #[arg(long, group = "trust", value_name = "NAMESPACE/NAME")]
    pub(crate) cert_manager: Option<Place>,
    /// Trust whoever answers: anybody who can answer at the Service's address sets your replicas
    #[arg(long, group = "trust")]
    pub(crate) insecure_skip_tls_verify: bool,
    #[command(flatten)]
    pub(crate) file: FileArgs,
}

/// What the rules are put into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RulesFormat {
    /// An object of the Prometheus Operator.
    #[default]
    PrometheusRule,
    /// A file for `rule_files`.
    Plain,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RulesArgs {
    /// What the rules are put into
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: RulesFormat,
    /// Limit of groups without one of their own (--lag.threshold of the exporter): KafkaConsumerLagHigh is a warning above
    /// it, and critical above 1.2 times as much
    #[arg(long, default_value_t = 150_000, value_name = "MESSAGES", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) threshold: u64,
    /// Time to catch up that is too long
    #[arg(long, default_value = "1h", value_name = "DURATION", value_parser = some_time)]
    pub(crate) max_drain: lag_core::PromDuration,
    /// Age of a datum that is too old (--lag.max-age of the exporter)
    #[arg(long, default_value = "5m", value_name = "DURATION", value_parser = some_time)]
    pub(crate) max_age: lag_core::PromDuration,
    /// Scrape job of the exporter, as generate servicemonitor and deploy/prometheus/scrape.yml call it
    #[arg(long, default_value = "kafka-exporter", value_name = "NAME")]
    pub(crate) job: String,
    /// Address of Grafana, for the links to dashboards
    #[arg(long, default_value = "", value_name = "URL")]
    pub(crate) grafana_url: String,
    /// Name of the object
    #[arg(long, default_value = "kafka-lag", value_name = "NAME", value_parser = name)]
    pub(crate) name: String,
    /// Namespace of the object
    #[arg(short, long, default_value = "monitoring", value_name = "NAME", value_parser = name)]
    pub(crate) namespace: String,
    /// Label `release` by which the operator finds the object; empty for none
    #[arg(long, default_value = "kube-prometheus-stack", value_name = "VALUE")]
    pub(crate) release_label: String,
    #[command(flatten)]
    pub(crate) file: FileArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MonitorArgs {
    /// Name of the object
    #[arg(long, default_value = "kafka-lag-exporter", value_name = "NAME", value_parser = name)]
    pub(crate) name: String,
    /// Namespace of the exporter's Service, and of the object
    #[arg(short, long, default_value = "monitoring", value_name = "NAME", value_parser = name)]
    pub(crate) namespace: String,
    /// Label of the exporter's Service, KEY=VALUE
    #[arg(
        long,
        default_value = "app=aliyun-kafka-exporter",
        value_name = "LABEL"
    )]
    pub(crate) selector: Label,
    /// Name of the Service's port
    #[arg(long, default_value = "metrics", value_name = "NAME")]
    pub(crate) port: String,
    /// Time between two scrapes; the data changes once a minute
    #[arg(long, default_value = "30s", value_name = "DURATION")]
    pub(crate) interval: lag_core::PromDuration,
    /// Name of the scrape job, as the alerts of generate prometheus-rules ask for it
    #[arg(long, default_value = "kafka-exporter", value_name = "NAME")]
    pub(crate) job: String,
    /// Label `release` by which the operator finds the object; empty for none
    #[arg(long, default_value = "kube-prometheus-stack", value_name = "VALUE")]
    pub(crate) release_label: String,
    #[command(flatten)]
    pub(crate) file: FileArgs,
}

/// A duration that is not nothing.
fn some_time(text: &str) -> Result<lag_core::PromDuration, String> {
    let time = text.parse::<lag_core::PromDuration>();
    let time = time.map_err(|error| error.to_string())?;
    if time.as_std().as_secs() == 0 {
        return Err("write at least 1s".to_owned());
    }
    Ok(time)
}

/// How the exporter knows who reads external metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Auth {
    /// Only the API server, by its certificate.
    #[default]
    Mtls,
    /// Anybody whom the API server knows and permits.
    Delegated,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RbacArgs {
    /// Namespace of the exporter
    #[arg(short, long, default_value = "monitoring", value_name = "NAME", value_parser = name)]
    pub(crate) namespace: String,
    /// ServiceAccount of the exporter
    #[arg(long, default_value = "kafka-lag-exporter", value_name = "NAME", value_parser = name)]
    pub(crate) service_account: String,
    /// How the exporter knows its callers (--external-metrics.auth of the exporter)
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    pub(crate) auth: Auth,
    /// Lease of two replicas of which one asks the cloud (--lease of the exporter)
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub(crate) lease: Option<Place>,
    /// Namespace of workloads that `recommend` rules of the exporter name; repeatable
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) recommend_namespace: Vec<String>,
    #[command(flatten)]
    pub(crate) file: FileArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CertArgs {
    #[command(flatten)]
    pub(crate) place: ServiceArgs,
    /// Directory for tls.crt and tls.key; made if it is missing
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: PathBuf,
    /// How long the certificate is valid
    #[arg(long, default_value_t = 3650, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) days: u32,
    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LintArgs {
    /// Files to read; - for stdin
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// How to write the answer
    #[arg(
        short = 'o',
        long,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        env = "KAFKA_LAG_OUTPUT"
    )]
    pub(crate) output: super::Output,
    /// Warnings end with code 1, too
    #[arg(long)]
    pub(crate) strict: bool,
    /// Version of the cluster
    #[arg(long, default_value = "1.34", value_name = "VERSION")]
    pub(crate) kubernetes: Cluster,
    /// Partitions of the topic, to compare maxReplicas with
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) partitions: Option<u32>,
}
