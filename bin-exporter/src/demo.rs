//! `--demo`: the real client against an embedded simulator.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use cms_sim::{SimConfig, Simulator};
use lag_runtime::{
    args::{Args, SourceArgs},
    config::{Config, File},
    credentials::{self, Provider},
};

const KEY: (&str, &str) = ("demo-key-id", "demo-key-secret");

/// The post's rule for every group, so that the metric of policies shows.
const FILE: &str = "
recommend:
  - groups: [\"glob:*\"]
    base: 2
    max: 5
    steps: [{above: 100000, add: 1}, {above: 150000, add: 2}]
    back_at: 50000
";

/// A running simulator and the configuration that points at it.
pub(crate) struct Demo {
    pub(crate) simulator: Simulator,
    pub(crate) config: Config,
    pub(crate) credentials: Provider,
}

/// Starts the simulator. Flags about the cloud would be lost here, so they are refused.
pub(crate) async fn start(mut args: Args) -> anyhow::Result<Demo> {
    let SourceArgs {
        region,
        instance,
        endpoint,
        ..
    } = &args.read.source;
    if args.read.config_file.is_some()
        || region.is_some()
        || endpoint.is_some()
        || !instance.is_empty()
    {
        bail!(
            "--demo brings its own cloud: leave out --config.file, --cms.region, --cms.instance and --cms.endpoint"
        );
    }
    let config = SimConfig::demo().credentials(KEY.0, KEY.1, None);
    let instances = config
        .instance_ids()
        .into_iter()
        .map(str::to_owned)
        .collect();
    // A port that documents can name; any other when it is taken.
    let usual = config.clone().listen(([127, 0, 0, 1], 18_080).into());
    let simulator = match Simulator::start(usual).await {
        Ok(simulator) => simulator,
        Err(_) => Simulator::start(config)
            .await
            .context("the simulated cloud cannot be started")?,
    };
    args.read.source.region = Some("demo".into());
    args.read.source.endpoint = Some(simulator.url());
    args.read.source.instance = instances;
    // Lively: the simulated cloud costs nothing, and faults should show within seconds.
    args.read
        .collect
        .interval
        .get_or_insert_with(|| "5s".into());
    args.read
        .collect
        .schedule
        .get_or_insert_with(|| "fixed".into());
    if args.web.listen_address.is_empty() {
        args.web.listen_address.push("127.0.0.1:9876".into());
    }
    let file = File::parse("the demo's file", FILE)?;
    let config = Config::resolve(&args, &file, &|_| None)?;
    Ok(Demo {
        simulator,
        config,
        credentials: credentials::fixed(KEY.0, KEY.1),
    })
}

/// What to open, in the first lines. A reader that went away, as `head` does, is no reason to end.
pub(crate) fn greet(
    (scheme, address): (&str, std::net::SocketAddr),
    cloud: &str,
    telemetry_path: &str,
) {
    let text = format!(
        "\
kafka-lag-exporter demo: a simulated cloud with a dozen consumer groups, no account needed.
  open   {scheme}://{address}/            (打开此地址即可查看)
  try    curl -s {scheme}://{address}{telemetry_path} | grep ^kafka_consumer
         curl -s {scheme}://{address}{telemetry_path} | grep ^kafka_lag_recommended
         curl -s {scheme}://{address}/api/v1/lag
  break  curl -s -X POST {cloud}/_sim/faults -d '{{\"fault\":\"throttling\"}}'
  mend   curl -s -X DELETE {cloud}/_sim/faults
  stop   Ctrl-C
"
    );
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}
