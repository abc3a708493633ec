//! TokenReview and SubjectAccessReview: who somebody is, and what they may do.

use crate::request::{Failure, within};
use k8s_openapi::api::{
    authentication::v1::{TokenReview, TokenReviewSpec},
    authorization::v1::{
        NonResourceAttributes, ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
    },
};
use kube::{
    Client,
    api::{Api, PostParams},
};
use lag_core::{
    User,
    port::{Access, BoxFuture, PortError, PortErrorKind, Reviews, Verdict},
};
use std::{fmt, time::Duration};

const GROUP: &str = "external.metrics.k8s.io";
const VERSION: &str = "v1beta1";

/// What a Role must hold, for messages.
const ADVICE: &str = "; bind the ClusterRole system:auth-delegator to the service account of this process, by a \
                      ClusterRoleBinding";

/// Asks the API server of a cluster.
#[derive(Clone)]
pub struct KubeReviews {
    tokens: Api<TokenReview>,
    access: Api<SubjectAccessReview>,
    limit: Duration,
}

impl fmt::Debug for KubeReviews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubeReviews")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl KubeReviews {
    /// Every question has an answer within `limit`, or none.
    #[must_use]
    pub fn new(client: Client, limit: Duration) -> Self {
        Self {
            tokens: Api::all(client.clone()),
            access: Api::all(client),
            limit,
        }
    }

    async fn ask_token(&self, token: &str) -> Result<Option<User>, PortError> {
        let review = TokenReview {
            spec: TokenReviewSpec {
                token: Some(token.to_owned()),
                audiences: None,
            },
            ..TokenReview::default()
        };
        let params = PostParams::default();
        let answer = within(self.limit, self.tokens.create(&params, &review)).await;
        let answer = answer.map_err(|failure| explain(failure, "tokenreviews"))?;
        let status = answer.status.ok_or_else(|| silent("tokenreviews"))?;
        if status.authenticated != Some(true) {
            return Ok(None);
        }
        let user = status.user.ok_or_else(|| silent("tokenreviews"))?;
        let name = user.username.filter(|name| !name.is_empty());
        Ok(Some(User {
            name: name.ok_or_else(|| silent("tokenreviews"))?,
            groups: user.groups.unwrap_or_default(),
            uid: user.uid,
            extra: user.extra.unwrap_or_default(),
        }))
    }

    async fn ask_access(&self, user: &User, what: &Access) -> Result<Verdict, PortError> {
        let mut spec = SubjectAccessReviewSpec {
            user: Some(user.name.clone()),
            groups: Some(user.groups.clone()),
            uid: user.uid.clone(),
            extra: (!user.extra.is_empty()).then(|| user.extra.clone()),
            ..SubjectAccessReviewSpec::default()
        };
        match what {
            Access::Metric { namespace, metric } => {
                spec.resource_attributes = Some(ResourceAttributes {
                    namespace: Some(namespace.clone()),
                    verb: Some("list".to_owned()),
                    group: Some(GROUP.to_owned()),
                    version: Some(VERSION.to_owned()),
                    resource: Some(metric.clone()),
                    ..ResourceAttributes::default()
                });
            }
            Access::Path(path) => {
                spec.non_resource_attributes = Some(NonResourceAttributes {
                    path: Some(path.clone()),
                    verb: Some("get".to_owned()),
                });
            }
        }
        let review = SubjectAccessReview {
            spec,
            ..SubjectAccessReview::default()
        };
        let params = PostParams::default();
        let answer = within(self.limit, self.access.create(&params, &review)).await;
        let answer = answer.map_err(|failure| explain(failure, "subjectaccessreviews"))?;
        let status = answer
            .status
            .ok_or_else(|| silent("subjectaccessreviews"))?;
        Ok(Verdict {
            allowed: status.allowed && status.denied != Some(true),
            reason: status.reason.unwrap_or_default(),
        })
    }
}

impl Reviews for KubeReviews {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Option<User>, PortError>> {
        Box::pin(self.ask_token(token))
    }

    fn authorize<'a>(
        &'a self,
        user: &'a User,
        what: &'a Access,
    ) -> BoxFuture<'a, Result<Verdict, PortError>> {
        Box::pin(self.ask_access(user, what))
    }
}

fn explain(failure: Failure, resource: &str) -> PortError {
    failure.into_error_with(&format!("create {resource}"), ADVICE)
}

/// An answer without an answer in it must not become a yes or a no.
fn silent(resource: &str) -> PortError {
    let what = format!("cannot create {resource}: the answer holds no status");
    PortError::new(PortErrorKind::Unavailable, what)
}
