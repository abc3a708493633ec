//! Pages, and the stream of them that ends only where the data ends.

use std::{
    collections::HashSet,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use futures_util::stream;

use crate::{
    Client, DecodeError, Error,
    attempt::Params,
    error::PaginationError,
    exchange::Answer,
    wire::{Datapoints, DatapointsSeed, Head, Payload, Scalar},
};

/// One page of a metric's points.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MetricPage {
    /// For the vendor's support; empty when the reply has none.
    pub request_id: String,
    /// Where the next page begins; `None` on the last one.
    pub next_token: Option<String>,
    datapoints: String,
    period: Option<Duration>,
}

impl MetricPage {
    /// The points as the text of a JSON array; `"[]"` when the service sent none.
    ///
    /// Each point has `timestamp` in milliseconds, the metric's dimensions, and some
    /// of `Value`, `Average`, `Minimum`, `Maximum`, `Sum`, `Count`, as the metric has
    /// them. The points themselves are not checked.
    #[must_use]
    pub fn datapoints(&self) -> &str {
        &self.datapoints
    }

    /// The same, without a copy.
    #[must_use]
    pub fn into_datapoints(self) -> String {
        self.datapoints
    }

    /// The time between points, as the service states it.
    #[must_use]
    pub fn period(&self) -> Option<Duration> {
        self.period
    }
}

/// What only the metric actions reply.
#[derive(Default)]
pub(crate) struct MetricPayload {
    pub(crate) next_token: Option<String>,
    period: Option<Duration>,
    pub(crate) datapoints: Datapoints,
    has_datapoints: bool,
}

impl Payload for MetricPayload {
    fn field<'de, A: serde::de::MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
    ) -> Result<bool, A::Error> {
        match key {
            "NextToken" => self.next_token = map.next_value::<Scalar>()?.not_empty(),
            "Period" => {
                let text = map.next_value::<Scalar>()?.not_empty();
                self.period = text.and_then(|t| t.parse().ok()).map(Duration::from_secs);
            }
            "Datapoints" => {
                self.datapoints = map.next_value_seed(DatapointsSeed)?;
                self.has_datapoints = true;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn check(&self, head: &Head) -> Result<(), DecodeError> {
        match &self.datapoints.0 {
            Some(text) if !is_array(text) => Err(DecodeError::Datapoints),
            None if !self.has_datapoints && !head.says_success() => Err(DecodeError::Empty),
            _ => Ok(()),
        }
    }
}

/// Enough to see that a text was cut off; its reader parses it anyway.
fn is_array(text: &str) -> bool {
    let text = text.trim_ascii();
    text.len() >= 2 && text.starts_with('[') && text.ends_with(']')
}

impl From<Answer<MetricPayload>> for MetricPage {
    fn from(Answer { head, payload, .. }: Answer<MetricPayload>) -> Self {
        Self {
            request_id: head.request_id.unwrap_or_default(),
            next_token: payload.next_token,
            datapoints: payload.datapoints.0.unwrap_or_else(|| "[]".to_owned()),
            period: payload.period,
        }
    }
}

/// All pages of a query, fetched one by one as they are asked for.
///
/// It ends when the service says so, by sending no token. An empty page **with** a
/// token is not the end. A token that was seen before, or more pages than
/// [`max_pages`](crate::DescribeMetricList::max_pages), is an error and not an end:
/// half of the data looks like all of it. After an error there are no more pages.
///
/// A [`Stream`], and usable without any stream library:
///
/// ```no_run
/// # async fn example(client: aliyun_cms::Client) -> Result<(), aliyun_cms::Error> {
/// let mut pages = client.describe_metric_list("acs_ecs_dashboard", "CPUUtilization").pages();
/// while let Some(page) = pages.next_page().await {
///     println!("{}", page?.datapoints());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "pages are fetched when they are asked for"]
pub struct Pages {
    inner: Pin<Box<dyn Stream<Item = Result<MetricPage, Error>> + Send>>,
}

/// Where a stream of pages stands.
struct Position {
    client: Client,
    action: &'static str,
    params: Params,
    limit: u32,
    read: u32,
    next: Next,
    seen: HashSet<String>,
}

enum Next {
    First,
    Token(String),
    End,
}

impl Pages {
    /// `params` is an error when the query itself is wrong; it comes as the first item.
    pub(crate) fn new(
        client: Client,
        action: &'static str,
        params: Result<Params, Error>,
        limit: u32,
    ) -> Self {
        let start = params.map(|params| Position {
            client,
            action,
            params,
            limit,
            read: 0,
            next: Next::First,
            seen: HashSet::new(),
        });
        let inner = stream::try_unfold(Some(start), |position| async move {
            match position {
                Some(position) => step(position?).await,
                None => Ok(None),
            }
        });
        Self {
            inner: Box::pin(inner),
        }
    }

    /// The next page, or `None` after the last one.
    ///
    /// Dropping the future loses nothing: the next call goes on with the same request.
    ///
    /// # Errors
    ///
    /// As [`send`](crate::DescribeMetricList::send), and [`Error::Pagination`].
    pub async fn next_page(&mut self) -> Option<Result<MetricPage, Error>> {
        poll_fn(|cx| self.inner.as_mut().poll_next(cx)).await
    }
}

type Step = Option<(MetricPage, Option<Result<Position, Error>>)>;

async fn step(mut position: Position) -> Result<Step, Error> {
    let stop = |position: &Position, source| {
        let action = position.action.to_owned();
        Err(Error::Pagination {
            action,
            page: position.read,
            source,
        })
    };
    let token = match std::mem::replace(&mut position.next, Next::End) {
        Next::End => return Ok(None),
        Next::First => None,
        Next::Token(token) => Some(token),
    };
    if let Some(token) = &token {
        if !position.seen.insert(token.clone()) {
            return stop(&position, PaginationError::RepeatedToken);
        }
        if position.read >= position.limit {
            return stop(
                &position,
                PaginationError::PageLimit {
                    limit: position.limit,
                },
            );
        }
    }
    let page = fetch(
        &position.client,
        position.action,
        &position.params,
        token.as_deref(),
    )
    .await?;
    position.read += 1;
    if let Some(token) = &page.next_token {
        position.next = Next::Token(token.clone());
    }
    Ok(Some((page, Some(Ok(position)))))
}

/// One page. The other parameters are repeated unchanged, as the API demands.
pub(crate) async fn fetch(
    client: &Client,
    action: &'static str,
    params: &Params,
    token: Option<&str>,
) -> Result<MetricPage, Error> {
    let mut params = params.clone();
    if let Some(token) = token {
        params.push(("NextToken".into(), token.to_owned()));
    }
    client
        .execute::<MetricPayload>(action, &params)
        .await
        .map(MetricPage::from)
}

impl Stream for Pages {
    type Item = Result<MetricPage, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}
