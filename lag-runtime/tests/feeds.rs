//! What autoscalers read, in flags and in the file: off by default, whole or refused.
#![allow(clippy::unwrap_used)]

use lag_runtime::{
    args::Args,
    config::{Config, ConfigError, ExternalAuth, File},
};
use std::path::Path;

fn resolve(text: &str, change: impl FnOnce(&mut Args)) -> Result<Config, ConfigError> {
    let mut args = Args::default();
    args.read.source.region = Some("cn-hangzhou".into());
    args.read.source.instance = vec!["alikafka_pre-cn-a".into()];
    args.read.config_file = Some("lag.yaml".into());
    change(&mut args);
    let file = File::parse("lag.yaml", text)?;
    Config::resolve(&args, &file, &|_| None)
}

fn mistake(text: &str, change: impl FnOnce(&mut Args)) -> String {
    resolve(text, change).unwrap_err().to_string()
}

fn some(text: &str) -> Option<String> {
    Some(text.into())
}

#[test]
fn both_feeds_are_off_unless_an_address_is_given() {
    let config = resolve("", |_| {}).unwrap();
    assert!(config.external_metrics.is_none());
    assert!(config.keda.is_none());
}

#[test]
fn flags_win_over_the_file_key_by_key() {
    let text = "\
external_metrics:
  listen_address: \":6443\"
  tls_cert_file: /from/file.crt
  tls_key_file: /from/file.key
  auth: delegated
  namespaces:
    orders: [\"suffix:_docking_analog\", \"exact:a\"]
    \"*\": []
keda:
  listen_address: 127.0.0.1:6000
";
    let config = resolve(text, |args| {
        args.external_metrics.external_metrics_tls_cert_file = some("/from/flag.crt");
    })
    .unwrap();
    let external = config.external_metrics.unwrap();
    assert_eq!(external.listen_address.text, ":6443");
    assert_eq!(
        external.listen_address.place,
        "lag.yaml line 2: external_metrics.listen_address"
    );
    assert_eq!(external.pair.cert_file, Path::new("/from/flag.crt"));
    assert_eq!(external.pair.key_file, Path::new("/from/file.key"));
    assert_eq!(external.auth, ExternalAuth::Delegated);
    let namespaces = external.namespaces.unwrap();
    assert!(namespaces["orders"][0].accepts("cust_docking_analog"));
    assert!(namespaces["*"].is_empty());
    let keda = config.keda.unwrap();
    assert_eq!(keda.listen_address.text, "127.0.0.1:6000");
    assert!(keda.pair.is_none());
}

#[test]
fn external_metrics_are_never_served_without_tls() {
    let said = mistake("", |args| {
        args.external_metrics.external_metrics_listen_address = some(":6443");
    });
    assert_eq!(
        said,
        "--external-metrics.listen-address (or KAFKA_LAG_EXTERNAL_METRICS_LISTEN_ADDRESS): the API server speaks TLS and \
         nothing else: give --external-metrics.tls-cert-file and --external-metrics.tls-key-file; `kafka-lag generate \
         serving-cert` makes a pair"
    );
}

#[test]
fn half_a_pair_is_refused_with_the_other_half() {
    let said = mistake("", |args| {
        args.keda.keda_listen_address = some(":6000");
        args.keda.keda_tls_key_file = some("/k");
    });
    assert!(
        said.contains("it needs --keda.tls-cert-file beside it"),
        "{said}"
    );
    let said = mistake("", |args| {
        args.external_metrics.external_metrics_listen_address = some(":6443");
        args.external_metrics.external_metrics_tls_cert_file = some("/c");
    });
    assert!(
        said.contains("it needs --external-metrics.tls-key-file beside it"),
        "{said}"
    );
}

#[test]
fn what_would_have_no_effect_is_refused() {
    let said = mistake("keda: {client_ca_file: /ca}", |_| {});
    assert_eq!(
        said,
        "lag.yaml line 1: keda.client_ca_file: it has no effect without --keda.listen-address: give that too, or leave \
         this out"
    );
    let said = mistake("", |args| {
        args.external_metrics.external_metrics_auth = some("mtls");
    });
    assert!(
        said.contains("no effect without --external-metrics.listen-address"),
        "{said}"
    );
    let said = mistake(
        "keda: {listen_address: \":6000\", client_ca_file: /ca}",
        |_| {},
    );
    assert!(
        said.contains("only be asked for a certificate over TLS"),
        "{said}"
    );
}

#[test]
fn wrong_words_are_named_with_the_right_ones() {
    let text = "external_metrics: {listen_address: \":6443\", tls_cert_file: c, tls_key_file: k, auth: none}";
    let said = mistake(text, |_| {});
    assert!(
        said.ends_with("external_metrics.auth: \"none\" is not known: use mtls or delegated"),
        "{said}"
    );
    let said = mistake("external_metrics: {namespaces: {Orders!: []}}", |_| {});
    assert!(
        said.contains("external_metrics.namespaces.Orders!: this is no namespace"),
        "{said}"
    );
    let said = mistake(
        "external_metrics: {namespaces: {orders: [docking]}}",
        |_| {},
    );
    assert!(said.contains("pattern \"docking\" has no kind"), "{said}");
    let said = mistake("external_metrics: {tls: yes}", |_| {});
    assert!(said.contains("tls"), "{said}");
}

#[test]
fn namespaces_are_never_open_by_an_empty_value() {
    let said = mistake("external_metrics:\n  namespaces:\n", |_| {});
    assert_eq!(
        said,
        "lag.yaml: external_metrics.namespaces: it is empty: leave it out if every namespace may read every group, or \
         write {} if none may"
    );
    let said = mistake("external_metrics: {namespaces: {}}", |_| {});
    assert!(
        said.contains("no effect without --external-metrics.listen-address"),
        "{said}"
    );
    let on = "external_metrics: {listen_address: \":6443\", tls_cert_file: c, tls_key_file: k, namespaces: {orders: }}";
    let config = resolve(on, |_| {}).unwrap();
    let namespaces = config.external_metrics.unwrap().namespaces.unwrap();
    assert!(
        namespaces["orders"].is_empty(),
        "an entry without patterns reads nothing"
    );
}
