//! `--demo`: one command, no account, nothing else needed.

use crate::{
    harness::{Running, program, value},
    http,
};
use std::net::{SocketAddr, TcpListener};

/// Only port 0 differs from what a person types.
fn demo() -> std::process::Command {
    program(&["--demo", "--web.listen-address=127.0.0.1:0"])
}

/// The address of every URL that is printed.
fn addresses(text: &str) -> Vec<SocketAddr> {
    let urls = text.split("http://").skip(1);
    urls.map(|rest| rest.split(['/', ' ']).next().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn the_first_lines_say_what_to_open_and_that_works() {
    let mut running = Running::start(&mut demo());
    running.out.until(|line| line.contains("Ctrl-C"));
    let said = running.out.text();
    assert!(running.out.seen[0].contains("no account"), "{said}");
    assert!(
        running.out.seen[1].contains(&format!("http://{}/", running.address)),
        "{said}"
    );
    assert!(running.out.seen.len() <= 8, "short: {said}");
    let addresses = addresses(&said);
    assert!(addresses.len() >= 5, "{said}");
    assert!(
        addresses.iter().all(|address| address.ip().is_loopback()),
        "{said}"
    );

    let page = running.metrics_until(|page| {
        page.matches("\nkafka_consumer_message_accumulation{")
            .count()
            >= 11
    });
    let zero = crate::harness::lag("cd_docking_analog");
    assert_eq!(value(&page, &zero), Some(0.0));
    let front = http::get(running.address, "/", &[]);
    assert!(front.status == 200 && front.text().contains("/metrics"));
    running.signal("INT");
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn the_faults_it_prints_show_within_seconds_and_can_be_mended() {
    let mut running = Running::start(&mut demo());
    running.out.until(|line| line.contains("Ctrl-C"));
    running.wait_until_read();
    let said = running.out.text();
    let cloud = *addresses(&said)
        .iter()
        .find(|address| **address != running.address)
        .unwrap();
    let control = |request: String| {
        use std::io::Write as _;
        let mut stream = http::connect(cloud);
        stream.write_all(request.as_bytes()).unwrap();
        assert_eq!(http::Reply::read(&mut stream).status, 200);
    };
    let (_, fault) = said.split_once("-d '").unwrap();
    let fault = fault.split('\'').next().unwrap();
    control(format!(
        "POST /_sim/faults HTTP/1.1\r\nhost: {cloud}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{fault}",
        fault.len()
    ));
    running.log.until(|line| line.contains("code=throttled"));
    control(format!(
        "DELETE /_sim/faults HTTP/1.1\r\nhost: {cloud}\r\nconnection: close\r\n\r\n"
    ));
    running.log.until(|line| line.contains("lag is read again"));
}

#[test]
fn it_needs_no_ca_certificates_and_no_proxy() {
    // A proxy at which nobody listens.
    let dead = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let dead = format!("http://{dead}");
    let mut command = demo();
    command
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent");
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env(name, &dead);
    }
    Running::start(&mut command).wait_until_read();
}

#[test]
fn keys_regions_and_instances_of_the_environment_stay_out_of_it() {
    let mut command = demo();
    command
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "real-key-id")
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "real-secret")
        .env("REGION_ID", "cn-beijing")
        .env("TARGET_INSTANCE_ID", "alikafka_pre-cn-real");
    let mut running = Running::start(&mut command);
    running.wait_until_read();
    assert!(!running.metrics().contains("cn-beijing") && !running.metrics().contains("cn-real"));
}
