//! A lag as an exporter answers it, asked again and again.

use anyhow::{Context as _, anyhow, bail};
use jiff::{SignedDuration, Timestamp};
use lag_core::Lag;
use lag_runtime::{shutdown::Signals, system_clock};
use reqwest::{Client, StatusCode, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde::Deserialize;
use std::{fs::File, io::Write as _, path::PathBuf, sync::Arc, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::cli;

/// How long, how often, and where to.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) lasts: SignedDuration,
    pub(super) every: SignedDuration,
    /// Written as it comes, so that nothing is lost.
    pub(super) save: Option<PathBuf>,
}

/// An answer is a few hundred bytes.
const MOST_BYTES: usize = 64 * 1024;
const PATH: &str = "/api/v1/lag/";

/// The parts of the exporter's answer that are a number.
#[derive(Deserialize)]
struct Fresh {
    lag: f64,
}

/// One entry per answer, at the time of the answer. Ends early at Ctrl-C, with what there is by then.
pub(super) async fn ask(url: &str, plan: &Plan) -> anyhow::Result<Vec<(Timestamp, Option<Lag>)>> {
    // Errors and the first line of the answer repeat the URL.
    if url
        .split(PATH)
        .next()
        .is_some_and(|host| host.contains('@'))
    {
        bail!(
            "--record: a URL with a user or a password in it is refused: write http://HOST:9876{PATH}INSTANCE/GROUP"
        );
    }
    if !url.contains(PATH) || !(url.starts_with("http://") || url.starts_with("https://")) {
        bail!("--record {url}: write http://HOST:9876{PATH}INSTANCE/GROUP");
    }
    let every = Duration::try_from(plan.every).unwrap_or_default();
    if every < Duration::from_millis(10) {
        bail!("--every: write at least 10ms");
    }
    let client = client(url, every)?;
    let mut file = plan.save.as_deref().map(|path| {
        let file = File::create_new(path);
        file.with_context(|| format!("--save {} cannot be made", path.display()))
    });
    let mut file = file.take().transpose()?;
    if let Some(file) = &mut file {
        writeln!(file, "timestamp,lag")?;
    }
    let (now, mut signals) = (system_clock(), Signals::listen()?);
    let end = Instant::now() + Duration::try_from(plan.lasts).unwrap_or_default();
    let mut turns = interval(every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut points, mut told) = (Vec::new(), None);
    loop {
        // All three can be dropped without losing anything.
        tokio::select! {
            biased;
            _ = signals.next() => break,
            () = sleep_until(end) => break,
            _ = turns.tick() => {}
        }
        let answer = one(&client, url).await;
        let at = now();
        let lag = match answer {
            Ok(lag) => Some(lag),
            Err(error) => {
                let problem = format!("no number: {error:#}");
                if told.as_ref() != Some(&problem) {
                    cli::complain(&problem);
                    told = Some(problem);
                }
                None
            }
        };
        if let Some(file) = &mut file {
            let text = lag.map_or(String::new(), |lag| lag.as_f64().to_string());
            writeln!(file, "{at},{text}").context("--save cannot be written")?;
        }
        points.push((at, lag));
    }
    if points.iter().all(|(_, lag)| lag.is_none()) {
        bail!("{url} has not answered with a number once: there is nothing to simulate");
    }
    Ok(points)
}

async fn one(client: &Client, url: &str) -> anyhow::Result<Lag> {
    // The URL is on the command line already, and not repeated in every layer.
    let sent = client.get(url).send().await;
    let mut response = sent.map_err(|error| anyhow!("{}", deepest(&error.without_url())))?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(reqwest::Error::without_url)?
    {
        body.extend_from_slice(&chunk);
        if body.len() > MOST_BYTES {
            bail!("the answer is longer than {MOST_BYTES} bytes: that is no exporter");
        }
    }
    if status != StatusCode::OK {
        bail!("the exporter answers {}", status.as_u16());
    }
    let fresh: Fresh = serde_json::from_slice(&body)
        .map_err(|_| anyhow!("the answer has no number under lag: that is no exporter"))?;
    Ok(Lag::try_from(fresh.lag)?)
}

fn client(url: &str, every: Duration) -> anyhow::Result<Client> {
    let mut roots = RootCertStore::empty();
    if url.starts_with("https:") {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("kafka-lag/", env!("CARGO_PKG_VERSION")))
        .timeout(every.clamp(Duration::from_secs(1), Duration::from_secs(10)))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never());
    client
        .build()
        .context("the HTTP client could not be set up")
}

/// What went wrong at the bottom; the layers above only say that something did.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
