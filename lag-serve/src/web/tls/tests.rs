use super::*;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use std::{fs, sync::atomic::AtomicI64, sync::atomic::Ordering::Relaxed};
use tempfile::TempDir;

fn pair(name: &str) -> CertifiedKey<KeyPair> {
    generate_simple_self_signed([name.to_owned()]).unwrap()
}

fn files(directory: &TempDir, cert: &str, key: &str) -> TlsFiles {
    let (cert_file, key_file) = (
        directory.path().join("tls.crt"),
        directory.path().join("tls.key"),
    );
    fs::write(&cert_file, cert).unwrap();
    fs::write(&key_file, key).unwrap();
    TlsFiles {
        cert_file,
        key_file,
    }
}

fn now() -> Now {
    Arc::new(|| "2026-11-22T03:00:00Z".parse().unwrap())
}

fn load(files: &TlsFiles, clients: ClientCertificates) -> Result<ServerTls, TlsError> {
    ServerTls::load(files.clone(), clients, Protocols::Web, now())
}

#[test]
fn a_pair_is_loaded_and_debug_output_shows_no_key() {
    let directory = tempfile::tempdir().unwrap();
    let made = pair("localhost");
    let key = made.signing_key.serialize_pem();
    let files = files(&directory, &made.cert.pem(), &key);
    let tls = load(&files, ClientCertificates::Asked).unwrap();
    let shown = format!("{tls:?}");
    let secret = key.lines().nth(1).unwrap();
    assert!(
        shown.contains("tls.key") && !shown.contains(secret),
        "{shown}"
    );
}

#[test]
fn every_mistake_names_its_file_and_what_would_do() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (pair("a"), pair("b"));
    let (cert, key) = (one.cert.pem(), one.signing_key.serialize_pem());
    let other = two.signing_key.serialize_pem();
    for (cert, key, parts) in [
        ("", key.as_str(), ["tls.crt", "no PEM certificate"]),
        (&key, &key, ["tls.crt", "no PEM certificate"]),
        (&cert, "", ["tls.key", "no PEM private key"]),
        (&cert, &cert, ["tls.key", "no PEM private key"]),
        (&cert, &other, ["tls.key", "is not the key of"]),
    ] {
        let error = load(&files(&directory, cert, key), ClientCertificates::None);
        let error = error.unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{error}");
        }
    }
    let good = files(&directory, &cert, &key);
    let mut missing = good.clone();
    missing.cert_file = directory.path().join("nowhere.crt");
    let error = load(&missing, ClientCertificates::None)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("nowhere.crt") && error.contains("no such file"),
        "{error}"
    );
    let ca_file = good.key_file.clone();
    let error = load(&good, ClientCertificates::Required { ca_file });
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("client-ca-file "), "{error}");
}

/// `openssl x509 -req` without extensions, for `localhost`, until 2126.
const OLD: &str = "\
-----BEGIN CERTIFICATE-----
MIIBJDCBywIUGAuUkqes7unreBCU4icBUDCxziQwCgYIKoZIzj0EAwIwFDESMBAG
A1UEAwwJbG9jYWxob3N0MCAXDTI2MTEzMDA2MzQxOFoYDzIxMjYxMTA2MDYzNDE4
WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AARj5welKknPEnNcv0VF7XYXDJLVEwk3os8ybojpb2X8odEE0GQq5LkEiNXkPXSV
emZnCpvfmPAKSxcDiS+3wNS8MAoGCCqGSM49BAMCA0gAMEUCIQD3rYsqOUs9doUS
/yVwsdSPuai3qHk9i8SQ3wHh3ETabwIgaBhk0kLjCdqRzacSFqc6NTZS0AO91C3G
TTN9QlDxRB0=
-----END CERTIFICATE-----
";

#[test]
fn a_certificate_of_the_first_version_says_what_would_do() {
    let directory = tempfile::tempdir().unwrap();
    let key = pair("a").signing_key.serialize_pem();
    let error = load(&files(&directory, OLD, &key), ClientCertificates::None);
    let error = error.unwrap_err().to_string();
    for part in ["tls.crt", "old version", "kafka-lag generate serving-cert"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn the_name_of_a_service_ends_with_svc() {
    let is_named = |name: &str| super::files::names_a_service(pair(name).cert.der());
    for name in [
        "lag.monitoring.svc",
        "*.monitoring.svc",
        "Lag.Monitoring.SVC",
    ] {
        assert!(is_named(name), "{name}");
    }
    for name in [
        "localhost",
        "lag.monitoring",
        "lag.monitoring.svc.cluster.local",
        "10.0.0.1",
    ] {
        assert!(!is_named(name), "{name}");
    }
}

#[test]
fn a_new_pair_is_taken_and_a_bad_one_leaves_the_old() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (pair("a"), pair("b"));
    let first = files(
        &directory,
        &one.cert.pem(),
        &one.signing_key.serialize_pem(),
    );
    let seconds = Arc::new(AtomicI64::new(0));
    let clock = seconds.clone();
    let now: Now = Arc::new(move || Timestamp::from_second(clock.load(Relaxed)).unwrap());
    let tls = ServerTls::load(
        first.clone(),
        ClientCertificates::None,
        Protocols::Grpc,
        now,
    )
    .unwrap();
    let old = tls.current();

    fs::write(&first.key_file, two.signing_key.serialize_pem()).unwrap();
    seconds.store(1, Relaxed);
    assert!(Arc::ptr_eq(&old, &tls.current()), "not looked at yet");
    seconds.store(2, Relaxed);
    assert!(
        Arc::ptr_eq(&old, &tls.current()),
        "half of a pair is no pair"
    );
    fs::remove_file(&first.cert_file).unwrap();
    seconds.store(4, Relaxed);
    assert!(Arc::ptr_eq(&old, &tls.current()), "missing");
    fs::write(&first.cert_file, two.cert.pem()).unwrap();
    seconds.store(6, Relaxed);
    let new = tls.current();
    assert!(!Arc::ptr_eq(&old, &new));
    seconds.store(100, Relaxed);
    assert!(
        Arc::ptr_eq(&new, &tls.current()),
        "the same files, the same configuration"
    );
    // A clock that was set back must not keep old certificates for as long.
    seconds.store(50, Relaxed);
    tls.current();
    assert_eq!(tls.0.served().looked, Timestamp::from_second(50).unwrap());
}
