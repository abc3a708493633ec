//! The active faults, and which of them hit a request.

use super::{Fault, FaultKind, kind::Stage};
use crate::{
    action::Service,
    mix::{fraction, mix},
};

/// What a fault's scope is compared with.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestFacts {
    pub(crate) action: String,
    pub(crate) service: Service,
    pub(crate) step: Step,
    pub(crate) instances: Vec<String>,
    pub(crate) page: u32,
    /// Whether the reply will carry datapoints.
    pub(crate) has_data: bool,
    /// Whether the request carries the token of a temporary set.
    pub(crate) has_security_token: bool,
}

/// What a request to the metadata service is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Step {
    /// The PUT that begins version 2.
    MetadataToken,
    /// The name of the role.
    MetadataRole,
    /// The set of the role.
    MetadataSet,
    /// Everything else, here and in other services.
    #[default]
    Other,
}

/// Faults that act before the signature is looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct GatewayFaults {
    pub(crate) skew_seconds: i64,
    pub(crate) key_not_found: bool,
    pub(crate) token_expired: bool,
}

/// The active faults in the order in which they were injected.
#[derive(Debug)]
pub(crate) struct FaultBook {
    active: Vec<Fault>,
    seed: u64,
    draws: u64,
}

impl FaultBook {
    pub(crate) fn new(active: Vec<Fault>, seed: u64) -> Self {
        Self {
            active,
            seed,
            draws: 0,
        }
    }

    pub(crate) fn active(&self) -> &[Fault] {
        &self.active
    }

    pub(crate) fn inject(&mut self, fault: Fault) {
        self.active.push(fault);
    }

    /// Removes the faults of one name, or all; returns how many.
    pub(crate) fn clear(&mut self, name: Option<&str>) -> usize {
        let before = self.active.len();
        self.active
            .retain(|fault| name.is_some_and(|name| fault.kind.name() != name));
        before - self.active.len()
    }

    pub(crate) fn at_gateway(&mut self, facts: &RequestFacts) -> GatewayFaults {
        let mut found = GatewayFaults::default();
        for kind in self.fire(facts, |stage, _| stage == Stage::Gateway) {
            match kind {
                FaultKind::ClockSkew { seconds } => found.skew_seconds += seconds,
                FaultKind::SecurityTokenExpired => found.token_expired = true,
                _ => found.key_not_found = true,
            }
        }
        found
    }

    /// The waiting to add, and the one fault that shapes the reply.
    pub(crate) fn at_reply(&mut self, facts: &RequestFacts) -> (u64, Option<FaultKind>) {
        let (mut delay_ms, mut shape) = (0_u64, None);
        for kind in self.fire(facts, |stage, shaped| match stage {
            Stage::Gateway => false,
            Stage::Delay => true,
            Stage::Reply => !shaped,
            Stage::Data => !shaped && facts.has_data,
        }) {
            match kind {
                FaultKind::Slow { ms } => delay_ms = delay_ms.saturating_add(ms),
                other => shape = Some(other),
            }
        }
        (delay_ms, shape)
    }

    /// Fires what fits. The closure is told whether a fault that shapes the reply has fired already.
    fn fire(
        &mut self,
        facts: &RequestFacts,
        wanted: impl Fn(Stage, bool) -> bool,
    ) -> Vec<FaultKind> {
        let mut fired = Vec::new();
        let mut shaped = false;
        for fault in &mut self.active {
            let stage = fault.kind.stage();
            if !wanted(stage, shaped) || !fault.fits(facts) {
                continue;
            }
            if fault.probability < 1.0 {
                self.draws += 1;
                if fraction(mix(self.seed, self.draws)) >= fault.probability {
                    continue;
                }
            }
            fault.times = fault.times.map(|times| times.saturating_sub(1));
            shaped |= matches!(stage, Stage::Reply | Stage::Data);
            fired.push(fault.kind);
        }
        self.active.retain(|fault| fault.times != Some(0));
        fired
    }
}

impl Fault {
    fn fits(&self, facts: &RequestFacts) -> bool {
        let in_scope = match &self.action {
            Some(action) => *action == facts.action,
            None => self.kind.is_at_home_in(facts.service),
        };
        in_scope
            && self.kind.can_change(facts)
            && self
                .instance
                .as_ref()
                .is_none_or(|id| facts.instances.contains(id))
            && self.page.is_none_or(|page| page == facts.page)
            && self.times != Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{FaultBook, RequestFacts};
    use crate::faults::{Fault, FaultKind};

    fn facts() -> RequestFacts {
        RequestFacts {
            action: "DescribeMetricList".into(),
            instances: vec!["i".into()],
            page: 2,
            has_data: true,
            ..RequestFacts::default()
        }
    }

    fn book(faults: impl IntoIterator<Item = Fault>) -> FaultBook {
        FaultBook::new(faults.into_iter().collect(), 1)
    }

    fn shape(book: &mut FaultBook) -> Option<FaultKind> {
        book.at_reply(&facts()).1
    }

    #[test]
    fn a_fault_counts_down_and_the_next_one_takes_over() {
        let mut book = book([
            Fault::new(FaultKind::Throttling).times(2),
            Fault::new(FaultKind::Html502).times(1),
        ]);
        assert_eq!(shape(&mut book), Some(FaultKind::Throttling));
        assert_eq!(shape(&mut book), Some(FaultKind::Throttling));
        assert_eq!(shape(&mut book), Some(FaultKind::Html502));
        assert_eq!(shape(&mut book), None);
        assert!(book.active().is_empty());
    }

    #[test]
    fn every_part_of_a_scope_must_fit() {
        let fault = || Fault::new(FaultKind::Reset);
        let hits = |fault| shape(&mut book([fault])).is_some();
        assert!(hits(
            fault()
                .on_action("DescribeMetricList")
                .on_instance("i")
                .on_page(2)
        ));
        assert!(!hits(fault().on_action("DescribeMetricLast")));
        assert!(!hits(fault().on_instance("other")));
        assert!(!hits(fault().on_page(1)));
    }

    #[test]
    fn slowness_and_skew_combine_with_another_fault() {
        let mut book = book([
            Fault::new(FaultKind::Slow { ms: 5 }),
            Fault::new(FaultKind::Reset),
            Fault::new(FaultKind::ClockSkew { seconds: 3 }),
            Fault::new(FaultKind::Slow { ms: 7 }),
        ]);
        assert_eq!(book.at_gateway(&facts()).skew_seconds, 3);
        assert_eq!(book.at_reply(&facts()), (12, Some(FaultKind::Reset)));
    }

    #[test]
    fn a_fault_of_the_data_waits_for_a_reply_with_data() {
        let mut book = book([Fault::new(FaultKind::DatapointsNull).times(1)]);
        let meta = RequestFacts {
            has_data: false,
            ..facts()
        };
        assert_eq!(book.at_reply(&meta).1, None);
        assert_eq!(shape(&mut book), Some(FaultKind::DatapointsNull));
    }

    #[test]
    fn probability_is_drawn_from_the_seed() {
        let hits = || {
            let mut book = book([Fault::new(FaultKind::Reset).probability(0.3)]);
            (0..1000).filter(|_| shape(&mut book).is_some()).count()
        };
        assert_eq!(hits(), hits());
        assert!((250..350).contains(&hits()), "{}", hits());
    }

    #[test]
    fn faults_are_cleared_by_name_or_all_at_once() {
        let mut book = book([FaultKind::Reset, FaultKind::Reset, FaultKind::Stall].map(Fault::new));
        assert_eq!(book.clear(Some("reset")), 2);
        assert_eq!(book.clear(None), 1);
    }
}
