//! Keys that a program prints.

use std::{fmt, io, path::Path, process::Stdio, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;
use tokio::{io::AsyncReadExt, process::Command, time::timeout};

use super::{mode::Mode, split::split};
use crate::credentials::{
    Credentials, CredentialsError, CredentialsFuture, ProvideCredentials,
    answer::MAX_BYTES,
    common::{filled, key_pair, misconfigured, unavailable, word},
};

/// A person may have to be asked for a second factor; the vendor's Python library waits as long.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a program, without a shell, and reads what it prints.
///
/// Its arguments can hold a secret, and so can all it prints: messages name the program only.
pub(super) struct External {
    /// The program, in words for messages.
    provider: String,
    program: String,
    arguments: Vec<String>,
}

#[derive(Deserialize)]
struct Printed {
    mode: Option<String>,
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    sts_token: Option<String>,
    expiration: Option<String>,
}

impl External {
    /// The error says what is wrong with the command line.
    pub(super) fn new(command: &str) -> Result<Self, &'static str> {
        let mut words = split(command)?.into_iter();
        let program = words.next().unwrap_or_default();
        // `TOKEN=… program` works in a shell only, and its first word is no program's name.
        if program.contains('=') {
            return Err("its first word is no program: variables need a shell, and there is none");
        }
        let name = Path::new(&program).file_name();
        let name = name.map_or_else(|| program.clone().into(), |name| name.to_string_lossy());
        Ok(Self {
            provider: format!("the program {name:?}"),
            program,
            arguments: words.collect(),
        })
    }

    async fn load(&self) -> Result<Credentials, CredentialsError> {
        let ran = timeout(LIMIT, self.run()).await;
        let output = ran.map_err(|_| {
            let seconds = LIMIT.as_secs();
            let text = format!("it did not end within {seconds} seconds, and was killed");
            unavailable(&self.provider, text)
        })??;
        self.read(&output)
    }

    /// What it printed. Dropped on the way, it takes the program with it.
    async fn run(&self) -> Result<Vec<u8>, CredentialsError> {
        let failed = |what: &str, error: &io::Error| {
            unavailable(&self.provider, format!("{what}: {}", error.kind()))
        };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Programs complain here with the keys they could not use.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                let text = match error.kind() {
                    io::ErrorKind::NotFound => "there is no such program".to_owned(),
                    why => format!("it cannot be started: {why}"),
                };
                misconfigured(&self.provider, text)
            })?;
        let mut output = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
            let mut stdout = stdout.take(limit + 1);
            let read = stdout.read_to_end(&mut output).await;
            read.map_err(|error| failed("its output could not be read", &error))?;
        }
        if output.len() > MAX_BYTES {
            let text = "it printed more than 64 KiB, and was killed";
            return Err(misconfigured(&self.provider, text));
        }
        let ended = child.wait().await;
        let ended = ended.map_err(|error| failed("its end could not be seen", &error))?;
        if !ended.success() {
            let text = format!(
                "it failed ({ended}); what it wrote to stderr is not shown, as it can hold \
                 secrets: run it by hand, as the same user, to see it"
            );
            return Err(unavailable(&self.provider, text));
        }
        Ok(output)
    }

    fn read(&self, output: &[u8]) -> Result<Credentials, CredentialsError> {
        let wrong = |what: &str| misconfigured(&self.provider, what);
        let printed: Printed = serde_json::from_slice(output).map_err(|_| {
            wrong(
                "what it printed is not a JSON object with mode, access_key_id, \
                 access_key_secret, sts_token and expiration",
            )
        })?;
        let token = filled(printed.sts_token);
        let token = match filled(printed.mode) {
            None => token,
            Some(mode) => match (Mode::parse(&mode), token) {
                (Some(Mode::Ak), token) => token,
                (Some(Mode::StsToken), Some(token)) => Some(token),
                (Some(Mode::StsToken), None) => {
                    return Err(wrong("it printed mode StsToken and no sts_token"));
                }
                _ => {
                    let mode = word(&mode).unwrap_or("that is not shown here");
                    let text = format!("it printed mode {mode}: only AK and StsToken are read");
                    return Err(wrong(&text));
                }
            },
        };
        let keys = key_pair(
            printed.access_key_id,
            printed.access_key_secret,
            token,
            "sts_token",
        );
        let keys = keys.map_err(|what| wrong(&format!("it printed {what}")))?;
        match filled(printed.expiration).map(|text| text.parse::<Timestamp>()) {
            None => Ok(keys),
            Some(Ok(expiry)) => Ok(keys.with_expiry(expiry)),
            Some(Err(_)) => Err(wrong(
                "it printed an expiration that is no time such as 2026-01-15T09:30:00Z",
            )),
        }
    }
}

impl ProvideCredentials for External {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::new(self.load())
    }
}

impl fmt::Debug for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("External")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}
