//! Asking: everything `doctor` does to the world. Nothing is judged here.

use aliyun_cms::Client;
use jiff::{SignedDuration, Timestamp};
use lag_core::{InstanceBoard, InstanceId, Reading, SnapshotBuilder, SnapshotRules};
use lag_runtime::{
    NAMESPACE,
    config::{SourceConfig, process_env},
};
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use super::facts::{Collection, Data, Expected, Facts, InstanceFacts, Keys, NoKeys, Problem};
use crate::{
    cloud::{Cloud, is_vendors, kafka_endpoint},
    commands::{instances, metrics, query::Looker},
    nearest::nearest,
};

/// Points that are too old for the window are looked for so far back.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(6);
/// Instances in one request, the vendor's limit.
const BATCH: usize = 50;

/// Asks about one source, as far as each answer allows the next question.
pub(super) async fn examine(
    cloud: &Cloud,
    source: &SourceConfig,
    kafka: Option<&str>,
) -> anyhow::Result<Facts> {
    let mut facts = Facts {
        source: source.name.clone(),
        region: source.region.clone(),
        host: source.endpoint.to_string(),
        metric: cloud.config.cms.metric.clone(),
        max_age: SignedDuration::try_from(cloud.config.lag.max_age)?,
        is_filtered: !source.filter.include.is_empty() || !source.filter.exclude.is_empty(),
        ..Facts::default()
    };
    facts.instances = source
        .instances
        .iter()
        .map(|id| InstanceFacts {
            id: id.to_string(),
            data: None,
        })
        .collect();
    facts.proxy = proxy(&facts.host);
    facts.keys = Some(keys(cloud, source).await);
    facts.addresses = resolve(&facts.host).await;
    let is_unresolved = matches!(facts.addresses, Some(Err(_))) && facts.proxy.is_none();
    if matches!(facts.keys, Some(Err(_))) || is_unresolved {
        return Ok(facts);
    }

    let offset: Arc<Mutex<Option<SignedDuration>>> = Arc::default();
    let noted = offset.clone();
    let observed = cloud.observed(source, move |attempt| {
        if let Some(offset) = attempt.clock_offset {
            *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(offset);
        }
    });
    let client = match observed {
        Ok(client) => client,
        Err(error) => {
            facts.query = Some(Err(Problem::before_sending(format!("{error:#}"))));
            return Ok(facts);
        }
    };
    let query = first_page(cloud, source, &client).await;
    facts.clock_offset = *offset.lock().unwrap_or_else(PoisonError::into_inner);
    let goes_on = match &query {
        Ok(_) => true,
        Err(problem) => {
            problem.kind == aliyun_cms::ErrorKind::InvalidRequest && problem.is_from_the_api()
        }
    };
    facts.query = Some(query);
    if !goes_on {
        return Ok(facts);
    }
    let offered = metrics::all(&client).await;
    let names = |metrics: Vec<aliyun_cms::MetricMeta>| {
        metrics.into_iter().map(|meta| meta.metric_name).collect()
    };
    facts.offered = Some(offered.map(names).map_err(Problem::new));
    facts.known = known(cloud, source, kafka).await;
    collect(cloud, source, &client, &mut facts).await?;
    Ok(facts)
}

async fn keys(cloud: &Cloud, source: &SourceConfig) -> Result<Keys, NoKeys> {
    match cloud.credentials(source).provide_credentials().await {
        Ok(keys) => Ok(Keys {
            from: keys.source().unwrap_or("the environment").to_owned(),
            masked_id: keys.masked_access_key_id(),
            is_temporary: keys.security_token().is_some(),
            expires_in: keys.expiry().map(|at| at.duration_since((cloud.now)())),
        }),
        Err(error) if error.is_not_configured() => Err(NoKeys::NotConfigured(error.to_string())),
        Err(error) => {
            let (hint, is_retryable) = (error.hint(), error.is_retryable());
            let text = format!("{:#}", anyhow::Error::from(error));
            Err(NoKeys::Broken {
                text,
                hint,
                is_retryable,
            })
        }
    }
}

/// The variable that names a proxy for this host, as the HTTP client reads them.
fn proxy(host: &str) -> Option<&'static str> {
    if lag_runtime::is_local(host) {
        return None;
    }
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    names
        .into_iter()
        .find(|name| process_env(name).is_some_and(|value| !value.is_empty()))
}

/// The addresses of a name; `None` when it is an address itself.
async fn resolve(host: &str) -> Option<Result<Vec<String>, String>> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    if name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return None;
    }
    Some(match tokio::net::lookup_host((name, 443)).await {
        Ok(found) => {
            let mut addresses: Vec<_> = found.map(|address| address.ip().to_string()).collect();
            addresses.sort();
            addresses.dedup();
            Ok(addresses)
        }
        Err(error) => Err(error.to_string()),
    })
}

/// The query for lag, as a collection begins it.
async fn first_page(cloud: &Cloud, source: &SourceConfig, client: &Client) -> Result<u64, Problem> {
    let window = cloud.config.collect.window;
    let span = window.at((cloud.now)());
    let request = client
        .describe_metric_list(NAMESPACE, &cloud.config.cms.metric)
        .instances(source.instances.iter().take(BATCH).map(InstanceId::as_str))
        .period(window.period())
        .window(span.start, span.end)
        .length(window.page_length());
    let page = request.send(None).await.map_err(Problem::new)?;
    let points: Vec<serde::de::IgnoredAny> =
        serde_json::from_str(page.datapoints()).unwrap_or_default();
    Ok(points.len() as u64)
}

/// The instances of the region, with their status.
async fn known(
    cloud: &Cloud,
    source: &SourceConfig,
    kafka: Option<&str>,
) -> Option<Result<Vec<(String, String)>, String>> {
    // A gateway or a stand-in for CloudMonitor knows nothing of the vendor's real hosts.
    let is_named =
        kafka.is_some_and(|url| !url.is_empty()) || cloud.config.kafka_endpoint.is_some();
    if !is_named && !is_vendors(source) {
        return None;
    }
    let asked = async {
        let endpoint = kafka_endpoint(&cloud.config, source, kafka)?;
        instances::list(&cloud.kafka(source, endpoint)?, &source.region).await
    };
    let described = |instance: instances::Instance| {
        let status = instances::status(instance.service_status).into_owned();
        (instance.instance_id, status)
    };
    Some(match asked.await {
        Ok(instances) => Ok(instances.into_iter().map(described).collect()),
        Err(error) => Err(format!("{error:#}")),
    })
}

/// A collection as the exporter makes it.
async fn collect(
    cloud: &Cloud,
    source: &SourceConfig,
    client: &Client,
    facts: &mut Facts,
) -> anyhow::Result<()> {
    let calls = || -> u64 {
        cloud
            .calls
            .totals()
            .values()
            .map(|count| count.requests)
            .sum()
    };
    let before = calls();
    let mut looker = Looker::new(cloud, [source])?;
    looker.look(cloud).await?;
    let now = (cloud.now)();
    let points = looker
        .board
        .sources()
        .map(|(_, board)| board.received)
        .sum();
    facts.collection = Some(Collection {
        calls: calls() - before,
        points,
    });
    for (id, instance) in facts.instances.iter_mut().zip(&source.instances) {
        let Some(board) = looker.board.instance(instance.as_str()) else {
            continue;
        };
        id.data = Some(
            match (&board.last_error, groups(cloud, board, facts.max_age, now)) {
                (Some(failure), _) => Data::Failed {
                    kind: failure.kind,
                    text: failure.detail.to_string(),
                },
                (None, Some(groups)) => groups,
                (None, None) => Data::Nothing {
                    older: older(cloud, client, instance, now).await,
                },
            },
        );
        let names: Vec<_> = board
            .samples()
            .map(|(series, _)| series.group.as_str())
            .collect();
        for series in source.expected.get(instance).into_iter().flatten() {
            let group = series.group.as_str();
            let near = nearest(group, names.iter().copied());
            facts.expected.push(Expected {
                name: format!("{instance}/{group}"),
                state: board.read(series, now, facts.max_age).state(),
                near: near.into_iter().map(str::to_owned).collect(),
            });
        }
    }
    Ok(())
}

/// How fresh the groups of an instance are; `None` when there are none.
fn groups(
    cloud: &Cloud,
    board: &InstanceBoard,
    max_age: SignedDuration,
    now: Timestamp,
) -> Option<Data> {
    let (mut fresh, mut stale) = (0, 0);
    for (series, reading) in board.rows(now, max_age) {
        match reading {
            Reading::Fresh(_) if series.topic.is_none() => fresh += 1,
            Reading::Stale { .. } if series.topic.is_none() => stale += 1,
            _ => {}
        }
    }
    let newest = board.samples().map(|(_, sample)| sample.age(now)).min()?;
    let period = SignedDuration::try_from(cloud.config.collect.window.period()).unwrap_or_default();
    let published_within = (newest - period).max(SignedDuration::ZERO);
    Some(Data::Groups {
        fresh,
        stale,
        newest,
        published_within,
    })
}

/// The age of the newest datum before the window, if there is one.
async fn older(
    cloud: &Cloud,
    client: &Client,
    instance: &InstanceId,
    now: Timestamp,
) -> Option<SignedDuration> {
    let page = client
        .describe_metric_last(NAMESPACE, &cloud.config.cms.metric)
        .instances([instance.as_str()])
        .period(cloud.config.collect.window.period())
        .window(now - LOOK_BACK, now)
        .length(cloud.config.collect.window.page_length())
        .send(None)
        .await
        .ok()?;
    let rules = SnapshotRules {
        statistic: cloud.config.cms.statistic,
        ..SnapshotRules::default()
    };
    let mut builder = SnapshotBuilder::new(&rules, [instance.clone()], now);
    builder.page(page.datapoints()).ok()?;
    let snapshot = builder.finish();
    let samples = snapshot.instances.values().flatten();
    let newest = samples.map(|(_, sample)| sample.age(now)).min()?;
    // Younger ones were dropped by the filters, which is another finding.
    (newest > SignedDuration::try_from(cloud.config.lag.max_age).ok()?).then_some(newest)
}
