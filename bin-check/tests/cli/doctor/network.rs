//! The way to the cloud.

use super::{first_cause, with};
use crate::{
    harness::{against, assert_says},
    servers,
};
use cms_sim::FaultKind;

#[test]
fn a_host_that_does_not_exist_is_a_matter_of_dns() {
    let cause = first_cause(&mut against("http://no-such-host.invalid", &["doctor"]));
    assert_says(
        &cause,
        &[
            "dns:",
            "no-such-host.invalid does not resolve",
            "--cms.endpoint",
        ],
    );
}

#[test]
fn a_refused_connection_is_named() {
    let cause = first_cause(&mut against(&servers::closed(), &["doctor"]));
    assert_says(
        &cause,
        &[
            "connection:",
            "no connection to 127.0.0.1:",
            "refused",
            "--cms.endpoint",
        ],
    );
}

#[test]
fn a_server_that_does_not_answer_is_a_timeout() {
    let cloud = with(FaultKind::Stall);
    let cause = first_cause(&mut cloud.command(&["doctor", "--cms.timeout=300ms"]));
    assert_says(
        &cause,
        &[
            "connection:",
            "does not answer in time",
            "--cms.network vpc",
        ],
    );
}

#[test]
fn an_untrusted_certificate_is_told_from_a_broken_connection() {
    let ca = servers::certificate("server.pem");
    let ca = ca.to_str().unwrap();
    let cause = first_cause(&mut against(
        &servers::untrusted(),
        &["doctor", "--cms.ca-file", ca],
    ));
    assert_says(
        &cause,
        &["connection:", "certificate", "not trusted", "--cms.ca-file"],
    );
}

#[test]
fn a_machine_without_certificates_is_told_what_to_install() {
    let mut command = against("https://127.0.0.1:1", &["doctor"]);
    command
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent");
    assert_says(&first_cause(&mut command), &["ca-certificates"]);
}

#[test]
fn a_login_page_is_no_answer_of_the_cloud() {
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 21\r\nconnection: close\r\n\r\n<html>Sign in!</html>";
    let cause = first_cause(&mut against(&servers::always(page), &["doctor"]));
    assert_says(&cause, &["answer:", "HTML", "HTTPS_PROXY"]);
    let refused = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let cause = first_cause(&mut against(&servers::always(refused), &["doctor"]));
    assert_says(&cause, &["answer:", "407", "HTTPS_PROXY"]);
}

#[test]
fn a_server_without_tls_is_named() {
    let page = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let url = servers::always(page).replace("http:", "https:");
    let ca = servers::certificate("server.pem");
    let ca = ca.to_str().unwrap();
    let cause = first_cause(&mut against(&url, &["doctor", "--cms.ca-file", ca]));
    assert_says(&cause, &["connection:", "speaks no TLS there"]);
}
