//! The file as it is written, and what it means.

use super::{
    super::{
        basic::{COSTS, Users},
        tls::{ClientCertificates, Plan, Protocols, TlsFiles, Versions},
    },
    WebFileError,
};
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, de::IgnoredAny};
use serde_saphyr::Spanned;
use std::{collections::BTreeMap, path::Path};

type Text = Option<Spanned<String>>;
/// A key that is known and refused.
type Refused = Option<Spanned<IgnoredAny>>;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    tls_server_config: Option<Spanned<Tls>>,
    http_server_config: Option<Http>,
    basic_auth_users: Option<BTreeMap<String, Spanned<String>>>,
    rate_limit: Refused,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Tls {
    cert_file: Text,
    key_file: Text,
    client_auth_type: Text,
    client_ca_file: Text,
    client_allowed_sans: Option<Vec<Spanned<String>>>,
    min_version: Text,
    max_version: Text,
    cert: Refused,
    key: Refused,
    client_ca: Refused,
    cipher_suites: Refused,
    curve_preferences: Refused,
    prefer_server_cipher_suites: Refused,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Http {
    http2: Text,
    headers: Option<BTreeMap<String, Spanned<String>>>,
}

/// What the file means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) tls: Option<Plan>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) users: Users,
}

/// Which headers may be set: those of the toolkit, all about browsers. Others belong to the answers themselves.
const HEADERS: [&str; 5] = [
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
];

/// Reads the text of the file at `path`, to whose directory relative paths are relative.
pub(super) fn read(path: &Path, text: &str) -> Result<Meaning, WebFileError> {
    let is_comment = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let written = if text.lines().all(is_comment) {
        Written::default()
    } else {
        serde_saphyr::from_str(text).map_err(|error| no_yaml(path, &error))?
    };
    let reader = Reader { path };
    if let Some(key) = &written.rate_limit {
        let why = "rate_limit is not supported: connections and comparisons are bounded already, leave it out";
        return Err(reader.wrong(key, why));
    }
    let http = written.http_server_config.unwrap_or_default();
    let http2 = reader.choose(
        "http2",
        &http.http2,
        true,
        &[("true", true), ("false", false)],
    )?;
    let tls = match &written.tls_server_config {
        Some(tls) if !tls.value.is_empty() => Some(reader.tls(tls, http2)?),
        _ => None,
    };
    Ok(Meaning {
        tls,
        headers: reader.headers(http.headers.unwrap_or_default())?,
        users: reader.users(written.basic_auth_users.unwrap_or_default())?,
    })
}

fn no_yaml(path: &Path, error: &serde_saphyr::Error) -> WebFileError {
    // Without the snippet, and in words of ours where a value could be repeated: there are hashes in this file.
    let reason = error.without_snippet().to_string();
    let reason = reason.lines().collect::<Vec<_>>().join(" ");
    let reason = reason.split(" at line ").next().unwrap_or(&reason);
    let known = [
        ("unknown field", reason),
        (
            "sequence start",
            "a list is needed here, such as [one, two]",
        ),
        (
            "mapping start",
            "keys with values are needed here, one level deeper",
        ),
        (
            "string scalar",
            "one value is needed here, not a list or keys",
        ),
        ("uplicate", "a key stands here for the second time"),
        ("from_str_multiple", "only one YAML document is allowed"),
    ];
    let found = known.iter().find(|(sign, _)| reason.contains(sign));
    let problem = found.map_or("this is not the YAML of a web.config.file", |(_, words)| {
        words
    });
    match error.location() {
        Some(at) => WebFileError::at(path, at.line(), problem),
        None => WebFileError::new(path, problem),
    }
}

impl Tls {
    fn is_empty(&self) -> bool {
        let texts = [
            &self.cert_file,
            &self.key_file,
            &self.client_auth_type,
            &self.client_ca_file,
            &self.min_version,
            &self.max_version,
        ];
        texts.into_iter().all(Option::is_none)
            && self.client_allowed_sans.is_none()
            && self.refused().into_iter().all(|(_, key, _)| key.is_none())
    }

    fn refused(&self) -> [(&'static str, &Refused, &'static str); 6] {
        let inline =
            "write it into a file and name that, so that a Secret can be mounted and renewed";
        let safe = "every suite and curve that is offered is safe, leave it out";
        [
            ("cert", &self.cert, inline),
            ("key", &self.key, inline),
            ("client_ca", &self.client_ca, inline),
            ("cipher_suites", &self.cipher_suites, safe),
            ("curve_preferences", &self.curve_preferences, safe),
            (
                "prefer_server_cipher_suites",
                &self.prefer_server_cipher_suites,
                safe,
            ),
        ]
    }
}

struct Reader<'a> {
    path: &'a Path,
}

impl Reader<'_> {
    fn wrong<T>(&self, at: &Spanned<T>, problem: impl Into<String>) -> WebFileError {
        WebFileError::at(self.path, at.referenced.line(), problem)
    }

    fn choose<T: Copy>(
        &self,
        key: &str,
        text: &Text,
        default: T,
        words: &[(&str, T)],
    ) -> Result<T, WebFileError> {
        let Some(text) = text else {
            return Ok(default);
        };
        let found = words.iter().find(|(word, _)| *word == text.value);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(text, format!("{key}: use {}", words.join(" or ")))
        })
    }

    fn file(&self, text: &str) -> std::path::PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(text)
    }

    fn tls(&self, section: &Spanned<Tls>, http2: bool) -> Result<Plan, WebFileError> {
        let tls = &section.value;
        for (name, key, instead) in tls.refused() {
            if let Some(key) = key {
                let why = format!("tls_server_config.{name} is not supported: {instead}");
                return Err(self.wrong(key, why));
            }
        }
        let needed = |name: &str, text: &Text| {
            let given = text.as_ref().filter(|text| !text.value.is_empty());
            let given = given.ok_or_else(|| {
                let why = format!(
                    "tls_server_config needs {name}: TLS has a certificate and a key, cert_file and key_file"
                );
                self.wrong(section, why)
            })?;
            Ok(self.file(&given.value))
        };
        let clients = self.clients(tls)?;
        Ok(Plan {
            files: TlsFiles {
                cert_file: needed("cert_file", &tls.cert_file)?,
                key_file: needed("key_file", &tls.key_file)?,
            },
            names: self.names(tls, &clients)?,
            clients,
            protocols: Protocols::Web,
            http2,
            versions: self.versions(tls)?,
        })
    }

    fn clients(&self, tls: &Tls) -> Result<ClientCertificates, WebFileError> {
        let use_one = "use NoClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert";
        let given = tls.client_auth_type.as_ref();
        let word = given.map_or("NoClientCert", |text| text.value.as_str());
        match (word, given, &tls.client_ca_file) {
            ("NoClientCert", _, None) => Ok(ClientCertificates::None),
            ("NoClientCert", _, Some(ca)) => Err(self.wrong(
                ca,
                "client_ca_file is without effect as long as clients are not asked: \
                 add client_auth_type: RequireAndVerifyClientCert",
            )),
            ("VerifyClientCertIfGiven", _, Some(ca)) => Ok(ClientCertificates::IfGiven {
                ca_file: self.file(&ca.value),
            }),
            ("RequireAndVerifyClientCert", _, Some(ca)) => Ok(ClientCertificates::Required {
                ca_file: self.file(&ca.value),
            }),
            ("VerifyClientCertIfGiven" | "RequireAndVerifyClientCert", Some(at), None) => {
                let why = "client_auth_type needs client_ca_file: the CA that has signed the clients' certificates";
                Err(self.wrong(at, why))
            }
            ("RequestClientCert" | "RequireAnyClientCert", Some(at), _) => {
                let why = "client_auth_type: this one takes certificates that nobody vouches for, which proves nothing";
                Err(self.wrong(at, format!("{why}: {use_one}")))
            }
            (_, Some(at), _) => Err(self.wrong(at, format!("client_auth_type: {use_one}"))),
            (_, None, _) => Ok(ClientCertificates::None),
        }
    }

    fn names(&self, tls: &Tls, clients: &ClientCertificates) -> Result<Vec<String>, WebFileError> {
        let Some(names) = &tls.client_allowed_sans else {
            return Ok(Vec::new());
        };
        let Some(first) = names.first() else {
            let why = "client_allowed_sans is empty, which would let in nobody or everybody: name one, or leave it out";
            return Err(WebFileError::new(self.path, why));
        };
        if let Some(empty) = names.iter().find(|name| name.value.trim().is_empty()) {
            return Err(self.wrong(empty, "client_allowed_sans: a name is empty"));
        }
        match clients {
            ClientCertificates::Required { .. } => {
                Ok(names.iter().map(|name| name.value.clone()).collect())
            }
            ClientCertificates::None
            | ClientCertificates::IfGiven { .. }
            | ClientCertificates::Asked => Err(self.wrong(
                first,
                "client_allowed_sans holds nobody off as long as a client may come without a certificate: \
                 write client_auth_type: RequireAndVerifyClientCert",
            )),
        }
    }

    fn versions(&self, tls: &Tls) -> Result<Versions, WebFileError> {
        let known = [("TLS12", 12), ("TLS13", 13)];
        let least = self.choose("min_version", &tls.min_version, 12, &known)?;
        let most = self.choose("max_version", &tls.max_version, 13, &known)?;
        match (least, most, &tls.max_version) {
            (12, 13, _) => Ok(Versions::Both),
            (12, 12, _) => Ok(Versions::Only12),
            (13, 12, Some(text)) => Err(self.wrong(text, "max_version is below min_version")),
            _ => Ok(Versions::Only13),
        }
    }

    fn headers(
        &self,
        written: BTreeMap<String, Spanned<String>>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, WebFileError> {
        let mut headers = Vec::new();
        for (name, value) in written {
            let Some(known) = HEADERS
                .iter()
                .find(|known| known.eq_ignore_ascii_case(&name))
            else {
                let why = format!(
                    "headers: {name:?} cannot be set here: use {}",
                    HEADERS.join(", ")
                );
                return Err(self.wrong(&value, why));
            };
            let allowed: &[&str] = match *known {
                "X-Content-Type-Options" => &["nosniff"],
                "X-Frame-Options" => &["deny", "sameorigin"],
                _ => &[],
            };
            let fits = |word: &&str| word.eq_ignore_ascii_case(&value.value);
            if !allowed.is_empty() && !allowed.iter().any(fits) {
                let why = format!("headers: {known} can be {}", allowed.join(" or "));
                return Err(self.wrong(&value, why));
            }
            let Ok(text) = HeaderValue::from_str(&value.value) else {
                return Err(
                    self.wrong(&value, format!("headers: {known} must be one line of text"))
                );
            };
            let name = known.to_ascii_lowercase().parse();
            headers.push((name.expect("a header of the list is a header"), text));
        }
        Ok(headers)
    }

    fn users(&self, written: BTreeMap<String, Spanned<String>>) -> Result<Users, WebFileError> {
        let (mut hashes, mut highest) = (BTreeMap::new(), *COSTS.start());
        for (name, hash) in written {
            if name.is_empty() || name.contains(|c: char| c == ':' || c.is_control()) {
                let why = "basic_auth_users: a user's name is not empty, and has no colon and no control characters";
                return Err(self.wrong(&hash, why));
            }
            let parts: Result<bcrypt::HashParts, _> = hash.value.parse();
            let Ok(parts) = parts else {
                let why = format!(
                    "basic_auth_users: what stands for {name} is no bcrypt hash: make one with htpasswd -nBC 10 {name}, \
                     and never write the password itself"
                );
                return Err(self.wrong(&hash, why));
            };
            if !COSTS.contains(&parts.get_cost()) {
                let why = format!(
                    "basic_auth_users: the hash of {name} has cost {}: use {} to {}, such as 10",
                    parts.get_cost(),
                    COSTS.start(),
                    COSTS.end()
                );
                return Err(self.wrong(&hash, why));
            }
            highest = highest.max(parts.get_cost());
            hashes.insert(name, hash.value);
        }
        Ok(Users::new(hashes, highest))
    }
}
