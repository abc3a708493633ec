//! Wrong flags and wrong files: one line, exit code 1.

use crate::harness::{CONFIG, World, output, program};

#[track_caller]
fn mistake(command: &mut std::process::Command) -> String {
    let ended = output(command);
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(ended.stdout.is_empty());
    let last = said.lines().last().unwrap().to_owned();
    assert!(last.starts_with("kafka-lag-scaler: "), "{said}");
    last
}

#[test]
fn a_wrong_flag_is_named() {
    for (flags, words) in [
        (&["--nope"][..], "'--nope'"),
        (&["replay"][..], "<FILE>"),
        (&["replay", "x.json", "--at", "yesterday"][..], "yesterday"),
        (&["scale"][..], "'scale'"),
    ] {
        let said = mistake(&mut program(flags));
        assert!(
            said.contains(words) && said.contains("see --help"),
            "{said}"
        );
    }
}

#[test]
fn without_a_file_nothing_starts() {
    let said = mistake(&mut program(&[]));
    assert!(
        said.contains("--config.file") && said.contains("section scaler"),
        "{said}"
    );
    let said = mistake(&mut program(&["check-config"]));
    assert!(said.contains("--config.file"), "{said}");
}

#[test]
fn a_file_that_allows_nothing_is_refused() {
    let world = World::new("log:\n  level: info\n");
    let said = mistake(&mut world.command());
    assert!(
        said.contains("scaler.targets: nothing may be changed"),
        "{said}"
    );
}

#[test]
fn without_a_ledger_only_a_dry_run_starts() {
    let world = World::new(&CONFIG.replace("  ledger:\n    configmap: ops/scaler\n", ""));
    let said = mistake(&mut world.command());
    assert!(said.contains("scaler.ledger is missing"), "{said}");
    let running = crate::harness::Running::start(world.command().arg("--dry-run"));
    assert_eq!(running.get("/healthz").status, 200);
}

#[test]
fn a_missing_kubeconfig_is_named() {
    let world = World::new(CONFIG);
    let said = mistake(
        world
            .command()
            .env("KAFKA_LAG_KUBECONFIG", "/does/not/exist"),
    );
    assert!(said.contains("/does/not/exist"), "{said}");
}

#[test]
fn check_config_says_in_words_what_is_allowed() {
    let world = World::new(CONFIG);
    let ended = output(world.command().arg("check-config"));
    assert_eq!(ended.status.code(), Some(0));
    let said = String::from_utf8(ended.stdout).unwrap();
    for words in [
        "orders/Deployment/consumer",
        "1 to 10",
        "1 more",
        "at least 1h between two changes",
        "ConfigMap ops/scaler",
        "the configuration can be used",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(world.api.requests().is_empty(), "nothing was asked");
}

#[test]
fn passwords_of_a_web_config_file_and_tokens_want_the_same_header() {
    let world = World::new("");
    let token = world.write("token", "a-TESTonly");
    let token = format!("  webhook: {{bearer_token_files: [{}]}}\n", token.display());
    world.write("scaler.yaml", &format!("{CONFIG}{token}"));
    let hash = bcrypt::hash("TESTonly", 4).unwrap();
    let web = world.write(
        "web.yml",
        &format!("basic_auth_users: {{alertmanager: '{hash}'}}\n"),
    );
    let said = mistake(world.command().arg("--web.config.file").arg(web));
    assert!(
        said.contains("--web.config.file") && said.contains("both want the header Authorization"),
        "{said}"
    );
    let said = mistake(
        world
            .command()
            .args(["--web.config.file", "/no/such/web.yml"]),
    );
    assert!(said.contains("/no/such/web.yml"), "{said}");
}

#[test]
fn check_config_opens_the_file_that_protects_the_port() {
    let world = World::new(CONFIG);
    let path = world.write(
        "web.yml",
        "tls_server_config: {cert_file: no.crt, key_file: no.key}\n",
    );
    let mut command = world.command();
    let said = mistake(
        command
            .args(["check-config", "--web.config.file"])
            .arg(&path),
    );
    assert!(said.contains("no.crt"), "{said}");
    world.write("web.yml", "http_server_config: {http2: true}\n");
    let mut command = world.command();
    let ended = output(
        command
            .args(["check-config", "--web.config.file"])
            .arg(&path),
    );
    let text = String::from_utf8(ended.stdout).unwrap();
    assert!(
        ended.status.success() && text.contains("only the web.config.file"),
        "{text}"
    );
}
