//! The command line of `simulate`.

use std::path::PathBuf;

use super::OutputArgs;

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
#[command(group = clap::ArgGroup::new("input").required(true))]
#[command(group = clap::ArgGroup::new("autoscaler").required(true).multiple(true))]
pub(crate) struct SimulateArgs {
    /// Lag from a file, or - for stdin: lines `TIME,LAG`, or JSON with `timestamp` and `lag`, an object a line or a list
    /// of objects; the listing of /api/v1/lag is one moment and no series
    #[arg(long, value_name = "FILE", group = "input", help_heading = "Lag")]
    pub(crate) series: Option<PathBuf>,
    /// Lag asked from an exporter: http://HOST:9876/api/v1/lag/INSTANCE/GROUP
    #[arg(long, value_name = "URL", group = "input", help_heading = "Lag")]
    pub(crate) record: Option<String>,
    /// How long to ask
    #[arg(
        long = "for",
        value_name = "DURATION",
        default_value = "10m",
        conflicts_with_all = ["series", "scenario"],
        help_heading = "Lag"
    )]
    pub(crate) lasts: String,
    /// How often to ask
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "15s",
        conflicts_with_all = ["series", "scenario"],
        help_heading = "Lag"
    )]
    pub(crate) every: String,
    /// File for what was asked, for --series later on
    #[arg(long, value_name = "FILE", conflicts_with_all = ["series", "scenario"], help_heading = "Lag")]
    pub(crate) save: Option<PathBuf>,
    /// Lag made up, see below
    #[arg(long, value_name = "SCENARIO", group = "input", help_heading = "Lag")]
    pub(crate) scenario: Option<String>,

    /// HorizontalPodAutoscaler with one External metric; several are compared
    #[arg(
        long,
        value_name = "FILE",
        group = "autoscaler",
        help_heading = "Autoscaler"
    )]
    pub(crate) hpa: Vec<PathBuf>,
    /// ScaledObject of KEDA with one trigger; one on recommended replicas is given beside one policy
    #[arg(
        long,
        value_name = "FILE",
        group = "autoscaler",
        help_heading = "Autoscaler"
    )]
    pub(crate) keda: Vec<PathBuf>,
    /// Step policy behind an HPA with AverageValue 1, see below
    #[arg(
        long,
        value_name = "POLICY",
        group = "autoscaler",
        help_heading = "Autoscaler"
    )]
    pub(crate) steps: Vec<String>,
    /// Time to drain behind an HPA with AverageValue 1, see below
    #[arg(
        long,
        value_name = "POLICY",
        group = "autoscaler",
        help_heading = "Autoscaler"
    )]
    pub(crate) drain: Vec<String>,
    /// Configuration file of the exporter: the rule under `recommend` that is for --group, behind an HPA likewise
    #[arg(
        long = "config.file",
        value_name = "FILE",
        group = "autoscaler",
        requires = "rule_for",
        help_heading = "Autoscaler"
    )]
    pub(crate) config_file: Option<String>,
    /// Group whose rule is taken: NAME, or INSTANCE/NAME
    #[arg(
        long = "group",
        id = "rule_for",
        value_name = "GROUP",
        requires = "config_file",
        help_heading = "Autoscaler"
    )]
    pub(crate) group: Option<String>,
    /// Replicas at the beginning [default: the fewest each autoscaler allows]
    #[arg(long, value_name = "NUMBER", help_heading = "Autoscaler")]
    pub(crate) replicas: Option<u32>,
    /// The cluster's tolerance, where an HPA has none of its own
    #[arg(
        long,
        value_name = "FRACTION",
        default_value = "0.1",
        help_heading = "Autoscaler"
    )]
    pub(crate) tolerance: String,
    /// From one sync of the controller to the next
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "15s",
        help_heading = "Autoscaler"
    )]
    pub(crate) sync_period: String,

    /// From the request for a pod until it is ready
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "30s",
        help_heading = "Time"
    )]
    pub(crate) start_up: String,
    /// From the time of a point until it can be seen [default: 90s for a load, 0s else]
    #[arg(long, value_name = "DURATION", help_heading = "Time")]
    pub(crate) delay: Option<String>,
    /// From point to point of a scenario [default: 60s for a load, each sync else]
    #[arg(long, value_name = "DURATION", help_heading = "Time")]
    pub(crate) period: Option<String>,
    /// Up to this age a point is a number
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "5m",
        help_heading = "Time"
    )]
    pub(crate) max_age: String,

    #[command(flatten)]
    pub(crate) out: OutputArgs,
    /// File for a picture (SVG) of lag and replicas, instead of charts out of characters
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Count the time with a lag above this
    #[arg(long, value_name = "LAG", default_value = "100000")]
    pub(crate) above: String,
}

const AFTER_HELP: &str = "\
Scenarios; several of the first kind are joined by ;
  steady:56000/30m           the same lag
  ramp:0..300000/30m         from one to the other
  spike:20000,400000/10m     low, high and low again, 10m each
  steps:100001,49000/10m     one after the other, 10m each
  outage/20m                 no new points: the last one gets too old
  load:1200/s,rate:500/s,for:2h
                             a lag that follows from the replicas: what comes
                             in, less what a busy replica consumes. Also
                             peak:3000/s@30m+20m, outage:@1h+10m, lag:50000 at
                             the beginning, partitions:12
Policies:
  base=2,max=5,above 100000:+1,above 150000:+2,back=50000
                             also sustained=2m, partitions=12
  within=10m,rate=500,min=2,max=20
                             also calm=1000, partitions=12
An HPA with AverageValue 1 is for a number of replicas: given beside one policy,
it is the HPA behind it, with its behavior. In a series an empty lag, null, NaN
or the name of a state (stale, absent, failed) is no number, never 0.";
