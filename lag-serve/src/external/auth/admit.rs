//! One request: who asks, for what, and whether they may.

use super::{
    AuthMode, Guard,
    objection::{Objection, quoted},
    trust::{Judgement, Trust},
};
use crate::{external::status::Status, web::PeerCertificates};
use http::{HeaderMap, StatusCode, header::AUTHORIZATION, request::Parts};
use lag_core::{FrontProxy, User, port::Access};
use percent_encoding::percent_decode_str;
use std::sync::{Arc, PoisonError};

const GROUP: &str = "external.metrics.k8s.io";
const METRICS: &str = "/apis/external.metrics.k8s.io/v1beta1/namespaces/";

/// What is remembered of a peer while its connection lasts.
struct Note {
    trust: Arc<Trust>,
    judgement: Judgement,
}

impl Guard {
    pub(super) async fn admit(&self, trust: &Arc<Trust>, parts: &Parts) -> Result<(), Status> {
        let note = self.note(trust, parts);
        match self.0.mode {
            AuthMode::Mtls => {
                let front = note.judgement.front.as_ref();
                front.copied().map_err(only_the_api_server)
            }
            AuthMode::Delegated => self.delegate(&trust.proxy, &note.judgement, parts).await,
        }
    }

    /// Judges the peer, or remembers how it was judged on this connection.
    fn note(&self, trust: &Arc<Trust>, parts: &Parts) -> Arc<Note> {
        let now = (self.0.now)();
        let judge = |chain| {
            Arc::new(Note {
                trust: trust.clone(),
                judgement: trust.judge(chain, now),
            })
        };
        let Some(peer) = parts.extensions.get::<PeerCertificates>() else {
            return judge(&[]);
        };
        let mut kept = peer.note().lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(note) = kept.clone().and_then(|kept| kept.downcast::<Note>().ok())
            && Arc::ptr_eq(&note.trust, trust)
            && note.judgement.holds(now)
        {
            return note;
        }
        let note = judge(peer.chain());
        if note.judgement.front.is_ok() {
            // Whoever it asks for may be refused; its connection is for many.
            peer.admit();
        }
        *kept = Some(note.clone());
        note
    }

    async fn delegate(
        &self,
        proxy: &FrontProxy,
        judgement: &Judgement,
        parts: &Parts,
    ) -> Result<(), Status> {
        let Some(reviews) = &self.0.reviews else {
            let message = "who asks cannot be checked: no API server is configured to ask";
            return Err(Status::new(StatusCode::SERVICE_UNAVAILABLE, message));
        };
        let what = access(parts.uri.path());
        let asserted = match judgement.front {
            Ok(()) => proxy.identify(&texts(&parts.headers)).map(Arc::new),
            Err(_) => None,
        };
        let user = match asserted.or_else(|| judgement.user.clone()) {
            Some(user) => user,
            None => match bearer(&parts.headers) {
                Some(token) => reviews.authenticate(token).await?.ok_or_else(|| {
                    let message = "Unauthorized: the API server does not know this bearer token; get a new one \
                                   (kubectl create token SERVICEACCOUNT)";
                    Status::new(StatusCode::UNAUTHORIZED, message)
                })?,
                None => return Err(anonymous(&what, &judgement.front)),
            },
        };
        // The aggregator reads these documents, and reports any failure at them again and again. They say nothing of groups.
        let is_openapi = parts.uri.path().starts_with("/openapi/");
        if user.is_master() || (is_openapi && user.is_authenticated()) {
            return Ok(());
        }
        let verdict = reviews.authorize(user.clone(), what.clone()).await?;
        if verdict.allowed {
            return Ok(());
        }
        Err(forbidden(&user, &what, &verdict.reason))
    }
}

/// The headers that are text, as all identity headers are.
fn texts(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let text = |value| std::str::from_utf8(value).ok();
    let pairs = headers.iter();
    pairs
        .filter_map(|(name, value)| Some((name.as_str(), text(value.as_bytes())?)))
        .collect()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// What a path is about. The router takes paths apart in the same way: at the slashes first, then the percent signs.
fn access(path: &str) -> Access {
    let metric = path
        .strip_prefix(METRICS)
        .and_then(|rest| rest.split_once('/'));
    if let Some((namespace, metric)) = metric
        && !namespace.is_empty()
        && !metric.is_empty()
        && !metric.contains('/')
        && let Ok(namespace) = percent_decode_str(namespace).decode_utf8()
        && let Ok(metric) = percent_decode_str(metric).decode_utf8()
    {
        return Access::Metric {
            namespace: namespace.into_owned(),
            metric: metric.into_owned(),
        };
    }
    Access::Path(path.to_owned())
}

fn only_the_api_server(objection: &Objection) -> Status {
    let message = format!(
        "{objection}: only the Kubernetes API server may ask here, so ask through it (kubectl get --raw \
         /apis/{GROUP}/v1beta1), or start the exporter with --external-metrics.auth delegated"
    );
    Status::new(StatusCode::FORBIDDEN, message)
}

fn anonymous(what: &Access, front: &Result<(), Objection>) -> Status {
    let nobody = User {
        name: "system:anonymous".to_owned(),
        ..User::default()
    };
    let hint = match front {
        Err(Objection::NoCertificate) => {
            "no client certificate and no bearer token were sent".to_owned()
        }
        Err(objection) => objection.to_string(),
        Ok(()) => "the API server named no user".to_owned(),
    };
    forbidden(&nobody, what, &hint)
}

/// In the API server's words, so that whoever knows those knows what to do.
fn forbidden(user: &User, what: &Access, reason: &str) -> Status {
    let who = quoted(&user.name);
    let mut message = match what {
        Access::Metric { namespace, metric } => {
            let metric: String = metric.chars().take(128).collect();
            format!(
                "{}.{GROUP} is forbidden: User {who} cannot list resource {} in API group \"{GROUP}\" in the \
                 namespace {}",
                metric.escape_debug(),
                quoted(&metric),
                quoted(namespace)
            )
        }
        Access::Path(path) => format!("forbidden: User {who} cannot get path {}", quoted(path)),
    };
    if !reason.is_empty() {
        message.push_str(": ");
        message.extend(reason.chars().take(300));
    }
    Status::new(StatusCode::FORBIDDEN, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_a_path_of_namespace_and_name_and_all_else_is_a_path() {
        let metric = |path: &str| match access(path) {
            Access::Metric { namespace, metric } => Some((namespace, metric)),
            Access::Path(whole) => {
                assert_eq!(whole, path);
                None
            }
        };
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(
            metric(&format!("{METRICS}orders/lag")),
            pair("orders", "lag")
        );
        assert_eq!(metric(&format!("{METRICS}a%2Fb/l%61g")), pair("a/b", "lag"));
        for path in [
            "/",
            "/apis",
            "/apis/external.metrics.k8s.io/v1beta1",
            "/apis/external.metrics.k8s.io/v1beta1/namespaces/orders",
            "/apis/external.metrics.k8s.io/v1beta1/namespaces/orders/",
            "/apis/external.metrics.k8s.io/v1beta1/namespaces//lag",
            "/apis/external.metrics.k8s.io/v1beta1/namespaces/orders/lag/x",
            "/apis/external.metrics.k8s.io/v1beta1/namespaces/orders/%ff",
            "/apis/external.metrics.k8s.io/v1beta1/orders/lag",
        ] {
            assert_eq!(metric(path), None, "{path}");
        }
    }

    #[test]
    fn a_token_is_what_follows_the_word_bearer() {
        let token = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, text.parse().unwrap());
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(token("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(token("bearer  abc ").as_deref(), Some("abc"));
        for none in ["Bearer", "Bearer ", "Basic abc", "abc", ""] {
            assert_eq!(token(none), None, "{none}");
        }
    }

    #[test]
    fn a_refusal_is_one_short_line_whatever_was_asked() {
        let user = User {
            name: "a\n".repeat(10_000),
            ..User::default()
        };
        let long = "x\u{7}\n".repeat(10_000);
        let what = Access::Metric {
            namespace: long.clone(),
            metric: long.clone(),
        };
        for what in [what, Access::Path(long.clone())] {
            let shown = format!("{:?}", forbidden(&user, &what, ""));
            assert!(shown.len() < 4_000, "{}", shown.len());
        }
    }
}
