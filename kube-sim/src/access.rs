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

    /// Only this verb: `get`, `list`, `create`, `update`, `patch`, `delete`.
    #[must_use]
    pub fn verb(mut self, verb: impl Into<String>) -> Self {
        self.verb = Some(verb.into());
        self
    }

    /// Only this resource, for example `deployments` or `deployments/scale`; the one does not contain the other.
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

    fn covers(&self, verb: &str, resource: &str, namespace: &str) -> bool {
        let fits = |rule: &Option<String>, asked: &str| {
            rule.as_deref()
                .is_none_or(|rule| rule == "*" || rule == asked)
        };
        fits(&self.verb, verb) && fits(&self.resource, resource) && fits(&self.namespace, namespace)
    }
}

/// Tokens with their users, and the table of denials.
#[derive(Clone, Default)]
pub(crate) struct Access {
    pub(crate) tokens: BTreeMap<String, String>,
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

    fn allows(&self, verb: &str, resource: &str, namespace: &str) -> bool {
        let denied = |rule: &Denial| rule.covers(verb, resource, namespace);
        !self.denials.iter().any(denied)
    }

    pub(crate) fn check(&self, user: &str, verb: &str, route: &Route<'_>) -> Result<(), Refusal> {
        let namespace = route.namespace.unwrap_or_default();
        if self.allows(verb, &route.full_resource(), namespace) {
            return Ok(());
        }
        Err(Refusal::forbidden(user, verb, route))
    }

    /// Answers a SelfSubjectAccessReview from the same table.
    pub(crate) fn review(&self, review: &Value) -> Result<Value, Refusal> {
        let asked = |field: &str| text(review, &format!("/spec/resourceAttributes/{field}"));
        if review.pointer("/spec/resourceAttributes").is_none() {
            return Err(Refusal::invalid(
                "SelfSubjectAccessReview.authorization.k8s.io",
                "",
                "FieldValueInvalid",
                "spec.resourceAttributes",
                "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified",
            ));
        }
        let mut resource = asked("resource").unwrap_or_default().to_owned();
        if let Some(subresource) = asked("subresource") {
            resource = format!("{resource}/{subresource}");
        }
        let verb = asked("verb").unwrap_or_default();
        let allowed = self.allows(verb, &resource, asked("namespace").unwrap_or_default());
        let mut answer = json!({
            "kind": "SelfSubjectAccessReview",
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
        assert!(rule.covers("patch", "deployments", "demo"));
        assert!(!rule.covers("patch", "deployments/scale", "demo"));
        assert!(!rule.covers("get", "deployments", "demo"));
    }
}
