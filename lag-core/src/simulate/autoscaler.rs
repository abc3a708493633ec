//! What sets the replicas.

use super::{Controller, Hpa, Keda, KedaNote, Point, keda::Operator};
use crate::{
    Bounds, Lag, LagSample, Reading,
    recommend::{self, Memory, Policy, Running, recommend},
};
use jiff::Timestamp;

/// What sets the replicas.
#[derive(Debug, Clone, PartialEq)]
pub enum Autoscaler {
    /// An HPA whose metric is the lag.
    Hpa(Hpa),
    /// An HPA whose metric is the number of replicas that a policy recommends.
    Recommended {
        /// The policy.
        policy: Policy,
        /// The HPA, with [`AverageValue`](super::MetricTarget::AverageValue) 1 if it is to follow.
        hpa: Hpa,
    },
    /// KEDA, and the HPA it makes.
    Keda(Keda),
}

impl Autoscaler {
    /// The HPA of each.
    #[must_use]
    pub fn hpa(&self) -> &Hpa {
        match self {
            Self::Hpa(hpa) | Self::Recommended { hpa, .. } => hpa,
            Self::Keda(keda) => &keda.hpa,
        }
    }

    /// The fewest and the most replicas it may ask for; 0 where KEDA may go there.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let bounds = self.hpa().bounds;
        match self {
            Self::Keda(keda) if keda.sleeps => {
                Bounds::try_from((0, bounds.max())).unwrap_or(bounds)
            }
            Self::Hpa(_) | Self::Recommended { .. } | Self::Keda(_) => bounds,
        }
    }
}

/// An autoscaler at work.
#[derive(Debug)]
pub(super) struct Pilot {
    pub(super) controller: Controller,
    feeder: Feeder,
}

/// What stands between the lag and the HPA.
#[derive(Debug)]
enum Feeder {
    Nothing,
    Policy(Policy, Option<Memory>),
    Keda(Box<Operator>),
}

impl Pilot {
    pub(super) fn new(autoscaler: &Autoscaler, replicas: u32) -> Self {
        let feeder = match autoscaler {
            Autoscaler::Hpa(_) => Feeder::Nothing,
            Autoscaler::Recommended { policy, .. } => {
                Feeder::Policy(policy.clone(), Some(Memory::starting_at(replicas)))
            }
            Autoscaler::Keda(keda) => Feeder::Keda(Box::new(Operator::new(keda.clone()))),
        };
        Self {
            controller: Controller::new(autoscaler.hpa().clone(), replicas),
            feeder,
        }
    }

    pub(super) fn sync(
        &mut self,
        at: Timestamp,
        seen: Option<LagSample>,
        running: Running,
    ) -> (Point, Option<recommend::Why>, Option<KedaNote>) {
        let (controller, ready) = (&mut self.controller, running.replicas);
        match &mut self.feeder {
            Feeder::Nothing => {
                let lag = seen.map(|sample| sample.lag);
                (controller.sync(at, lag, ready), None, None)
            }
            Feeder::Policy(policy, memory) => {
                let reading = seen.map_or(Reading::Absent, Reading::Fresh);
                let said = recommend(policy, memory.as_ref(), &reading, Some(running));
                *memory = said.memory;
                let replicas = said.replicas.map(f64::from);
                let metric = replicas.and_then(|replicas| Lag::try_from(replicas).ok());
                (controller.sync(at, metric, ready), Some(said.why), None)
            }
            Feeder::Keda(operator) => {
                let (point, note) = operator.sync(controller, at, seen, ready);
                (point, None, note)
            }
        }
    }
}
