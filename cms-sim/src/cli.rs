//! Flags, and what the program does with them.

use std::{error::Error, net::SocketAddr, time::Duration};

use clap::{Parser, ValueEnum, builder::PossibleValuesParser};
use cms_sim::{Fault, FaultKind, PointOrder, Robot, SimConfig, Simulator};
use jiff::SignedDuration;
use tokio::signal::unix::{SignalKind, signal};

/// A CloudMonitor stand-in on loopback: verifies signatures, serves consumer lag of invented Kafka groups, injects faults.
#[derive(Debug, Parser)]
#[command(version, term_width = 100)]
pub(crate) struct Args {
    /// Loopback address to listen on; port 0 takes a free one.
    #[arg(
        long,
        env = "CMS_SIM_LISTEN_ADDRESS",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:18080"
    )]
    listen_address: SocketAddr,

    /// A dozen lively groups over two instances; this is what you get without --groups.
    #[arg(long, env = "CMS_SIM_DEMO", conflicts_with = "groups")]
    demo: bool,

    /// Serve this many generated groups instead of the demo.
    #[arg(long, env = "CMS_SIM_GROUPS", value_name = "N")]
    groups: Option<usize>,

    /// Spread the generated groups over this many instances.
    #[arg(long, env = "CMS_SIM_INSTANCES", value_name = "N", default_value = "1", requires = "groups",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    instances: u32,

    /// Topics that every group consumes.
    #[arg(long, env = "CMS_SIM_TOPICS", value_name = "N", default_value = "2",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    topics: u32,

    /// Partitions of every topic.
    #[arg(long, env = "CMS_SIM_PARTITIONS", value_name = "N", default_value = "12",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    partitions: u32,

    /// The key id clients must use; a dummy, never a real one.
    #[arg(
        long,
        env = "CMS_SIM_ACCESS_KEY_ID",
        value_name = "ID",
        default_value = "sim-key-id"
    )]
    access_key_id: String,

    /// Its secret; a dummy, never a real one.
    #[arg(
        long,
        env = "CMS_SIM_ACCESS_KEY_SECRET",
        hide_env_values = true,
        value_name = "SECRET",
        default_value = "sim-key-secret"
    )]
    access_key_secret: String,

    /// Makes the key a temporary one that needs this token.
    #[arg(
        long,
        env = "CMS_SIM_SECURITY_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    security_token: Option<String>,

    /// How long after the end of its minute a point can be seen, for example 5s or 1m.
    #[arg(long, env = "CMS_SIM_PUBLICATION_DELAY", value_name = "DURATION", default_value = "5s", value_parser = duration)]
    publication_delay: Duration,

    /// Up to so much more delay, different from minute to minute.
    #[arg(long, env = "CMS_SIM_PUBLICATION_JITTER", value_name = "DURATION", default_value = "0s", value_parser = duration)]
    publication_jitter: Duration,

    /// The longest life of a temporary set of keys; shortens what DurationSeconds asks for.
    #[arg(long, env = "CMS_SIM_TOKEN_LIFETIME", value_name = "DURATION", default_value = "1h", value_parser = duration)]
    token_lifetime: Duration,

    /// The metadata service refuses requests without a token of its own.
    #[arg(long, env = "CMS_SIM_IMDS_V2_ONLY")]
    imds_v2_only: bool,

    /// Calls per second and action before Throttling.User; 0 allows any number.
    #[arg(
        long,
        env = "CMS_SIM_RATE_LIMIT",
        value_name = "N",
        default_value = "50"
    )]
    rate_limit: u32,

    /// Order of points over pages: minute by minute, or group by group.
    #[arg(long, env = "CMS_SIM_ORDER", value_enum, default_value = "time")]
    order: Order,

    /// Seed of everything that looks random.
    #[arg(long, env = "CMS_SIM_SEED", value_name = "N", default_value = "1")]
    seed: u64,

    /// A fault that is active from the start; may be given several times.
    #[arg(long, env = "CMS_SIM_FAULT", value_name = "NAME", value_delimiter = ',',
          value_parser = PossibleValuesParser::new(FaultKind::names()))]
    fault: Vec<String>,

    /// A group robot, KIND:TOKEN[,secret=SECRET][,keyword=WORD], with dingtalk, feishu, wecom or webhook as KIND; may be
    /// given several times.
    #[arg(
        long,
        env = "CMS_SIM_ROBOT",
        hide_env_values = true,
        value_name = "ROBOT"
    )]
    robot: Vec<Robot>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Order {
    Time,
    Group,
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text
        .parse::<SignedDuration>()
        .map_err(|error| error.to_string())?;
    Duration::try_from(parsed).map_err(|_| "must not be negative; for example 5s or 1m".into())
}

impl Args {
    fn into_config(self) -> Result<SimConfig, Box<dyn Error>> {
        let config = match self.groups {
            Some(groups) => SimConfig::scale_over(groups, usize::try_from(self.instances)?),
            None => SimConfig::demo(),
        };
        let config = config
            .listen(self.listen_address)
            .credentials(
                self.access_key_id,
                self.access_key_secret,
                self.security_token.as_deref(),
            )
            .topics(usize::try_from(self.topics)?)
            .partitions(usize::try_from(self.partitions)?)
            .publication_delay(self.publication_delay)
            .publication_jitter(self.publication_jitter)
            .token_lifetime(self.token_lifetime)
            .imds_v2_only(self.imds_v2_only)
            .rate_limit(self.rate_limit)
            .order(match self.order {
                Order::Time => PointOrder::TimeMajor,
                Order::Group => PointOrder::GroupMajor,
            })
            .seed(self.seed);
        let faults = self.fault.iter().map(|name| Fault::named(name));
        let faults = faults.collect::<Result<Vec<_>, _>>()?;
        let config = faults.into_iter().fold(config, SimConfig::fault);
        Ok(self.robot.into_iter().fold(config, SimConfig::robot))
    }
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(args: Args, say: impl Fn(&str)) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Before the first line is printed: who reads it may send a signal at once.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let secret = args.access_key_secret.clone();
        let robots: Vec<String> = args.robot.iter().map(Robot::target).collect();
        let config = args.into_config()?;
        let (key, instances) = (config.key_id().to_owned(), config.instance_ids().join(", "));
        let simulator = Simulator::start(config).await?;
        let url = simulator.url();
        say(&format!("cms-sim listening on {url}"));
        say(&guide(&url, &key, &secret, &instances, &robots));
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        simulator.shutdown().await;
        Ok(())
    })
}

fn guide(url: &str, key: &str, secret: &str, instances: &str, robots: &[String]) -> String {
    let robots: String = robots
        .iter()
        .map(|target| format!("\n  robot                             {url}{target}"))
        .collect();
    format!(
        "\nPoint a client at it (dummy keys, nothing leaves this machine):\n  \
         endpoint                          {url}\n  \
         ALIBABA_CLOUD_ACCESS_KEY_ID       {key}\n  \
         ALIBABA_CLOUD_ACCESS_KEY_SECRET   {secret}\n  \
         instances                         {instances}\n  \
         credentials URI                   {url}/credentials\n  \
         instance metadata and STS         {url}{robots}\n\n\
         Watch and control it:\n  \
         curl {url}/_sim/state\n  \
         curl -X POST {url}/_sim/faults -d '{{\"fault\":\"throttling\",\"times\":3}}'"
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::{Args, duration};

    #[test]
    fn the_flags_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn durations_have_units_and_no_sign() {
        assert_eq!(duration("1m 30s").unwrap().as_secs(), 90);
        assert!(duration("5").is_err());
        assert!(duration("-5s").unwrap_err().contains("negative"));
    }
}
