//! `--web.config.file` of the real program.

use crate::{
    harness::{Cloud, Running, exporter, output},
    http,
};
use std::fs;

const ALICE: &str =
    "basic_auth_users:\n  alice: $2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n";
const RIGHT: (&str, &str) = ("authorization", "Basic YWxpY2U6VSpV");

#[test]
fn only_who_has_a_password_reads_the_metrics_and_no_log_tells_it() {
    let (cloud, directory) = (Cloud::usual(), tempfile::tempdir().unwrap());
    let path = directory.path().join("web.yml");
    fs::write(&path, ALICE).unwrap();
    let mut command = exporter(&cloud.url());
    command.arg("--web.config.file").arg(&path);
    command.env("KAFKA_LAG_LOG_LEVEL", "trace");
    let mut running = Running::start(&mut command);
    for path in ["/metrics", "/api/v1/lag", "/healthz", "/"] {
        let refused = running.get(path);
        assert_eq!(refused.status, 401, "{path}");
        assert!(
            refused
                .header("www-authenticate")
                .unwrap()
                .starts_with("Basic ")
        );
        let wrong = http::get(
            running.address,
            path,
            &[("authorization", "Basic YWxpY2U6VSpW")],
        );
        assert_eq!(wrong.status, 401, "{path}");
    }
    let page = http::get(running.address, "/metrics", &[RIGHT]);
    assert_eq!(page.status, 200);
    assert!(page.text().contains("# TYPE kafka_lag_up gauge"));
    running.signal("TERM");
    assert!(running.end().success());
    for secret in ["U*U", "VSpV", "VSpW", "CCCCCCC", "yOeW"] {
        assert!(
            !running.log.text().contains(secret),
            "{secret} {}",
            running.log.text()
        );
    }
}

#[test]
fn a_certificate_is_served_and_plain_http_gets_nothing() {
    let (cloud, directory) = (Cloud::usual(), tempfile::tempdir().unwrap());
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    for (name, text) in [
        ("tls.crt", made.cert.pem()),
        ("tls.key", made.signing_key.serialize_pem()),
        (
            "web.yml",
            "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n".into(),
        ),
    ] {
        fs::write(directory.path().join(name), text).unwrap();
    }
    let mut command = exporter(&cloud.url());
    command.env(
        "KAFKA_LAG_WEB_CONFIG_FILE",
        directory.path().join("web.yml"),
    );
    let running = Running::start(&mut command);
    // An alert of TLS (21) and no status line.
    let first = http::first_byte(running.address, "/metrics");
    assert!(matches!(first, None | Some(21)), "{first:?}");
}

#[test]
fn a_file_that_cannot_be_used_ends_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.yml");
    for (text, lease, parts) in [
        (
            "rate_limit: {burst: 1}\n",
            false,
            [
                "--web.config.file",
                "web.yml line 1: rate_limit is not supported",
            ],
        ),
        (
            "tls_server_config: {cert_file: no.crt, key_file: no.key}\n",
            false,
            ["cert_file", "no.crt: no such file"],
        ),
        (ALICE, true, ["--web.config.file", "--lease"]),
    ] {
        fs::write(&path, text).unwrap();
        let mut command = exporter("http://127.0.0.1:9");
        command.arg("--web.config.file").arg(&path);
        if lease {
            command.args(["--lease=a/b", "--lease.advertise-url=http://127.0.0.1:1"]);
        }
        let ended = output(&mut command);
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        let last = said.lines().last().unwrap();
        for part in parts {
            assert!(last.contains(part), "{part:?} is not in: {last}");
        }
    }
}
