//! Refusals in the API server's own form, the `Status` object, with its texts.

use http::StatusCode;
use serde_json::{Value, json};

use crate::resource::{Resource, Route, qualified};

/// A refusal: the status and what its body says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) details: Option<Value>,
    /// Seconds, for the header `Retry-After`.
    pub(crate) retry_after: Option<u64>,
    /// Plain text instead of a `Status`, as for a path that no API has.
    pub(crate) is_text: bool,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, reason: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.to_owned(),
            message: message.into(),
            details: None,
            retry_after: None,
            is_text: false,
        }
    }

    fn about(mut self, resource: &Resource, name: &str) -> Self {
        self.details = Some(details(name, resource.group, resource.plural));
        self
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized")
    }

    /// Names user, verb, resource and namespace, for whoever has to add the rule.
    pub(crate) fn forbidden(user: &str, verb: &str, route: &Route<'_>) -> Self {
        let name = route.name.unwrap_or_default();
        let object = match route.name {
            Some(name) => format!("{} \"{name}\"", qualified(route.plural, route.group)),
            None => qualified(route.plural, route.group),
        };
        let place = match route.namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".to_owned(),
        };
        let message = format!(
            "{object} is forbidden: User \"{user}\" cannot {verb} resource \"{}\" in API group \"{}\" {place}",
            route.full_resource(),
            route.group
        );
        let mut refusal = Self::new(StatusCode::FORBIDDEN, "Forbidden", message);
        refusal.details = Some(details(name, route.group, route.plural));
        refusal
    }

    pub(crate) fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about(resource, name)
    }

    /// The group exists, the resource in it does not.
    pub(crate) fn unknown_resource() -> Self {
        let message = "the server could not find the requested resource";
        let mut refusal = Self::new(StatusCode::NOT_FOUND, "NotFound", message);
        refusal.details = Some(json!({}));
        refusal
    }

    /// Not even the group exists, as without the add-on that brings it.
    pub(crate) fn unknown_path() -> Self {
        let mut refusal = Self::new(StatusCode::NOT_FOUND, "NotFound", "404 page not found");
        refusal.is_text = true;
        refusal
    }

    pub(crate) fn method() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }

    pub(crate) fn conflict(resource: &Resource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict_because(resource, name, why)
    }

    pub(crate) fn conflict_because(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            resource.qualified()
        );
        Self::new(StatusCode::CONFLICT, "Conflict", message).about(resource, name)
    }

    pub(crate) fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::new(StatusCode::CONFLICT, "AlreadyExists", message).about(resource, name)
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(crate) fn unsupported_patch(accepted: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {accepted}"
        );
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            message,
        )
    }

    /// The real server can do it and this one cannot: said loudly, so that no test passes by accident.
    pub(crate) fn not_simulated(what: &str) -> Self {
        let message = format!("kube-sim does not simulate {what}");
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    /// A field that validation refuses: which one, what it is called, and why.
    pub(crate) fn invalid(
        qualified_kind: &str,
        name: &str,
        cause: &str,
        field: &str,
        why: &str,
    ) -> Self {
        let message = format!("{qualified_kind} \"{name}\" is invalid: {field}: {why}");
        let (kind, group) = qualified_kind
            .split_once('.')
            .unwrap_or((qualified_kind, ""));
        let mut about = details(name, group, kind);
        about["causes"] = json!([{ "reason": cause, "message": why, "field": field }]);
        let mut refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message);
        refusal.details = Some(about);
        refusal
    }

    /// "Not now" for an eviction; not "slow down".
    pub(crate) fn disruption_budget(budget: &str) -> Self {
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        let why =
            format!("The disruption budget {budget} needs 1 healthy pods and has 1 currently");
        let mut refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message);
        refusal.details = Some(json!({
            "causes": [{ "reason": "DisruptionBudget", "message": why }]
        }));
        refusal
    }

    pub(crate) fn body(&self) -> String {
        if self.is_text {
            return format!("{}\n", self.message);
        }
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.status.as_u16(),
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        status.to_string()
    }
}

/// Empty parts are left out, as everywhere in this API.
fn details(name: &str, group: &str, kind: &str) -> Value {
    let parts = [("name", name), ("group", group), ("kind", kind)];
    let parts = parts.into_iter().filter(|(_, text)| !text.is_empty());
    parts
        .map(|(key, text)| (key.to_owned(), json!(text)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
