//! Logs on stderr: logfmt as in all Prometheus programs, or JSON; `ts`, `level`, `msg`, then the fields.
//!
//! The level applies to this workspace's crates; dependencies are heard from `warn` up, because what they say at
//! `debug` and `trace` was not written with our secrets in mind.

use jiff::Timestamp;
use std::{
    fmt::{self, Write as _},
    sync::{Arc, PoisonError, RwLock},
};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer},
    layer::{Layer as _, SubscriberExt as _},
    registry::LookupSpan,
};

use crate::{
    Now,
    config::{LogConfig, LogFormat},
};

/// Crates whose events obey `--log.level`.
const OURS: [&str; 7] = [
    "lag_core",
    "lag_cluster",
    "lag_serve",
    "lag_runtime",
    "lag_actions",
    "aliyun_cms",
    "kafka_lag",
];

/// Target of events that say what was changed in the world: they are logged whatever the level is.
const AUDIT: &str = "audit";
/// The Kubernetes client logs each failed request as an error; whoever made it says so better.
const MUTED: &str = "kube";

/// What is logged now. Clones share it.
#[derive(Debug, Clone)]
pub struct LogControl(Arc<RwLock<LogConfig>>);

impl LogControl {
    /// Begins with this.
    #[must_use]
    pub fn new(config: LogConfig) -> Self {
        Self(Arc::new(RwLock::new(config)))
    }

    /// Logs otherwise from now on.
    pub fn set(&self, config: LogConfig) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = config;
        // Whether an event is wanted at all is remembered where it is written.
        tracing::callsite::rebuild_interest_cache();
    }

    fn get(&self) -> LogConfig {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the subscriber of a process. The caller installs it, globally in a binary, scoped in a test.
pub fn subscriber<W>(control: LogControl, now: Now, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .event_format(Line {
            control: control.clone(),
            now,
        })
        .with_writer(writer)
        .with_ansi(false);
    let wanted = tracing_subscriber::filter::filter_fn(move |metadata| {
        let target = metadata.target();
        if target == AUDIT || target.starts_with(MUTED) {
            return target == AUDIT;
        }
        let level = control.get().level;
        let ours = OURS.iter().any(|name| target.starts_with(name));
        let limit = if ours {
            level
        } else {
            level.min(LevelFilter::WARN)
        };
        *metadata.level() <= limit
    });
    tracing_subscriber::registry().with(lines.with_filter(wanted))
}

/// Makes events of a process into log lines on stderr.
pub fn install(config: LogConfig, now: Now) -> LogControl {
    let control = LogControl::new(config);
    // A second call, as in tests, keeps the first subscriber.
    let lines = subscriber(control.clone(), now, std::io::stderr);
    let _ = tracing::subscriber::set_global_default(lines);
    control
}

struct Line {
    control: LogControl,
    now: Now,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let ts = timestamp((self.now)());
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        match self.control.get().format {
            LogFormat::Logfmt => {
                write!(out, "ts={ts} level={level} msg={}", Logfmt(&fields.message))?;
                for (key, value) in &fields.rest {
                    write!(out, " {key}={}", Logfmt(value.text()))?;
                }
            }
            LogFormat::Json => {
                write!(
                    out,
                    r#"{{"ts":"{ts}","level":"{level}","msg":{}"#,
                    json(&fields.message)
                )?;
                for (key, value) in &fields.rest {
                    write!(out, ",{}:{}", json(key), value.json())?;
                }
                out.write_char('}')?;
            }
        }
        writeln!(out)
    }
}

/// RFC 3339, UTC, milliseconds.
fn timestamp(now: Timestamp) -> impl fmt::Display {
    let milliseconds = jiff::Unit::Millisecond;
    let rounded = now.round(
        jiff::TimestampRound::new()
            .smallest(milliseconds)
            .mode(jiff::RoundMode::Floor),
    );
    format!("{:.3}", rounded.unwrap_or(now))
}

#[derive(Default)]
struct Fields {
    message: String,
    rest: Vec<(&'static str, Value)>,
}

enum Value {
    Plain(String),
    Text(String),
}

impl Value {
    fn text(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Text(text) => text,
        }
    }

    fn json(&self) -> String {
        match self {
            Self::Plain(number) => number.clone(),
            Self::Text(text) => json(text),
        }
    }
}

impl Fields {
    fn text(&mut self, field: &Field, text: String) {
        if field.name() == "message" {
            self.message = text;
        } else {
            self.rest.push((field.name(), Value::Text(text)));
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value.to_owned());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.rest
            .push((field.name(), Value::Plain(value.to_string())));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.rest
            .push((field.name(), Value::Plain(value.to_string())));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.rest
            .push((field.name(), Value::Plain(value.to_string())));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.text(field, chain(value));
    }
}

/// An error and its sources on one line.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A logfmt value: quoted when it holds anything but plain characters.
struct Logfmt<'a>(&'a str);

impl fmt::Display for Logfmt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain =
            |c: char| !c.is_control() && !c.is_whitespace() && c != '"' && c != '=' && c != '\\';
        if !self.0.is_empty() && self.0.chars().all(plain) {
            f.write_str(self.0)
        } else {
            f.write_str(&json(self.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, level: LevelFilter, events: impl FnOnce()) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let now: Now = Arc::new(|| "2026-01-15T08:30:00.1234567Z".parse().unwrap());
        let control = LogControl::new(LogConfig { level, format });
        let lines = subscriber(control, now, move || writer.clone());
        tracing::subscriber::with_default(lines, events);
        String::from_utf8(captured.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_line_is_logfmt_with_time_level_message_and_fields() {
        let line = logged(LogFormat::Logfmt, LevelFilter::INFO, || {
            tracing::info!(
                instance.id = "alikafka_pre-cn-1",
                calls = 3,
                "collected \"all\"\nof it"
            );
        });
        let expected = "ts=2026-01-15T08:30:00.123Z level=info msg=\"collected \\\"all\\\"\\nof it\" \
                        instance.id=alikafka_pre-cn-1 calls=3\n";
        assert_eq!(line, expected);
    }

    #[test]
    fn a_line_is_one_json_object() {
        let line = logged(LogFormat::Json, LevelFilter::INFO, || {
            tracing::warn!(calls = 3, ok = true, name = "a\"b", "订单")
        });
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let expected = serde_json::json!({
            "ts": "2026-01-15T08:30:00.123Z", "level": "warn", "msg": "订单", "calls": 3, "ok": true, "name": "a\"b"
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn an_error_is_printed_with_its_sources_on_one_line() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("inner"));
        let line = logged(LogFormat::Logfmt, LevelFilter::INFO, || {
            tracing::warn!(error = &error as &dyn std::error::Error, "failed");
        });
        assert!(line.ends_with("error=\"outer: inner\"\n"), "{line}");
    }

    #[test]
    fn what_was_changed_is_logged_whatever_the_level_is() {
        let text = logged(LogFormat::Logfmt, LevelFilter::ERROR, || {
            tracing::info!(target: "audit", "restarted");
            tracing::info!("ours");
            tracing::error!(target: "kube_client::client::builder", "failed");
        });
        assert!(text.ends_with("level=info msg=restarted\n"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }

    #[test]
    fn dependencies_are_heard_from_warn_up_only() {
        let text = logged(LogFormat::Logfmt, LevelFilter::TRACE, || {
            tracing::trace!("ours");
            tracing::trace!(target: "hyper::client", "POST /?Signature=secret");
            tracing::warn!(target: "hyper::client", "theirs");
        });
        assert!(
            text.contains("ours") && text.contains("theirs") && !text.contains("Signature"),
            "{text}"
        );
        let quiet = logged(
            LogFormat::Logfmt,
            LevelFilter::ERROR,
            || tracing::warn!(target: "hyper::client", "theirs"),
        );
        assert_eq!(quiet, "");
    }
}
