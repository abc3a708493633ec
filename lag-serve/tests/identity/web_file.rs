//! A `--web.config.file` over real TLS: who comes in, and what changes while the server runs.

use crate::{
    certificates::{Ca, Identity},
    client::{BOTH, Connection, Http, Reply, secured, trusting, trusting_over},
    server::{Clock, Server},
};
use axum::{Router, extract::Request, routing::get};
use lag_serve::web::WebFile;
use rcgen::{SanType, string::Ia5String};
use std::{fs, io};
use tempfile::TempDir;
use tokio::net::TcpStream;

/// "alice" has "U*U".
const ALICE: &str =
    "basic_auth_users:\n  alice: $2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n";
const RIGHT: (&str, &str) = ("authorization", "Basic YWxpY2U6VSpV");
const WRONG: (&str, &str) = ("authorization", "Basic YWxpY2U6VSpW");
const UNKNOWN: (&str, &str) = ("authorization", "Basic Ym9iOlUqVQ==");
const TLS: &str = "tls_server_config:\n  cert_file: tls.crt\n  key_file: tls.key\n";
const MTLS: &str = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n";

/// A server as a file says, whose clock and files a test can change.
struct World {
    directory: TempDir,
    clock: Clock,
    serving: Ca,
    clients: Ca,
    file: WebFile,
    server: Server,
}

impl World {
    async fn start(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (serving, clients, clock) = (Ca::new("serving"), Ca::new("clients"), Clock::new());
        let own = serving.server();
        for (name, text) in [
            ("tls.crt", own.pem.as_str()),
            ("tls.key", &own.key),
            ("ca.crt", &clients.pem()),
            ("web.yml", text),
        ] {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let file = WebFile::read(&directory.path().join("web.yml"), clock.now()).unwrap();
        let answer = |request: Request| async move {
            let is_shown = request.headers().contains_key("authorization");
            format!("{:?} {is_shown}", request.version())
        };
        let router = Router::new()
            .route("/healthz", get(|| async { "ok" }))
            .fallback(answer);
        let server = Server::start(file.wire(), file.protect(router)).await;
        Self {
            directory,
            clock,
            serving,
            clients,
            file,
            server,
        }
    }

    fn becomes(&self, text: &str) {
        fs::write(self.directory.path().join("web.yml"), text).unwrap();
        self.clock.forward(2);
    }

    async fn connect(&self, identity: Option<&Identity>, http: Http) -> io::Result<Connection> {
        let config = trusting(&self.serving, identity);
        let stream = secured(&self.server, config, http).await?;
        Connection::over(stream, http)
            .await
            .map_err(io::Error::other)
    }

    /// The status of one request with TLS; an error when there was no connection to ask on.
    async fn status(&self, identity: Option<&Identity>) -> Result<u16, String> {
        let connection = self.connect(identity, Http::One).await;
        let mut connection = connection.map_err(|error| error.to_string())?;
        // In TLS 1.3 the client is refused after it thinks that all is well.
        let reply = connection.try_get("/", &[]).await;
        reply
            .map(|reply| reply.status.as_u16())
            .map_err(|error| error.to_string())
    }

    async fn plain(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let stream = TcpStream::connect(self.server.address).await.unwrap();
        let mut connection = Connection::over(stream, Http::One).await.unwrap();
        connection.get(path, headers).await
    }
}

#[tokio::test]
async fn without_tls_passwords_are_asked_all_the_same_and_probes_are_no_exception() {
    let world = World::start(ALICE).await;
    assert!(world.file.authenticates() && !world.file.is_tls());
    for path in ["/", "/healthz", "/nowhere"] {
        for wrong in [&[][..], &[WRONG], &[UNKNOWN], &[RIGHT, WRONG]] {
            let reply = world.plain(path, wrong).await;
            assert_eq!(reply.status, 401, "{path} {wrong:?}");
            assert!(reply.body.contains("basic_auth_users"), "{}", reply.body);
        }
        assert_eq!(world.plain(path, &[RIGHT]).await.status, 200, "{path}");
    }
    let reply = world.plain("/", &[RIGHT]).await;
    assert_eq!(
        reply.body, "HTTP/1.1 false",
        "the password ends at the door"
    );
}

#[tokio::test]
async fn passwords_and_headers_work_over_tls_in_both_https() {
    let text = format!(
        "{TLS}{ALICE}http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=60\n"
    );
    let world = World::start(&text).await;
    assert!(world.file.is_tls());
    for http in BOTH {
        let mut connection = world.connect(None, http).await.unwrap();
        for (headers, status) in [(&[][..], 401), (&[WRONG], 401), (&[RIGHT], 200)] {
            let reply = connection.get("/", headers).await;
            assert_eq!(reply.status, status);
            let header = |name| reply.headers.get(name).map(|value| value.to_str().unwrap());
            assert_eq!(header("strict-transport-security"), Some("max-age=60"));
            let realm = header("www-authenticate");
            assert_eq!(
                realm.is_some_and(|realm| realm.starts_with("Basic ")),
                status == 401
            );
        }
    }
}

#[tokio::test]
async fn a_required_certificate_must_be_of_the_ca() {
    let world = World::start(&format!("{TLS}{MTLS}")).await;
    assert!(world.file.authenticates());
    let other = Ca::new("clients").client("prometheus");
    world.status(None).await.unwrap_err();
    world.status(Some(&other)).await.unwrap_err();
    let own = world.clients.client("prometheus");
    assert_eq!(world.status(Some(&own)).await, Ok(200));
}

#[tokio::test]
async fn a_certificate_that_may_be_left_out_is_verified_when_it_is_shown() {
    let given = MTLS.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven");
    let world = World::start(&format!("{TLS}{given}")).await;
    assert!(!world.file.authenticates());
    assert_eq!(world.status(None).await, Ok(200));
    let own = world.clients.client("prometheus");
    assert_eq!(world.status(Some(&own)).await, Ok(200));
    let other = Ca::new("clients").client("prometheus");
    // Some clients do not even send one whose CA the server does not name.
    if let Ok(status) = world.status(Some(&other)).await {
        assert_eq!(status, 200, "it came without");
    }
}

#[tokio::test]
async fn a_name_of_each_kind_is_allowed_and_no_other() {
    let allowed = "  client_allowed_sans: [Prometheus.example, 10.0.0.7, 'fd00::7', 'spiffe://lag/one', a@lag.example]\n";
    let world = World::start(&format!("{TLS}{MTLS}{allowed}")).await;
    let text = |text: &str| Ia5String::try_from(text).unwrap();
    let ip = |text: &str| SanType::IpAddress(text.parse().unwrap());
    let named = |sans: Vec<SanType>| {
        world.clients.client_with("prometheus.example", |params| {
            params.subject_alt_names = sans;
        })
    };
    for good in [
        SanType::DnsName(text("prometheus.example")),
        ip("10.0.0.7"),
        ip("fd00::7"),
        SanType::URI(text("spiffe://lag/one")),
        SanType::Rfc822Name(text("a@lag.example")),
    ] {
        let two = vec![SanType::DnsName(text("other.example")), good.clone()];
        let status = world.status(Some(&named(two))).await;
        assert_eq!(status, Ok(200), "{good:?}");
    }
    for bad in [
        vec![],
        vec![SanType::DnsName(text("*.example"))],
        vec![SanType::DnsName(text("x.prometheus.example"))],
        vec![ip("10.0.0.8")],
        vec![SanType::URI(text("spiffe://lag/One"))],
        vec![SanType::Rfc822Name(text("b@lag.example"))],
    ] {
        let status = world.status(Some(&named(bad.clone()))).await;
        assert!(status.is_err(), "{bad:?}");
    }
    let other = Ca::new("clients").client_with("x", |params| {
        params.subject_alt_names = vec![ip("10.0.0.7")];
    });
    world.status(Some(&other)).await.unwrap_err();
}

#[tokio::test]
async fn versions_and_http2_are_as_written_and_a_change_holds_for_the_next_connection() {
    let world = World::start(&format!("{TLS}  min_version: TLS13\n")).await;
    let speak = async |version, http| {
        let config = trusting_over(&[version], &world.serving, None);
        let stream = secured(&world.server, config, http).await?;
        Ok::<_, io::Error>(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
    };
    let (old, new) = (&rustls::version::TLS12, &rustls::version::TLS13);
    speak(old, Http::One).await.unwrap_err();
    let agreed = speak(new, Http::Two).await.unwrap();
    assert_eq!(agreed.as_deref(), Some(&b"h2"[..]));

    let text = format!("{TLS}  max_version: TLS12\nhttp_server_config: {{http2: false}}\n");
    world.becomes(&text);
    speak(new, Http::One).await.unwrap_err();
    speak(old, Http::Two).await.unwrap_err();
    speak(old, Http::One).await.unwrap();
}

#[tokio::test]
async fn users_and_certificates_change_while_connections_are_open() {
    let world = World::start(&format!("{TLS}{ALICE}")).await;
    let mut open = world.connect(None, Http::Two).await.unwrap();
    assert_eq!(open.get("/", &[RIGHT]).await.status, 200);

    world.becomes(&format!("{TLS}{}", ALICE.replace("alice", "bob")));
    assert_eq!(open.get("/", &[RIGHT]).await.status, 401, "gone at once");
    assert_eq!(
        open.get("/", &[UNKNOWN]).await.status,
        200,
        "bob is known now"
    );

    world.becomes(TLS);
    assert_eq!(open.get("/", &[]).await.status, 401, "not opened");
    assert_eq!(open.get("/", &[UNKNOWN]).await.status, 200, "the old holds");

    let next = Ca::new("serving-2");
    let own = next.server();
    fs::write(world.directory.path().join("tls.crt"), own.pem).unwrap();
    fs::write(world.directory.path().join("tls.key"), own.key).unwrap();
    world.clock.forward(2);
    world.status(None).await.unwrap_err();
    let stream = secured(&world.server, trusting(&next, None), Http::One).await;
    let mut connection = Connection::over(stream.unwrap(), Http::One).await.unwrap();
    assert_eq!(connection.get("/", &[UNKNOWN]).await.status, 200);
    assert_eq!(open.get("/", &[UNKNOWN]).await.status, 200);
}
