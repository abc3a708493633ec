//! Lag out of CloudMonitor: one source is one region of one account.

use aliyun_cms::{Client, ErrorKind};
use jiff::Timestamp;
use lag_core::{
    ApiCalls, Budgets, DatapointError, DropReason, InstanceId, LagSnapshot, QueryFault, Rests,
    SnapshotBuilder, SnapshotRules, WindowPolicy,
    port::{BoxFuture, Collected, Failure, LagSource},
};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{Now, log::chain};

/// The namespace of managed Kafka in CloudMonitor.
pub const NAMESPACE: &str = "acs_kafka";
/// The action that is called.
pub(crate) const ACTION: &str = "DescribeMetricList";
/// What is asked of every instance.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// Metric of a group's lag.
    pub(crate) metric: String,
    /// Metric of a group's lag per topic, when that is wanted.
    pub(crate) topic_metric: Option<String>,
    pub(crate) window: WindowPolicy,
    pub(crate) max_pages: u32,
    pub(crate) rules: SnapshotRules,
}

/// One region of one account.
pub struct CmsSource {
    name: Arc<str>,
    calls: Arc<ApiCalls>,
    account: Arc<str>,
    budgets: Arc<Budgets>,
    client: Client,
    instances: Vec<InstanceId>,
    question: Question,
    now: Now,
    /// Instances that the cloud refuses by themselves.
    resting: Mutex<Rests>,
    topics_fail: AtomicBool,
}

impl fmt::Debug for CmsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CmsSource")
            .field("client", &self.client)
            .field("instances", &self.instances)
            .field("question", &self.question)
            .finish_non_exhaustive()
    }
}

impl LagSource for CmsSource {
    fn collect(&self) -> BoxFuture<'_, Collected> {
        Box::pin(self.collect_all())
    }
}

#[derive(Debug, thiserror::Error)]
enum QueryError {
    #[error("asking CloudMonitor for {metric} failed")]
    Call {
        metric: String,
        #[source]
        source: aliyun_cms::Error,
    },
    #[error(
        "the call budget of this month is spent, and --budget.hard-stop ends calls until {until}: raise \
         --budget.requests-per-month, or lengthen --collect.interval before the next month"
    )]
    Budget { until: Timestamp },
    #[error("none of the {points} points of {metric} can be used: {}", why.in_words())]
    Unusable {
        metric: String,
        points: u64,
        why: Why,
    },
    #[error("page {page} of {metric} is no list of datapoints")]
    Datapoints {
        metric: String,
        page: u32,
        #[source]
        source: DatapointError,
    },
}

#[derive(Debug, Clone, Copy)]
struct Why(DropReason);

impl Why {
    /// What the operator can do about it.
    fn in_words(self) -> &'static str {
        match self.0 {
            DropReason::Instance => "they are of instances that were not asked for",
            DropReason::Group => "they name no consumer group: check --cms.metric",
            DropReason::Topic => "their topic cannot be a name",
            DropReason::Statistic => {
                "they lack the statistic: check --cms.statistic and --cms.metric"
            }
            DropReason::Value => "their values are negative",
            DropReason::Timestamp => {
                "their times lie in the future: check the clock of this machine"
            }
        }
    }
}

/// Every word that a failed collection can have.
pub(crate) fn failure_kinds() -> Vec<&'static str> {
    let calls = ErrorKind::ALL.iter().map(|kind| kind.as_str());
    calls.chain([BUDGET]).collect()
}

/// The kind of a failure in which nothing was asked.
const BUDGET: &str = "budget";

impl QueryError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Call { source, .. } => source.kind().as_str(),
            Self::Budget { .. } => BUDGET,
            Self::Datapoints { .. } | Self::Unusable { .. } => ErrorKind::Decode.as_str(),
        }
    }

    /// Whether no single attempt looked wrong, so that nobody has counted this yet.
    fn is_late(&self) -> bool {
        match self {
            Self::Call { source, .. } => source.kind() == ErrorKind::Pagination,
            Self::Datapoints { .. } | Self::Unusable { .. } => true,
            Self::Budget { .. } => false, // nothing was asked
        }
    }

    fn failure(&self) -> Failure {
        let hint = match self {
            // The client's own hint speaks to programmers.
            Self::Call { source, .. } if source.kind() == ErrorKind::Throttled => Some(
                "the limit of 50 calls a second is shared by all users of the account: lower \
                 --cms.rate-limit or lengthen --collect.interval"
                    .to_owned(),
            ),
            Self::Call { source, .. } if source.kind() == ErrorKind::Pagination => {
                Some("more groups than fit need a larger --cms.max-pages".to_owned())
            }
            Self::Call { source, .. } => source.hint(),
            Self::Budget { .. } | Self::Datapoints { .. } | Self::Unusable { .. } => None,
        };
        let hint = hint.map_or(String::new(), |hint| format!("; {hint}"));
        Failure {
            kind: self.kind(),
            detail: format!("{}{hint}", chain(self)).into(),
        }
    }

    fn fault(&self) -> QueryFault<'_> {
        match self {
            Self::Budget { .. } => QueryFault::Other,
            Self::Datapoints { .. } | Self::Unusable { .. } => QueryFault::Answer,
            Self::Call { source, .. } => match (source.kind(), source.api()) {
                (ErrorKind::Decode, _) => QueryFault::Answer,
                (ErrorKind::InvalidRequest, Some(api)) => QueryFault::Refused { code: &api.code },
                _ => QueryFault::Other,
            },
        }
    }
}

impl CmsSource {
    pub(crate) fn new(
        (name, calls): (Arc<str>, Arc<ApiCalls>),
        (account, budgets): (Arc<str>, Arc<Budgets>),
        client: Client,
        instances: Vec<InstanceId>,
        question: Question,
        now: Now,
    ) -> Self {
        let resting = Mutex::default();
        Self {
            name,
            calls,
            account,
            budgets,
            client,
            instances,
            question,
            now,
            resting,
            topics_fail: AtomicBool::new(false),
        }
    }

    async fn collect_all(&self) -> Collected {
        let now = (self.now)();
        let mut collected = Collected {
            snapshot: LagSnapshot::empty(now),
            failed: BTreeMap::new(),
        };
        let mut queue = self.resting().batches(&self.instances, now);
        queue.reverse();
        while let Some(batch) = queue.pop() {
            match self
                .query(&self.question.metric, &batch, now, &collected)
                .await
            {
                Ok(snapshot) => {
                    self.resting().end(&batch);
                    collected.snapshot.absorb(snapshot);
                    self.add_topics(&batch, now, &mut collected).await;
                }
                Err(error) if batch.len() > 1 && error.fault().may_be_one_instance() => {
                    // One wrong id must not hide the others: find it by halves, once.
                    let (left, right) = batch.split_at(batch.len() / 2);
                    queue.extend([right.to_vec(), left.to_vec()]);
                }
                Err(error) => {
                    let mut failure = error.failure();
                    if let ([instance], true) = (&*batch, error.fault().may_be_one_instance())
                        && self.instances.len() > 1
                    {
                        failure = self.rest(instance, now, &failure);
                    }
                    let failed = batch.into_iter().map(|id| (id, failure.clone()));
                    collected.failed.extend(failed);
                }
            }
        }
        collected
    }

    fn resting(&self) -> MutexGuard<'_, Rests> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets an instance rest; the failure then says until when.
    fn rest(&self, instance: &InstanceId, now: Timestamp, failure: &Failure) -> Failure {
        let until = self.resting().begin(instance, now);
        let until = Timestamp::from_second(until.as_second()).unwrap_or(until);
        let detail = format!(
            "{}; only this instance is refused, it is asked again at {until}",
            failure.detail
        );
        Failure {
            kind: failure.kind,
            detail: detail.into(),
        }
    }

    /// Lag per topic is extra: when it fails, totals stay, and topics age.
    async fn add_topics(&self, batch: &[InstanceId], now: Timestamp, collected: &mut Collected) {
        let Some(metric) = &self.question.topic_metric else {
            return;
        };
        let failure = match self.query(metric, batch, now, collected).await {
            Ok(snapshot) => {
                collected.snapshot.absorb(snapshot);
                None
            }
            Err(error) => Some(error.failure()),
        };
        let was_failing = self.topics_fail.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(Failure { kind, detail }) if !was_failing => tracing::warn!(
                source.name = &*self.name,
                code = kind,
                error = &*detail,
                "lag per topic cannot be read, totals are not affected: check --cms.topic-metric"
            ),
            None if was_failing => {
                tracing::info!(source.name = &*self.name, "lag per topic is read again")
            }
            Some(_) | None => {}
        }
    }

    /// Whether the month's budget allows one more call.
    fn permit(&self) -> Result<(), QueryError> {
        let permit = self.budgets.may_call(&self.account, (self.now)());
        permit.map_err(|until| QueryError::Budget { until })
    }

    /// All pages of one metric for one batch, or nothing.
    async fn query(
        &self,
        metric: &str,
        batch: &[InstanceId],
        now: Timestamp,
        so_far: &Collected,
    ) -> Result<LagSnapshot, QueryError> {
        let outcome = self.pages(metric, batch, now, so_far).await;
        if let Err(error) = &outcome
            && error.is_late()
        {
            self.calls.record_late(&self.name, ACTION, error.kind());
        }
        outcome
    }

    async fn pages(
        &self,
        metric: &str,
        batch: &[InstanceId],
        now: Timestamp,
        so_far: &Collected,
    ) -> Result<LagSnapshot, QueryError> {
        let room = self
            .question
            .rules
            .max_series
            .saturating_sub(so_far.snapshot.series());
        let rules = SnapshotRules {
            max_series: room,
            ..self.question.rules.clone()
        };
        let mut builder = SnapshotBuilder::new(&rules, batch.iter().cloned(), now);
        let window = self.question.window.at(now);
        let mut pages = self
            .client
            .describe_metric_list(NAMESPACE, metric)
            .instances(batch.iter().map(InstanceId::as_str))
            .period(self.question.window.period())
            .window(window.start, window.end)
            .length(self.question.window.page_length())
            .max_pages(self.question.max_pages)
            .pages();
        let mut page = 0;
        self.permit()?;
        while let Some(next) = pages.next_page().await {
            page += 1;
            let next = next.map_err(|source| QueryError::Call {
                metric: metric.to_owned(),
                source,
            })?;
            let has_more = next.next_token.is_some();
            builder
                .page(next.datapoints())
                .map_err(|source| QueryError::Datapoints {
                    metric: metric.to_owned(),
                    page,
                    source,
                })?;
            if has_more {
                // Pages that do not end must not spend what is left.
                self.permit()?;
            }
        }
        tracing::debug!(metric, instances = batch.len(), pages = page, "pages read");
        let snapshot = builder.finish();
        match snapshot.all_dropped() {
            None => Ok(snapshot),
            Some(reason) => Err(QueryError::Unusable {
                metric: metric.to_owned(),
                points: snapshot.received,
                why: Why(reason),
            }),
        }
    }
}
