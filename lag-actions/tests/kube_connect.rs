//! Finding a cluster.
#![allow(clippy::unwrap_used)]

use std::{fs, net::TcpListener, path::Path, process::Command, time::Duration};

use lag_actions::kube::{Cluster, ConnectSettings, Needs, StateNeeds, connect, missing_rights};
use lag_core::port::{PortError, PortErrorKind};
use tempfile::TempDir;
use tokio::time::timeout;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

const SECRET: &str = "hush-hush-token";

fn kubeconfig(server: &str, user: &str, extra: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
current-context: here
contexts:
- name: here
  context: {{cluster: c, user: u, namespace: orders}}
clusters:
- name: c
  cluster:
    server: {server}
{extra}users:
- name: u
  user:
{user}
"
    )
}

fn token() -> String {
    format!("    token: {SECRET}")
}

async fn connect_with(text: &str) -> Result<Cluster, PortError> {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("config");
    fs::write(&file, text).unwrap();
    connect_to(&file).await
}

async fn connect_to(file: &Path) -> Result<Cluster, PortError> {
    let settings = ConnectSettings {
        kubeconfig: Some(file.to_owned()),
        ..ConnectSettings::default()
    };
    connect(&settings).await
}

async fn refused(text: &str) -> PortError {
    let error = connect_with(text).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        !shown.contains(SECRET) && !error.to_string().contains('\n'),
        "{shown}"
    );
    error
}

#[tokio::test]
async fn a_cluster_is_shown_by_its_host_and_without_its_secrets() {
    let text = kubeconfig("https://api.example.com:6443/path", &token(), "");
    let ca = Path::new(env!("CARGO_MANIFEST_DIR")).join("../aliyun-cms/tests/fixtures/tls/ca.pem");
    let extra = format!("    certificate-authority: {}\n", ca.display());
    // https: no provider of TLS was installed before, and nothing panics.
    let text = text.replace("users:", &format!("{extra}users:"));
    let cluster = connect_with(&text).await.unwrap();
    assert_eq!(
        (cluster.host.as_str(), cluster.namespace.as_str()),
        ("api.example.com", "orders")
    );
    let shown = format!("{cluster:?} {:?}", ConnectSettings::default());
    assert!(
        shown.contains("api.example.com") && !shown.contains(SECRET),
        "{shown}"
    );
}

#[tokio::test]
async fn one_call_is_one_request_with_our_name_whatever_the_answer() {
    for code in [429, 503, 504] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(code).insert_header("Retry-After", "0");
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let text = kubeconfig(&server.uri(), &token(), "");
        let cluster = connect_with(&text).await.unwrap();
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
        for method in methods {
            let request = http::Request::builder().method(method).uri("/version");
            let request = request.body(Vec::new()).unwrap();
            let call = cluster.client.request_text(request);
            // Repeating would take minutes.
            timeout(Duration::from_secs(5), call)
                .await
                .unwrap()
                .unwrap_err();
        }
        let seen = server.received_requests().await.unwrap();
        let asked: Vec<&str> = seen.iter().map(|request| request.method.as_str()).collect();
        assert_eq!(asked, methods, "{code}");
        let agent = seen[0].headers["user-agent"].to_str().unwrap();
        assert!(agent.starts_with("kafka-lag/"), "{agent}");
        assert_eq!(seen[0].headers["authorization"], format!("Bearer {SECRET}"));
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let error = connect_to(Path::new("/does/not/exist.yaml"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::NotFound);
    let text = error.to_string();
    assert!(
        text.starts_with("--kubeconfig /does/not/exist.yaml: "),
        "{text}"
    );
    assert!(text.ends_with("name a kubeconfig that exists"), "{text}");
}

#[tokio::test]
async fn a_file_that_is_no_kubeconfig_is_refused_without_being_quoted() {
    let good = kubeconfig("https://api.example.com", &token(), "");
    let bad_server = good.replace(
        "server: https://api.example.com",
        &format!("server: [{SECRET}]"),
    );
    let bad_syntax = good.replace("token: ", "token: \"\n ]");
    for text in [bad_server, bad_syntax] {
        let error = refused(&text).await;
        assert_eq!(error.kind, PortErrorKind::Invalid);
        assert!(
            error.to_string().contains("not a kubeconfig (line "),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_context_that_is_missing_is_named_with_the_way_to_find_one() {
    let good = kubeconfig("https://api.example.com", &token(), "");
    let none = refused(&good.replace("current-context: here\n", "")).await;
    assert!(
        none.to_string().contains("no current context is set"),
        "{none}"
    );
    let other = refused(&good.replace("current-context: here", "current-context: there")).await;
    assert!(
        other.to_string().contains("there is no context \"there\""),
        "{other}"
    );
    assert!(
        other.to_string().contains("kubectl config get-contexts"),
        "{other}"
    );
}

#[tokio::test]
async fn a_chosen_context_wins_over_the_current_one() {
    let text = kubeconfig(
        "https://api.example.com",
        "    {}",
        "    insecure-skip-tls-verify: true\n",
    )
    .replace(
        "contexts:",
        "contexts:\n- {name: other, context: {cluster: c, namespace: tools}}",
    );
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("config");
    fs::write(&file, text).unwrap();
    let settings = ConnectSettings {
        kubeconfig: Some(file),
        context: Some("other".to_owned()),
        ..ConnectSettings::default()
    };
    match connect(&settings).await {
        Ok(cluster) => assert_eq!(cluster.namespace, "tools"),
        // A machine without any CA bundle.
        Err(error) => assert!(error.to_string().contains("certificates"), "{error}"),
    }
}

#[tokio::test]
async fn what_a_credential_plugin_prints_is_never_shown() {
    let plugin = |script: &str| {
        let user = format!(
            "    exec:
      apiVersion: client.authentication.k8s.io/v1
      interactiveMode: Never
      command: sh
      args: [\"-c\", \"{script}\"]"
        );
        kubeconfig("http://api.example.com", &user, "")
    };
    let failing = refused(&plugin(&format!(
        "echo {SECRET}; echo {SECRET} >&2; exit 3"
    )))
    .await;
    assert_eq!(failing.kind, PortErrorKind::Invalid);
    assert!(failing.to_string().contains("exit status: 3"), "{failing}");
    let babbling = refused(&plugin(&format!("echo token = {SECRET}"))).await;
    assert!(
        babbling.to_string().contains("no valid ExecCredential"),
        "{babbling}"
    );
    let missing = kubeconfig(
        "http://api.example.com",
        "    exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: no-such-plugin}",
        "",
    );
    let missing = refused(&missing).await;
    assert!(
        missing.to_string().contains("could not be started"),
        "{missing}"
    );
}

#[tokio::test]
async fn a_proxy_that_cannot_be_used_is_refused_without_its_password() {
    let proxy = format!("    proxy-url: ftp://user:{SECRET}@proxy.example.com\n");
    let error = refused(&kubeconfig("http://api.example.com", &token(), &proxy)).await;
    assert!(
        error.to_string().contains("use an http or https proxy"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_told_without_credentials() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener); // nobody listens there now
    let text = kubeconfig(&format!("http://{address}"), &token(), "");
    let cluster = connect_with(&text).await.unwrap();
    let needs = Needs {
        state: Some(StateNeeds {
            namespace: "tools".to_owned(),
            config_map: "s".to_owned(),
            lease: "l".to_owned(),
        }),
        ..Needs::default()
    };
    let error = missing_rights(&cluster, &[], &needs).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    let text = error.to_string();
    assert!(
        text.starts_with("ask whether we may create configmaps in tools: "),
        "{text}"
    );
    assert!(!text.contains(SECRET) && !text.contains('\n'), "{text}");
}

/// Says that this process is a child of its test.
const CHILD: &str = "KAFKA_LAG_TEST_CHILD";

#[expect(
    clippy::disallowed_methods,
    reason = "asks for the mark that the parent has set"
)]
fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Environment variables belong to a process, so these run in one of their own.
#[tokio::test]
async fn in_this_environment() {
    if !is_child() {
        return; // the tests below run it
    }
    let context = fs::read_to_string("context").ok();
    let settings = ConnectSettings {
        context,
        ..ConnectSettings::default()
    };
    let result = connect(&settings).await;
    println!("{result:?}");
}

fn run(home: &Path, environment: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "in_this_environment", "--nocapture"])
        .env_clear()
        .env(CHILD, "1")
        .env("HOME", home)
        .envs(environment.iter().copied())
        .current_dir(home)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn without_any_configuration_the_three_ways_are_named() {
    let home = TempDir::new().unwrap();
    let result = run(home.path(), &[]);
    assert!(result.contains("kind: NotFound"), "{result}");
    for way in [
        "--kubeconfig",
        "KUBECONFIG",
        "~/.kube/config",
        "service account",
    ] {
        assert!(result.contains(way), "{way}: {result}");
    }
    fs::write(home.path().join("context"), "here").unwrap();
    let result = run(home.path(), &[]);
    assert!(result.contains("needs a kubeconfig"), "{result}");
}

#[test]
fn a_kubeconfig_variable_wins_over_the_home_and_must_be_right() {
    let home = TempDir::new().unwrap();
    fs::create_dir(home.path().join(".kube")).unwrap();
    let write = |name: &str, server: &str| {
        let text = kubeconfig(server, &token(), "");
        fs::write(home.path().join(name), text).unwrap();
    };
    write(".kube/config", "http://home.example.com");
    write("named", "http://named.example.com");
    let result = run(home.path(), &[]);
    assert!(result.contains("home.example.com"), "{result}");
    let result = run(home.path(), &[("KUBECONFIG", "named")]);
    assert!(result.contains("named.example.com"), "{result}");
    // Not the home's identity instead.
    let result = run(home.path(), &[("KUBECONFIG", "missing")]);
    assert!(
        result.contains("KUBECONFIG: missing cannot be read"),
        "{result}"
    );
}

#[test]
fn a_broken_file_in_the_home_does_not_lead_to_another_identity() {
    let home = TempDir::new().unwrap();
    fs::create_dir(home.path().join(".kube")).unwrap();
    fs::write(home.path().join(".kube/config"), "{[").unwrap();
    let pod = [
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("KUBERNETES_SERVICE_PORT", "443"),
    ];
    let result = run(home.path(), &pod);
    assert!(
        result.contains("~/.kube/config: it is not a kubeconfig"),
        "{result}"
    );
}

#[test]
fn a_pod_without_a_mounted_service_account_is_told_so() {
    let home = TempDir::new().unwrap();
    let pod = [
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("KUBERNETES_SERVICE_PORT", "443"),
    ];
    let result = run(home.path(), &pod);
    assert!(result.contains("automountServiceAccountToken"), "{result}");
}
