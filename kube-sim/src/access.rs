//! Who calls, and what callers may not do.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{object::text, refusal::Refusal, resource::Route};

/// The caller when no token is asked for.
const SOMEBODY: &str = "system:serviceaccount:default:kafka-lag";

/// Something callers may not do. A part that is not said stands for any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Denial {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    verb: Option<String>,
    resource: Option<String>,
    namespace: Option<String>,
}

impl Denial {
    /// Denies everything, until it is narrowed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only this user, for example `eve`.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Only this verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`.
    #[must_use]
    pub fn verb(mut self, verb: impl Into<String>) -> Self {
        self.verb = Some(verb.into());
        self
    }

    /// Only this resource, for example `deployments` or `deployments/scale`; the one does not contain the other. In a
    /// SubjectAccessReview of no resource it is the path, for example `/apis`.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Only in this namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    fn covers(&self, user: &str, verb: &str, resource: &str, namespace: &str) -> bool {
        let fits = |rule: &Option<String>, asked: &str| {
            rule.as_deref()
                .is_none_or(|rule| rule == "*" || rule == asked)
        };
        fits(&self.user, user)
            && fits(&self.verb, verb)
            && fits(&self.resource, resource)
            && fits(&self.namespace, namespace)
    }
}

/// A token that a TokenReview knows: a dummy, of somebody who calls somebody else.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewedToken {
    pub(crate) token: String,
    pub(crate) user: String,
    #[serde(default)]
    pub(crate) groups: Vec<String>,
}

/// Tokens with their users, and the table of denials.
#[derive(Clone, Default)]
pub(crate) struct Access {
    pub(crate) tokens: BTreeMap<String, String>,
    /// Of those who call others, for TokenReviews.
    pub(crate) reviewed: Vec<ReviewedToken>,
    pub(crate) denials: Vec<Denial>,
}

/// Shows no token, although the ones here are dummies.
impl fmt::Debug for Access {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users: Vec<_> = self.tokens.values().collect();
        out.debug_struct("Access")
            .field("users", &users)
            .field("denials", &self.denials)
            .finish()
    }
}

impl Access {
    /// The user of a header `Authorization`; without any token configured, everybody is one user.
    pub(crate) fn user(&self, header: Option<&str>) -> Result<&str, Refusal> {
        if self.tokens.is_empty() {
            return Ok(SOMEBODY);
        }
        let token = header.and_then(|header| header.strip_prefix("Bearer "));
        let user = token.and_then(|token| self.tokens.get(token.trim()));
        user.map(String::as_str).ok_or_else(Refusal::unauthorized)
    }

    fn allows(&self, user: &str, verb: &str, resource: &str, namespace: &str) -> bool {
        let denied = |rule: &Denial| rule.covers(user, verb, resource, namespace);
        !self.denials.iter().any(denied)
    }

    pub(crate) fn check(&self, user: &str, verb: &str, route: &Route<'_>) -> Result<(), Refusal> {
        let namespace = route.namespace.unwrap_or_default();
        if self.allows(user, verb, &route.full_resource(), namespace) {
            return Ok(());
        }
        Err(Refusal::forbidden(user, verb, route))
    }

    /// Answers a SelfSubjectAccessReview from the same table.
    pub(crate) fn review_self(&self, user: &str, review: &Value) -> Result<Value, Refusal> {
        self.review_access("SelfSubjectAccessReview", user, review)
    }

    /// Answers a SubjectAccessReview from the same table.
    pub(crate) fn review_subject(&self, _: &str, review: &Value) -> Result<Value, Refusal> {
        let kind = "SubjectAccessReview";
        let about = text(review, "/spec/user").ok_or_else(|| {
            let why = "Invalid value: \"\": at least one of user or group must be specified";
            unspecified(kind, "spec.user", why)
        })?;
        self.review_access(kind, about, review)
    }

    fn review_access(&self, kind: &str, user: &str, review: &Value) -> Result<Value, Refusal> {
        let asked = |field: &str| text(review, &format!("/spec/resourceAttributes/{field}"));
        let path = |field: &str| text(review, &format!("/spec/nonResourceAttributes/{field}"));
        let has = |part: &str| review.pointer(&format!("/spec/{part}")).is_some();
        if has("resourceAttributes") == has("nonResourceAttributes") {
            let why = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified";
            return Err(unspecified(kind, "spec.resourceAttributes", why));
        }
        let resource = asked("resource").or(path("path")).unwrap_or_default();
        let resource = match asked("subresource") {
            Some(subresource) => format!("{resource}/{subresource}"),
            None => resource.to_owned(),
        };
        let verb = asked("verb").or(path("verb")).unwrap_or_default();
        let namespace = asked("namespace").unwrap_or_default();
        let allowed = self.allows(user, verb, &resource, namespace);
        let mut answer = json!({
            "kind": kind,
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": review["spec"],
            "status": { "allowed": allowed },
        });
        if allowed {
            answer["status"]["reason"] = json!("kube-sim allows what no rule denies");
        }
        Ok(answer)
    }

    /// Answers a TokenReview from the tokens that were put for it.
    pub(crate) fn review_token(&self, _: &str, review: &Value) -> Result<Value, Refusal> {
        let kind = "TokenReview";
        let shown = text(review, "/spec/token").ok_or_else(|| {
            let why = "Required value: token is required for a TokenReview in authentication";
            unspecified(kind, "spec.token", why)
        })?;
        let known = self.reviewed.iter().find(|known| known.token == shown);
        let status = match known {
            Some(known) => json!({
                "authenticated": true,
                "user": { "username": known.user, "groups": known.groups },
                "audiences": ["https://kubernetes.default.svc.cluster.local"],
            }),
            None => json!({ "user": {}, "error": "[invalid bearer token, token lookup failed]" }),
        };
        Ok(json!({
            "kind": kind,
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {},
            "spec": review["spec"],
            "status": status,
        }))
    }
}

fn unspecified(kind: &str, field: &str, why: &str) -> Refusal {
    let group = if kind == "TokenReview" {
        "authentication.k8s.io"
    } else {
        "authorization.k8s.io"
    };
    let qualified = format!("{kind}.{group}");
    Refusal::invalid(&qualified, "", "FieldValueInvalid", field, why)
}

#[cfg(test)]
mod tests {
    use super::{Access, Denial};

    #[test]
    fn debug_output_shows_no_token() {
        let mut access = Access::default();
        access.tokens.insert("s3cret".into(), "somebody".into());
        let shown = format!("{access:?}");
        assert!(shown.contains("somebody") && !shown.contains("s3cret"));
    }

    #[test]
    fn a_resource_and_its_subresource_are_two() {
        let rule = Denial::new().verb("patch").resource("deployments");
        assert!(rule.covers("eve", "patch", "deployments", "demo"));
        assert!(!rule.covers("eve", "patch", "deployments/scale", "demo"));
        assert!(!rule.covers("eve", "get", "deployments", "demo"));
    }
}
