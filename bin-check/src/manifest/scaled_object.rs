//! A ScaledObject of KEDA with one trigger that knows a lag.

use anyhow::bail;
use jiff::SignedDuration;
use lag_core::{
    Bounds, Lag, names,
    simulate::{Fallback, FallbackBehavior, Hpa, Keda, MetricTarget},
};
use serde_json::Value;
use std::num::NonZeroU64;

use super::{behavior, field::Field, of_kind};

/// A ScaledObject and what is to be said about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScaledObjectFile {
    /// `metadata.name`, if there is one.
    pub(crate) object: String,
    /// What KEDA makes of it; the tolerance is the cluster's default.
    pub(crate) keda: Keda,
    /// Whether its number is one of replicas, which a policy recommends.
    pub(crate) follows: bool,
    /// What a reader may not expect.
    pub(crate) notes: Vec<String>,
}

/// Where a trigger keeps its numbers: threshold, its default, activation value.
const TRIGGERS: [(&str, &str, Option<u64>, &str); 6] = [
    ("external", "lagThreshold", None, "activationLagThreshold"),
    (
        "external-push",
        "lagThreshold",
        None,
        "activationLagThreshold",
    ),
    ("metrics-api", "targetValue", None, "activationTargetValue"),
    ("prometheus", "threshold", None, "activationThreshold"),
    (
        "kafka",
        "lagThreshold",
        Some(10_000),
        "activationLagThreshold",
    ),
    (
        "apache-kafka",
        "lagThreshold",
        Some(10_000),
        "activationLagThreshold",
    ),
];

const MOST: u32 = i32::MAX.unsigned_abs();
const SPEC: [&str; 10] = [
    "scaleTargetRef",
    "pollingInterval",
    "cooldownPeriod",
    "initialCooldownPeriod",
    "idleReplicaCount",
    "minReplicaCount",
    "maxReplicaCount",
    "fallback",
    "advanced",
    "triggers",
];

/// Path of the behavior of the HPA that KEDA makes.
const BEHAVIOR: [&str; 3] = ["advanced", "horizontalPodAutoscalerConfig", "behavior"];

/// All that is refused of a ScaledObject; one mistake of a kind at each place. Triggers are not looked at.
pub(crate) fn faults(value: &Value) -> Vec<anyhow::Error> {
    let document = Field::document("", value);
    let spec = document.get("spec");
    let mut found = Vec::from_iter(spec.only(&SPEC).err());
    found.extend(idles(&spec).err());
    found.extend(fallback(&spec.get("fallback")).err());
    let least = [
        ("minReplicaCount", 0),
        ("maxReplicaCount", 1),
        ("pollingInterval", 1),
        ("cooldownPeriod", 0),
        ("initialCooldownPeriod", 0),
    ];
    for (key, least) in least {
        found.extend(spec.get(key).number(least, MOST).err());
    }
    found.extend(behavior::faults(&spec.at(&BEHAVIOR)));
    found.extend(spec.get("triggers").items().err());
    found
}

/// All ScaledObjects of a file, at least one.
pub(crate) fn read_all(file: &str, documents: &[Value]) -> anyhow::Result<Vec<ScaledObjectFile>> {
    let found = of_kind(file, documents, "ScaledObject")?;
    found.into_iter().map(|value| read(file, value)).collect()
}

fn read(file: &str, value: &Value) -> anyhow::Result<ScaledObjectFile> {
    let document = Field::document(file, value);
    let version = document.get("apiVersion");
    if version.text() != Some("keda.sh/v1alpha1") {
        return Err(version.wrong(&format!(
            "write keda.sh/v1alpha1; kafka-lag lint {file} says more"
        )));
    }
    let spec = document.get("spec");
    spec.only(&SPEC)?;
    let modifiers = spec.at(&["advanced", "scalingModifiers"]);
    if !modifiers.is_missing() {
        return Err(modifiers.wrong("formulas are not simulated; leave it out"));
    }
    let triggers = spec.get("triggers");
    let list = triggers.items()?;
    let [trigger] = list.as_slice() else {
        if list.is_empty() {
            return Err(triggers.wrong("write one trigger"));
        }
        let count = list.len();
        bail!(
            "{file}: spec.triggers has {count} triggers: each reads a number of its own, and one series is played; leave one in, as \
             generate keda with one --group writes it"
        );
    };
    let mut notes = Vec::new();
    let trigger = Trigger::read(trigger, &mut notes)?;
    let mut fallback = fallback(&spec.get("fallback"))?;
    if matches!(trigger.target, MetricTarget::Value(_)) && fallback.take().is_some() {
        notes.push("the fallback is left out: it is for metricType AverageValue".to_owned());
    }
    let (bounds, sleeps) = bounds(&spec)?;
    let behavior = spec.at(&BEHAVIOR);
    let hpa = Hpa {
        behavior: behavior::read(&behavior)?,
        ..Hpa::new(bounds, trigger.target)
    };
    let seconds = |key: &str, least: u32, usual: u32| {
        let given = spec.get(key).number(least, i32::MAX.unsigned_abs())?;
        anyhow::Ok(SignedDuration::from_secs(given.unwrap_or(usual).into()))
    };
    let name = document.at(&["metadata", "name"]);
    Ok(ScaledObjectFile {
        object: name.text().unwrap_or_default().to_owned(),
        keda: Keda {
            hpa,
            sleeps,
            activation: trigger.activation,
            polling: seconds("pollingInterval", 1, 30)?,
            cooldown: seconds("cooldownPeriod", 0, 300)?,
            fallback,
            missing_is_zero: trigger.missing_is_zero,
        },
        follows: trigger.follows,
        notes,
    })
}

/// Bounds of the HPA that KEDA makes, and whether KEDA goes to 0 beside it.
fn bounds(spec: &Field<'_>) -> anyhow::Result<(Bounds, bool)> {
    let (min, max) = (spec.get("minReplicaCount"), spec.get("maxReplicaCount"));
    let least = min.number(0, MOST)?.unwrap_or(0);
    let most = max.number(1, MOST)?.unwrap_or(100);
    let idles = idles(spec)?;
    let bounds = Bounds::try_from((least.max(1), most))
        .map_err(|_| max.wrong(&format!("write at least minReplicaCount, which is {least}")))?;
    Ok((bounds, least == 0 || idles))
}

/// Whether KEDA goes to 0 below a minimum above it.
fn idles(spec: &Field<'_>) -> anyhow::Result<bool> {
    let idle = spec.get("idleReplicaCount");
    let is_above = !matches!(
        spec.get("minReplicaCount").number(1, MOST),
        Ok(None) | Err(_)
    );
    if !idle.is_missing() && (!is_above || idle.number(0, 0).is_err()) {
        return Err(idle.wrong("write 0, with a minReplicaCount above it, or leave it out"));
    }
    Ok(!idle.is_missing())
}

struct Trigger {
    target: MetricTarget,
    activation: Lag,
    missing_is_zero: bool,
    follows: bool,
}

/// Whether a trigger reads the number of replicas that a policy recommends.
fn is_recommended(kind: &str, metadata: &Field<'_>) -> bool {
    let text = |key: &str| metadata.get(key).text().unwrap_or_default();
    match kind {
        "metrics-api" => text("valueLocation") == "recommended_replicas",
        "prometheus" => text("query").contains(names::RECOMMENDED),
        _ => text("metric") == "recommendedReplicas",
    }
}

impl Trigger {
    fn read(field: &Field<'_>, notes: &mut Vec<String>) -> anyhow::Result<Self> {
        field.only(&[
            "type",
            "name",
            "metadata",
            "metricType",
            "authenticationRef",
            "useCachedMetrics",
        ])?;
        let kind = field.get("type").word(&TRIGGERS.map(|(kind, ..)| kind))?;
        let numbers = TRIGGERS.iter().find(|(name, ..)| *name == kind);
        let (_, threshold, usual, activation) = *numbers.expect("word() takes no other");
        let metadata = field.get("metadata");
        // KEDA's metadata are texts; a bare number would not get past the API server.
        let number = |key: &str| {
            let field = metadata.get(key);
            if !field.is_missing() && field.text().is_none() {
                return Err(field.wrong("write it in quotes"));
            }
            Ok((field.milli()?, field))
        };
        let (milli, place) = number(threshold)?;
        let follows = is_recommended(kind, &metadata);
        // Our scaler takes no threshold beside it: the target is 1.
        let usual = if follows && kind.starts_with("external") {
            Some(1000)
        } else {
            usual
        };
        let Some(milli) = milli.or(usual).and_then(NonZeroU64::new) else {
            return Err(place.wrong("write a number of messages above 0, such as \"50000\""));
        };
        let metric = field.get("metricType");
        let target = match metric.text() {
            None if metric.is_missing() => MetricTarget::AverageValue(milli),
            Some("AverageValue") => MetricTarget::AverageValue(milli),
            Some("Value") => MetricTarget::Value(milli),
            _ => return Err(metric.wrong("use AverageValue, or Value")),
        };
        let (active_above, place) = number(activation)?;
        let activation = active_above.unwrap_or(0).to_string().parse::<f64>();
        let activation = activation
            .ok()
            .and_then(|milli| Lag::try_from(milli / 1000.0).ok());
        let ignores = metadata.get("ignoreNullValues");
        let missing_is_zero = kind == "prometheus" && ignores.text() != Some("false");
        if missing_is_zero {
            notes.push(
                "ignoreNullValues is not \"false\": KEDA takes a missing series for 0 and scales down with a full backlog"
                    .to_owned(),
            );
        }
        if kind.ends_with("kafka") {
            notes.push(
                "KEDA's own scaler also caps replicas at the number of partitions, which is not simulated".to_owned(),
            );
        }
        Ok(Self {
            target,
            activation: activation.ok_or_else(|| place.wrong("write a number of messages"))?,
            missing_is_zero,
            follows,
        })
    }
}

fn fallback(field: &Field<'_>) -> anyhow::Result<Option<Fallback>> {
    if field.is_missing() {
        return Ok(None);
    }
    field.only(&["failureThreshold", "replicas", "behavior"])?;
    let needed = |key: &str| {
        let field = field.get(key);
        let number = field.number(0, MOST)?;
        number.ok_or_else(|| field.wrong("write a whole number"))
    };
    let behavior = field.get("behavior");
    let allowed = [
        "static",
        "currentReplicas",
        "currentReplicasIfHigher",
        "currentReplicasIfLower",
    ];
    let word = if behavior.is_missing() {
        "static"
    } else {
        behavior.word(&allowed)?
    };
    Ok(Some(Fallback {
        failure_threshold: needed("failureThreshold")?,
        replicas: needed("replicas")?,
        behavior: match word {
            "currentReplicas" => FallbackBehavior::CurrentReplicas,
            "currentReplicasIfHigher" => FallbackBehavior::CurrentReplicasIfHigher,
            "currentReplicasIfLower" => FallbackBehavior::CurrentReplicasIfLower,
            _ => FallbackBehavior::Static,
        },
    }))
}
