//! The state of a running simulator, shared by its connections and its handle.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    clock::SimClock,
    config::{SimConfig, USER_ID},
    counters::Tally,
    faults::FaultBook,
    identity::Identity,
    keys::{Key, Keys},
    limits::{Nonces, RateLimit},
    metadata::MetadataTokens,
    mix::mix,
    model::Model,
    pages::PointOrder,
    progress::Progress,
    publication::Publication,
    robots::Robots,
    scenario::Scenario,
    sts::OidcTokens,
};

/// Everything a call may look at. No lock is held across an `.await`.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: SimClock,
    pub(crate) tally: Tally,
    pub(crate) publication: Publication,
    pub(crate) order: PointOrder,
    pub(crate) keys: Keys,
    pub(crate) identity: Identity,
    pub(crate) partitions: usize,
    model: RwLock<Model>,
    faults: Mutex<FaultBook>,
    nonces: Mutex<Nonces>,
    rate: Mutex<RateLimit>,
    robots: Mutex<Robots>,
    oidc_tokens: Mutex<OidcTokens>,
    metadata_tokens: Mutex<MetadataTokens>,
    requests: AtomicU64,
    seed: u64,
}

impl Shared {
    pub(crate) fn new(config: SimConfig) -> Self {
        let clock = SimClock::new(config.manual);
        let age = SignedDuration::try_from(config.running_for).unwrap_or(SignedDuration::MAX);
        let began = clock.now().saturating_sub(age).unwrap_or(Timestamp::MIN);
        let mut model = Model::new(USER_ID.into(), config.topics, config.seed);
        for id in config.instance_ids() {
            model.instance(id);
        }
        // In order, so that groups are appended instead of inserted; of a group given twice the last one stays.
        let groups = config.groups.into_iter();
        let groups: BTreeMap<(String, String), Scenario> = groups
            .map(|(instance, group, scenario)| ((instance, group), scenario))
            .collect();
        for ((instance, group), scenario) in groups {
            model.set(&instance, &group, scenario, began);
        }
        for (instance, group, progress) in config.progress {
            model.set_progress(&instance, &group, progress);
        }
        let identity = config.identity.resolved();
        let permanent = Key {
            id: config.key_id,
            secret: config.key_secret,
            token: config.token,
            expires: None,
            name: String::new(),
        };
        Self {
            clock,
            tally: Tally::default(),
            publication: Publication {
                delay_ms: millis(config.publication_delay),
                jitter_ms: millis(config.publication_jitter),
                seed: config.seed,
            },
            order: config.order,
            keys: Keys::new(permanent, config.seed),
            model: RwLock::new(model),
            faults: Mutex::new(FaultBook::new(config.faults, config.seed)),
            nonces: Mutex::default(),
            rate: Mutex::new(RateLimit::new(config.rate_limit)),
            oidc_tokens: Mutex::new(OidcTokens::new(identity.oidc_tokens.clone())),
            metadata_tokens: Mutex::default(),
            robots: Mutex::new(Robots::new(config.robots)),
            identity,
            partitions: config.partitions,
            requests: AtomicU64::new(0),
            seed: config.seed,
        }
    }

    pub(crate) fn model(&self) -> RwLockReadGuard<'_, Model> {
        self.model.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn model_mut(&self) -> RwLockWriteGuard<'_, Model> {
        self.model.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultBook> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn nonces(&self) -> MutexGuard<'_, Nonces> {
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn rate(&self) -> MutexGuard<'_, RateLimit> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn robots(&self) -> MutexGuard<'_, Robots> {
        self.robots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn oidc_tokens(&self) -> MutexGuard<'_, OidcTokens> {
        let tokens = self.oidc_tokens.lock();
        tokens.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn metadata_tokens(&self) -> MutexGuard<'_, MetadataTokens> {
        let tokens = self.metadata_tokens.lock();
        tokens.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_scenario(&self, instance: &str, group: &str, scenario: Scenario) {
        let now = self.clock.now();
        self.model_mut().set(instance, group, scenario, now);
    }

    pub(crate) fn set_lag(&self, instance: &str, group: &str, lag: Option<u64>) {
        let now = self.clock.now();
        self.model_mut().set_lag(instance, group, lag, now);
    }

    pub(crate) fn script(&self, instance: &str, group: &str, points: &[(i64, u64)]) {
        let now = self.clock.now();
        self.model_mut().script(instance, group, points, now);
    }

    pub(crate) fn set_progress(&self, instance: &str, group: &str, progress: Progress) {
        self.model_mut().set_progress(instance, group, progress);
    }

    pub(crate) fn remove_group(&self, instance: &str, group: &str) -> bool {
        self.model_mut().remove(instance, group)
    }

    /// The true lag, whether or not it is published.
    pub(crate) fn lag_at(&self, instance: &str, group: &str, at: Timestamp) -> Option<u64> {
        self.model()
            .group(instance, group)?
            .lag_at(at.as_millisecond())
    }

    /// A request id of the vendor's form, different for every request and the same in every run.
    pub(crate) fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let (high, low) = (mix(self.seed, number), mix(!self.seed, number));
        format!(
            "{:08X}-{:04X}-{:04X}-{:04X}-{:012X}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff,
        )
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
