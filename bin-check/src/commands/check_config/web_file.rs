//! `--web.config.file`: that it can be read, what it protects, and that the files are there which it names. What its values
//! mean is read by the programs that serve, at their start.

use anyhow::{Context as _, bail};
use lag_runtime::config::Config;
use serde::{Deserialize, de::IgnoredAny};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    tls_server_config: Option<Tls>,
    #[serde(rename = "http_server_config")]
    _http: Option<IgnoredAny>,
    basic_auth_users: Option<BTreeMap<String, IgnoredAny>>,
}

/// Only what names files.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Tls {
    cert_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    client_ca_file: Option<PathBuf>,
}

/// One line, if there is such a file.
pub(super) fn describe(config: &Config) -> anyhow::Result<String> {
    let Some(named) = &config.web.config_file else {
        return Ok(String::new());
    };
    let path = Path::new(&named.text);
    let found = read(path).with_context(|| format!("{}: {}", named.place, named.text))?;
    let tls = if found.tls_server_config.is_some() {
        "TLS"
    } else {
        "plain HTTP"
    };
    let users = found.basic_auth_users.map_or(0, |users| users.len());
    let users = super::plural(u64::try_from(users).unwrap_or(u64::MAX), "user", "users");
    Ok(format!(
        "  {:<12}{tls}, {users} ({}; read whole when the exporter starts)\n",
        "protected by",
        path.display()
    ))
}

fn read(path: &Path) -> anyhow::Result<Written> {
    let text = fs::read_to_string(path)?;
    let is_comment = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    if text.lines().all(is_comment) {
        return Ok(Written::default());
    }
    // No words of the parser: there are hashes of passwords in this file.
    let written: Written = serde_saphyr::from_str(&text).map_err(|error| {
        let line = error.location().map_or(0, |at| at.line());
        anyhow::anyhow!(
            "line {line} is no YAML, or has a key that is not known: there are tls_server_config, http_server_config and \
             basic_auth_users"
        )
    })?;
    if let Some(tls) = &written.tls_server_config {
        for (key, file) in [
            ("cert_file", &tls.cert_file),
            ("key_file", &tls.key_file),
            ("client_ca_file", &tls.client_ca_file),
        ] {
            let Some(file) = file else { continue };
            let file = path.parent().unwrap_or(Path::new("")).join(file);
            if let Err(error) = fs::File::open(&file) {
                bail!("tls_server_config.{key} {}: {error}", file.display());
            }
        }
    }
    Ok(written)
}
