//! What autoscalers read, in words.

use lag_core::Matcher;
use lag_runtime::config::{Config, ExternalAuth};
use std::fmt::Write as _;

/// A block for each feed that is on; nothing when none is.
pub(super) fn describe(config: &Config) -> String {
    let mut text = String::new();
    if let Some(external) = &config.external_metrics {
        let who = match external.auth {
            ExternalAuth::Mtls => "the API server alone, by its front-proxy certificate",
            ExternalAuth::Delegated => {
                "whoever the API server knows and permits, by token or certificate"
            }
        };
        let _ = write!(
            text,
            "\nexternal metrics (by the exporter)\n  served at   {}\n  certificate {}, read again when it changes\n  \
             readers     {who}\n",
            external.listen_address.text,
            external.pair.cert_file.display(),
        );
        match &external.namespaces {
            None => text += "  namespaces  all read all groups\n",
            Some(scopes) => {
                for (namespace, groups) in scopes {
                    let whose = match namespace.as_str() {
                        "*" => "all others",
                        name => name,
                    };
                    let _ = writeln!(text, "  namespaces  {whose}: {}", patterns(groups));
                }
                if !scopes.contains_key("*") {
                    text += "  namespaces  all others: nothing\n";
                }
            }
        }
    }
    if let Some(keda) = &config.keda {
        let tls = match (&keda.pair, &keda.client_ca_file) {
            (None, _) => "in plain text, to whoever reaches the port".to_owned(),
            (Some(pair), None) => format!("TLS with {}, to anybody", pair.cert_file.display()),
            (Some(pair), Some(ca)) => format!(
                "TLS with {}, to clients with a certificate of {}",
                pair.cert_file.display(),
                ca.display()
            ),
        };
        let _ = write!(
            text,
            "\nKEDA external scaler (by the exporter)\n  served at   {}\n  readers     {tls}\n",
            keda.listen_address.text
        );
    }
    text
}

fn patterns(groups: &[Matcher]) -> String {
    if groups.is_empty() {
        return "nothing".to_owned();
    }
    let groups: Vec<_> = groups.iter().map(ToString::to_string).collect();
    groups.join(", ")
}
