//! What a simulator is started with.

use std::{fmt, net::SocketAddr, time::Duration};

use jiff::Timestamp;

use crate::{
    faults::Fault, identity::Identity, pages::PointOrder, progress::Progress, robots::Robot,
    scenario::Scenario,
};

/// The account of every datapoint.
pub(crate) const USER_ID: &str = "1208863178610001";

const FIRST_INSTANCE: &str = "alikafka_pre-cn-sim00000001";
const SECOND_INSTANCE: &str = "alikafka_post-cn-sim00000002";

/// The configuration of a [`Simulator`](crate::Simulator); every setter returns it.
///
/// The default listens on a free loopback port, has one instance without groups, the dummy key `sim-key-id` with
/// `sim-key-secret`, follows the system clock, publishes points 5 s after their minute and allows 50 calls per second.
#[derive(Clone)]
pub struct SimConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) key_id: String,
    pub(crate) key_secret: String,
    pub(crate) token: Option<String>,
    pub(crate) publication_delay: Duration,
    pub(crate) publication_jitter: Duration,
    pub(crate) rate_limit: u32,
    pub(crate) topics: usize,
    pub(crate) seed: u64,
    pub(crate) manual: Option<Timestamp>,
    pub(crate) running_for: Duration,
    pub(crate) order: PointOrder,
    pub(crate) instances: Vec<String>,
    pub(crate) groups: Vec<(String, String, Scenario)>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) identity: Identity,
    pub(crate) partitions: usize,
    pub(crate) progress: Vec<(String, String, Progress)>,
    pub(crate) robots: Vec<Robot>,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            key_id: "sim-key-id".into(),
            key_secret: "sim-key-secret".into(),
            token: None,
            publication_delay: Duration::from_secs(5),
            publication_jitter: Duration::ZERO,
            rate_limit: 50,
            topics: 2,
            seed: 1,
            manual: None,
            running_for: Duration::ZERO,
            order: PointOrder::TimeMajor,
            instances: vec![FIRST_INSTANCE.into()],
            groups: Vec::new(),
            faults: Vec::new(),
            identity: Identity::default(),
            partitions: 12,
            progress: Vec::new(),
            robots: Vec::new(),
        }
    }
}

impl SimConfig {
    /// A dozen lively groups over two instances, with every kind of scenario.
    #[must_use]
    pub fn demo() -> Self {
        let first = [
            ("cust_docking_analog", climbing(20_000, 30_000, 240_000)),
            ("cd_docking_analog", Scenario::Zero),
            ("order_docking_analog", Scenario::sine(90_000, 80_000, 20)),
            ("stock_docking_analog", Scenario::drain(400_000, 25_000)),
            ("pay_docking_analog", spikes(300, 260_000, 6, 30)),
            ("refund-consumer", Scenario::constant(1_200)),
            ("orders-consumer", Scenario::sine(4_000, 3_500, 45)),
            ("legacy-export", vanishing(7_000, 15)),
        ];
        let second = [
            ("shipment_docking_analog", spikes(0, 175_000, 4, 20)),
            ("invoice-consumer", Scenario::constant(35)),
            ("mail-sender", stuttering()),
            ("audit-archive", climbing(0, 800, 1_000_000)),
        ];
        let config = Self {
            instances: Vec::new(),
            running_for: Duration::from_mins(4),
            ..Self::default()
        };
        let config = first.into_iter().fold(config, |config, (group, scenario)| {
            config.group(FIRST_INSTANCE, group, scenario)
        });
        second
            .into_iter()
            .fold(config, |config, (group, scenario)| {
                config.group(SECOND_INSTANCE, group, scenario)
            })
    }

    /// Many groups on one instance, half swinging, half constant.
    #[must_use]
    pub fn scale(groups: usize) -> Self {
        Self::scale_over(groups, 1)
    }

    /// Many groups, spread evenly over some instances.
    #[must_use]
    pub fn scale_over(groups: usize, instances: usize) -> Self {
        let instances: Vec<String> = (1..=instances.max(1))
            .map(|number| format!("alikafka_pre-cn-sim{number:08}"))
            .collect();
        let groups = (0..groups)
            .map(|number| {
                let value = u64::try_from(number).unwrap_or_default();
                let scenario = if number % 2 == 0 {
                    Scenario::Sine {
                        mean: 1_000 + value % 5_000,
                        amplitude: 900,
                        period_minutes: 30,
                        phase_minutes: u32::try_from(number % 30).unwrap_or_default(),
                    }
                } else {
                    Scenario::constant(value % 10_000)
                };
                let instance = instances[number % instances.len()].clone();
                (
                    instance,
                    format!("group-{number:06}_docking_analog"),
                    scenario,
                )
            })
            .collect();
        Self {
            instances,
            groups,
            ..Self::default()
        }
    }

    /// Where to listen; only loopback addresses are accepted at the start.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The one key that is known, with a security token when it is a temporary one.
    #[must_use]
    pub fn credentials(
        mut self,
        id: impl Into<String>,
        secret: impl Into<String>,
        token: Option<&str>,
    ) -> Self {
        self.key_id = id.into();
        self.key_secret = secret.into();
        self.token = token.map(str::to_owned);
        self
    }

    /// How long after the end of its minute a point can be seen.
    #[must_use]
    pub fn publication_delay(mut self, delay: Duration) -> Self {
        self.publication_delay = delay;
        self
    }

    /// Up to so much more delay, fixed per minute by the seed. More than a minute lets minutes overtake each other.
    #[must_use]
    pub fn publication_jitter(mut self, jitter: Duration) -> Self {
        self.publication_jitter = jitter;
        self
    }

    /// Calls per second and action before `Throttling.User`, by real time; 0 allows any number.
    #[must_use]
    pub fn rate_limit(mut self, calls_per_second: u32) -> Self {
        self.rate_limit = calls_per_second;
        self
    }

    /// Adds an instance that has no group yet.
    #[must_use]
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.instances.push(instance.into());
        self
    }

    /// Adds a group; a group given twice keeps the last scenario.
    #[must_use]
    pub fn group(
        mut self,
        instance: impl Into<String>,
        group: impl Into<String>,
        scenario: Scenario,
    ) -> Self {
        self.groups.push((instance.into(), group.into(), scenario));
        self
    }

    /// How many topics every group consumes; at least one.
    #[must_use]
    pub fn topics(mut self, topics: usize) -> Self {
        self.topics = topics.max(1);
        self
    }

    /// The seed of everything that looks random: jitter, probabilities, request ids, disk levels.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Starts with the clock standing still at this moment.
    #[must_use]
    pub fn manual_clock(mut self, now: Timestamp) -> Self {
        self.manual = Some(now);
        self
    }

    /// Lets the scenarios have begun so long before the start, so that something moves at the first look.
    #[must_use]
    pub fn running_for(mut self, already: Duration) -> Self {
        self.running_for = already;
        self
    }

    /// The order of points over pages.
    #[must_use]
    pub fn order(mut self, order: PointOrder) -> Self {
        self.order = order;
        self
    }

    /// A fault that is active from the start.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// The key id clients must use.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The instances that will exist, in the order in which they are served.
    #[must_use]
    pub fn instance_ids(&self) -> Vec<&str> {
        let all = self
            .instances
            .iter()
            .chain(self.groups.iter().map(|group| &group.0));

        let mut ids: Vec<&str> = Vec::new();
        for id in all {
            if ids.last() != Some(&id.as_str()) && !ids.contains(&id.as_str()) {
                ids.push(id);
            }
        }
        ids
    }
}

/// Shows no secret, although the ones here are dummies.
impl fmt::Debug for SimConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SimConfig")
            .field("listen", &self.listen)
            .field("key_id", &self.key_id)
            .field("instances", &self.instances)
            .field("groups", &self.groups.len())
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

fn climbing(from: u64, per_minute: u64, max: u64) -> Scenario {
    Scenario::Ramp {
        from,
        per_minute,
        max: Some(max),
        start: None,
    }
}

fn spikes(base: u64, peak: u64, minutes: u32, every: u32) -> Scenario {
    Scenario::Spike {
        base,
        peak,
        minutes,
        every_minutes: Some(every),
        start: None,
    }
}

fn vanishing(lag: u64, after_minutes: u32) -> Scenario {
    Scenario::Vanish {
        lag,
        after_minutes,
        start: None,
    }
}

/// Points with gaps, as from a group with little traffic.
fn stuttering() -> Scenario {
    Scenario::Steps {
        values: vec![Some(12), Some(80), None, Some(40), None, Some(0)],
        step_minutes: 1,
        repeat: true,
        start: None,
    }
}

#[cfg(test)]
mod tests {
    use super::SimConfig;

    #[test]
    fn debug_output_shows_no_secret() {
        let config = SimConfig::default().credentials("id", "s3cret-text", Some("t0ken-text"));
        let shown = format!("{config:?}");
        assert!(shown.contains("\"id\""));
        assert!(!shown.contains("s3cret-text") && !shown.contains("t0ken-text"));
    }

    #[test]
    fn scale_spreads_all_groups_over_the_instances() {
        let config = SimConfig::scale_over(7, 3);
        assert_eq!(config.groups.len(), 7);
        assert_eq!(config.instance_ids().len(), 3);
    }
}
