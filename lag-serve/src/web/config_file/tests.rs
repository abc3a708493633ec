use super::*;
use proptest::prelude::*;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use tempfile::TempDir;

const HASH: &str = "$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

fn read(text: &str) -> Result<Meaning, WebFileError> {
    written::read(Path::new("/etc/lag/web.yml"), text)
}

#[track_caller]
fn refused(text: &str) -> String {
    let said = read(text).unwrap_err().to_string();
    assert!(
        said.starts_with("web.config.file /etc/lag/web.yml"),
        "{said}"
    );
    assert!(!said.contains('\n') && !said.contains("$2"), "{said}");
    said
}

/// A directory with the file and a certificate, and a clock.
struct World {
    directory: TempDir,
    seconds: Arc<AtomicI64>,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let world = Self {
            directory,
            seconds: Arc::default(),
        };
        world.write("tls.crt", &made.cert.pem());
        world.write("tls.key", &made.signing_key.serialize_pem());
        world
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.path().join(name), text).unwrap();
    }

    fn open(&self, text: &str) -> Result<WebFile, WebFileError> {
        self.write("web.yml", text);
        let clock = self.seconds.clone();
        let now: Now = Arc::new(move || Timestamp::from_second(clock.load(Relaxed)).unwrap());
        WebFile::read(&self.directory.path().join("web.yml"), now)
    }

    /// What holds after the file has become this.
    fn then(&self, file: &WebFile, text: &str) -> Arc<Settings> {
        self.write("web.yml", text);
        self.seconds.fetch_add(2, Relaxed);
        file.settings()
    }
}

const TLS: &str = "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n";

fn users(name: &str) -> String {
    format!("basic_auth_users: {{{name}: '{HASH}'}}\n")
}

#[test]
fn a_whole_file_is_read_with_paths_relative_to_it() {
    let text = format!(
        "
tls_server_config:
  cert_file: tls.crt
  key_file: /run/tls.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example, 10.0.0.7]
  min_version: TLS13
http_server_config:
  http2: false
  headers:
    x-frame-options: DENY
    Strict-Transport-Security: max-age=31536000
{}",
        users("alice")
    );
    let meaning = read(&text).unwrap();
    let plan = meaning.tls.as_ref().unwrap();
    assert_eq!(plan.files.cert_file, Path::new("/etc/lag/tls.crt"));
    assert_eq!(plan.files.key_file, Path::new("/run/tls.key"));
    let ca_file = "/etc/lag/ca.crt".into();
    assert_eq!(plan.clients, ClientCertificates::Required { ca_file });
    assert_eq!(plan.names, ["prometheus.example", "10.0.0.7"]);
    assert!(!plan.http2);
    assert_eq!(plan.versions, super::super::tls::Versions::Only13);
    assert_eq!(meaning.headers.len(), 2);
    let shown = format!("{meaning:?}");
    assert!(shown.contains("alice") && !shown.contains("$2y"), "{shown}");
}

#[test]
fn an_empty_file_is_plain_http_without_passwords() {
    for text in [
        "",
        "# nothing\n",
        "tls_server_config: {}\n",
        "basic_auth_users: {}\n",
    ] {
        let file = World::new().open(text).unwrap();
        assert!(!file.is_tls() && !file.authenticates(), "{text}");
    }
}

#[test]
fn every_known_key_that_is_not_supported_is_refused_with_its_line() {
    for key in [
        "cert: x",
        "key: x",
        "client_ca: x",
        "cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]",
        "curve_preferences: [X25519]",
        "prefer_server_cipher_suites: true",
    ] {
        let said = refused(&format!("tls_server_config:\n  cert_file: a\n  {key}\n"));
        let name = key.split(':').next().unwrap();
        let sign = format!(" line 3: tls_server_config.{name} is not supported: ");
        assert!(said.contains(&sign), "{said}");
        // Alone it is no empty section either.
        refused(&format!("tls_server_config:\n  {key}\n"));
    }
    let said = refused("rate_limit:\n  interval: 1s\n  burst: 5\n");
    assert!(said.contains("rate_limit is not supported"), "{said}");
}

#[test]
fn every_mistake_says_where_and_what_would_do() {
    let pair = "tls_server_config:\n  cert_file: a\n  key_file: b\n  ";
    for (text, parts) in [
        (
            "tls:\n  a: b\n".to_owned(),
            [" line 1: ", "unknown field `tls`"],
        ),
        (
            format!("{pair}cert_files: x\n"),
            [" line 4: ", "`cert_files`"],
        ),
        (
            "tls_server_config:\n  cert_file: a\n".into(),
            ["", "needs key_file"],
        ),
        (
            "tls_server_config:\n  key_file: a\n".into(),
            ["", "needs cert_file"],
        ),
        (
            "tls_server_config:\n  min_version: TLS13\n".into(),
            ["", "needs cert_file"],
        ),
        (
            format!("{pair}min_version: TLS10\n"),
            [" line 4: min_version", "TLS12 or TLS13"],
        ),
        (
            format!("{pair}max_version: SSL3\n"),
            [" line 4: max_version", "TLS12 or TLS13"],
        ),
        (
            format!("{pair}min_version: TLS13\n  max_version: TLS12\n"),
            [" line 5: ", "below min_version"],
        ),
        (
            format!("{pair}client_ca_file: c\n"),
            [" line 4: ", "add client_auth_type"],
        ),
        (
            format!("{pair}client_auth_type: RequireAndVerifyClientCert\n"),
            [" line 4: ", "needs client_ca_file"],
        ),
        (
            format!("{pair}client_auth_type: VerifyClientCertIfGiven\n"),
            [" line 4: ", "needs client_ca_file"],
        ),
        (
            format!("{pair}client_auth_type: RequestClientCert\n"),
            [" line 4: ", "nobody vouches for"],
        ),
        (
            format!("{pair}client_auth_type: RequireAnyClientCert\n"),
            [" line 4: ", "or RequireAndVerifyClientCert"],
        ),
        (
            format!("{pair}client_auth_type: yes\n"),
            [" line 4: client_auth_type: ", "use NoClientCert"],
        ),
        (
            format!("{pair}client_allowed_sans: [a]\n"),
            [" line 4: ", "RequireAndVerifyClientCert"],
        ),
        (
            format!(
                "{pair}client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: c\n  client_allowed_sans: [a]\n"
            ),
            [" line 6: ", "RequireAndVerifyClientCert"],
        ),
        (
            format!("{pair}client_allowed_sans: []\n"),
            ["", "client_allowed_sans is empty"],
        ),
        (
            format!("{pair}client_allowed_sans: ['']\n"),
            [" line 4: ", "a name is empty"],
        ),
        (
            "http_server_config: {http2: maybe}\n".into(),
            [" line 1: http2", "true or false"],
        ),
        (
            "http_server_config:\n  headers:\n    Server: x\n".into(),
            [" line 3: ", "use Content-Security-Policy, "],
        ),
        (
            "http_server_config:\n  headers:\n    X-Frame-Options: ALLOW\n".into(),
            [" line 3: ", "deny or sameorigin"],
        ),
        (
            "http_server_config:\n  headers:\n    X-Content-Type-Options: x\n".into(),
            [" line 3: ", "nosniff"],
        ),
        (
            "http_server_config:\n  headers:\n    X-XSS-Protection: \"a\\nb\"\n".into(),
            [" line 3: ", "one line"],
        ),
        (
            "basic_auth_users:\n  alice: secret-word\n".into(),
            [" line 2: ", "htpasswd -nBC 10 alice"],
        ),
        (
            format!("basic_auth_users:\n  'a:b': '{HASH}'\n"),
            [" line 2: ", "no colon"],
        ),
        (
            format!(
                "basic_auth_users:\n  a: '{}'\n",
                HASH.replace("$04$", "$17$")
            ),
            [" line 2: ", "cost 17: use 4 to 15"],
        ),
        (
            format!("basic_auth_users: '{HASH}'\n"),
            ["", "keys with values"],
        ),
        (
            format!("basic_auth_users:\n  a: ['{HASH}']\n"),
            ["", "one value is needed"],
        ),
        (
            format!("basic_auth_users:\n  a: '{HASH}'\n  a: '{HASH}'\n"),
            [" line 3", "second time"],
        ),
        (
            format!("basic_auth_users: [{{a: '{HASH}'\n"),
            ["", "web.config.file"],
        ),
    ] {
        let said = refused(&text);
        for part in parts {
            assert!(said.contains(part), "{part:?} is not in: {said}\n{text}");
        }
        assert!(!said.contains("secret-word"), "{said}");
    }
}

#[test]
fn files_that_are_not_there_are_named_in_the_words_of_this_file() {
    let world = World::new();
    let error = world
        .open(&TLS.replace("tls.key", "no.key"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(": key_file ") && error.contains("no.key: no such file"),
        "{error}"
    );
    let mismatch = rcgen::generate_simple_self_signed(["b".to_owned()]).unwrap();
    world.write("other.key", &mismatch.signing_key.serialize_pem());
    let error = world
        .open(&TLS.replace("tls.key", "other.key"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("is not the key of cert_file "), "{error}");
    fs::remove_file(world.directory.path().join("web.yml")).unwrap();
    let error = WebFile::read(
        &world.directory.path().join("web.yml"),
        Arc::new(|| Timestamp::UNIX_EPOCH),
    );
    let error = error.unwrap_err().to_string();
    assert!(error.ends_with("web.yml: there is no such file"), "{error}");
}

#[test]
fn a_change_is_taken_after_two_seconds_and_a_mistake_leaves_the_old() {
    let world = World::new();
    let file = world.open(&format!("{TLS}{}", users("alice"))).unwrap();
    let first = file.settings();
    assert!(file.is_tls() && file.authenticates());

    let both = format!("{TLS}{}", users("bob"));
    world.write("web.yml", &both);
    world.seconds.store(1, Relaxed);
    assert!(Arc::ptr_eq(&first, &file.settings()), "not looked at yet");
    world.seconds.store(2, Relaxed);
    let second = file.settings();
    assert!(first.meaning.users != second.meaning.users);
    let plans = [&first, &second].map(|one| one.tls.as_ref().unwrap().plan());
    assert!(
        std::ptr::eq(plans[0], plans[1]),
        "the same certificate, not loaded again"
    );

    let broken = world.then(&file, &format!("{both}nonsense: 1\n"));
    assert!(Arc::ptr_eq(&second, &broken));
    let missing = world.then(&file, &both.replace("tls.key", "new.key"));
    assert!(Arc::ptr_eq(&second, &missing));
    // The same text is taken once the file it names is there.
    let key = fs::read_to_string(world.directory.path().join("tls.key")).unwrap();
    world.write("new.key", &key);
    let now = world.then(&file, &both.replace("tls.key", "new.key"));
    assert!(
        now.tls
            .as_ref()
            .unwrap()
            .plan()
            .files
            .key_file
            .ends_with("new.key")
    );
}

#[test]
fn a_port_is_never_opened_while_it_runs() {
    let world = World::new();
    let own = fs::read_to_string(world.directory.path().join("tls.crt")).unwrap();
    world.write("ca.crt", &own);
    let strict = "tls_server_config:
  cert_file: tls.crt
  key_file: tls.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
";
    let named = format!("{strict}  client_allowed_sans: [a]\n");
    let closed = format!("{named}{}", users("alice"));
    let file = world.open(&closed).unwrap();
    let held = file.settings();
    for opened in [
        String::new(),
        users("alice"),
        format!("{TLS}{}", users("alice")),
        format!("{strict}{}", users("alice")),
        named,
    ] {
        let after = world.then(&file, &opened);
        assert!(Arc::ptr_eq(&held, &after), "{opened}");
        assert!(file.authenticates());
    }
    // Every beginning of the file is what a reader may see while it is written.
    for end in 0..closed.len() {
        assert!(
            Arc::ptr_eq(&held, &world.then(&file, &closed[..end])),
            "{end}"
        );
    }
    // Nor does a plain port begin to speak TLS: its clients would be cut off.
    let plain = world.open("").unwrap();
    world.then(&plain, TLS);
    assert!(!plain.is_tls());
    world.then(&plain, &users("alice"));
    assert!(plain.authenticates(), "closing is taken");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,60}") {
        let _ = read(&text);
        let _ = read(&format!("tls_server_config:\n  {text}\n"));
        let _ = read(&format!("basic_auth_users:\n  a: {text}\n"));
    }
}
