//! Finding a cluster and the way in.

use std::{fmt, io, path::PathBuf, thread, time::Duration};

use http::{HeaderValue, header::USER_AGENT};
use kube::{
    Client, Config,
    config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError},
};
use lag_core::port::{PortError, PortErrorKind};
use tokio::{runtime::Handle, sync::oneshot, time::timeout};

use crate::describe;

/// A credential plugin may ask a cloud; it may not hang for ever.
const PLUGIN_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where to look, and how long to wait.
#[derive(Debug, Clone)]
pub struct ConnectSettings {
    /// `--kubeconfig`: this file and nothing else.
    pub kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig other than its current one.
    pub context: Option<String>,
    /// What the API server's log calls us.
    pub user_agent: String,
    /// The longest one request may take, from connecting to the last byte.
    pub call_timeout: Duration,
}

impl Default for ConnectSettings {
    fn default() -> Self {
        Self {
            kubeconfig: None,
            context: None,
            user_agent: concat!("kafka-lag/", env!("CARGO_PKG_VERSION")).to_owned(),
            call_timeout: Duration::from_secs(10),
        }
    }
}

/// A way to an API server. `Debug` shows where, not with what.
#[derive(Clone)]
pub struct Cluster {
    /// Sends requests; knows the credentials.
    pub client: Client,
    /// Namespace of the context, or our own in a cluster.
    pub namespace: String,
    /// Host of the API server, for messages.
    pub host: String,
    /// The longest one request may take.
    pub call_timeout: Duration,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("host", &self.host)
            .field("namespace", &self.namespace)
            .field("call_timeout", &self.call_timeout)
            .finish_non_exhaustive()
    }
}

/// Finds a cluster: the kubeconfig that is given, else `KUBECONFIG`, else `~/.kube/config`, else the pod's service
/// account. Only what is *absent* leads to the next one: a broken file must not end in another identity. Nothing is
/// sent yet.
///
/// In a pod kube takes the token from its file again at least once a minute (read in kube-client 5.0.0,
/// `client/auth`: `TokenFile` counts as expiring 50 s after it was read, and an unreadable file keeps the last token);
/// the CA bundle is read again every 60 s (`client/tls`: `ReloadingVerifier`).
///
/// A proxy is that of the kubeconfig, else `HTTPS_PROXY`. kube-client 5.0.0 compares `NO_PROXY` with the proxy's address
/// instead of the cluster's, so it does not help there.
///
/// # Errors
/// [`PortErrorKind::NotFound`] when there is no configuration, [`PortErrorKind::Invalid`] when there is and it cannot be
/// used, [`PortErrorKind::Unavailable`] when a credential plugin does not end.
pub async fn connect(settings: &ConnectSettings) -> Result<Cluster, PortError> {
    // kube builds its TLS configuration with the process-wide provider, and panics when the features of the whole
    // program leave that open. Whoever has installed one before wins.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = find(settings).await?;
    // kube would repeat every request up to 15 times on 429 and 503, an eviction that a disruption budget
    // forbids included.
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(settings.call_timeout);
    config.write_timeout = Some(settings.call_timeout);
    // Else the time that a connection lay idle counts against the next answer.
    config.reset_reader_on_write = true;
    let agent = HeaderValue::from_str(&settings.user_agent)
        .map_err(|_| invalid("the user agent may only hold visible ASCII characters".to_owned()))?;
    config.headers.push((USER_AGENT, agent));
    let host = config.cluster_url.host().unwrap_or_default().to_owned();
    let namespace = config.default_namespace.clone();
    Ok(Cluster {
        client: build(config).await?,
        namespace,
        host,
        call_timeout: settings.call_timeout,
    })
}

async fn find(settings: &ConnectSettings) -> Result<Config, PortError> {
    let options = KubeConfigOptions {
        context: settings.context.clone(),
        ..KubeConfigOptions::default()
    };
    let (from, found) = if let Some(path) = &settings.kubeconfig {
        let from = format!("--kubeconfig {}", path.display());
        (from, Kubeconfig::read_from(path))
    } else {
        match Kubeconfig::from_env() {
            Ok(None) => match Kubeconfig::read() {
                // Also when it may not be read: in a container the home can be that of another user.
                Err(KubeconfigError::ReadConfig(..) | KubeconfigError::FindPath) => {
                    return in_cluster(settings);
                }
                other => ("~/.kube/config".to_owned(), other),
            },
            Ok(Some(merged)) => ("KUBECONFIG".to_owned(), Ok(merged)),
            Err(error) => ("KUBECONFIG".to_owned(), Err(error)),
        }
    };
    let config = match found {
        Ok(kubeconfig) => Config::from_custom_kubeconfig(kubeconfig, &options).await,
        Err(error) => Err(error),
    };
    config.map_err(|error| explain(&from, &error))
}

fn in_cluster(settings: &ConnectSettings) -> Result<Config, PortError> {
    let none = "no Kubernetes cluster is configured: give --kubeconfig FILE, or set KUBECONFIG (or have \
                ~/.kube/config), or run in a pod with a service account";
    if let Some(context) = &settings.context {
        let what = format!("context {context:?} needs a kubeconfig, and there is none: {none}");
        return Err(PortError::new(PortErrorKind::NotFound, what));
    }
    Config::incluster().map_err(|error| match error {
        InClusterError::ReadEnvironmentVariable(_) => PortError::new(PortErrorKind::NotFound, none),
        other => invalid(format!(
            "in-cluster configuration: {other}; the pod needs its service account mounted \
             (automountServiceAccountToken: true)"
        )),
    })
}

/// Without the parser's words, which quote the file: there are keys in it.
fn explain(from: &str, error: &KubeconfigError) -> PortError {
    match error {
        KubeconfigError::ReadConfig(source, path) => {
            let kind = match source.kind() {
                io::ErrorKind::NotFound => PortErrorKind::NotFound,
                _ => PortErrorKind::Invalid,
            };
            let file = path.display();
            let what =
                format!("{from}: {file} cannot be read ({source}): name a kubeconfig that exists");
            PortError::new(kind, what)
        }
        KubeconfigError::Parse(source) => {
            let place = source.location().map_or(String::new(), |at| {
                format!(" (line {}, column {})", at.line(), at.column())
            });
            invalid(format!(
                "{from}: it is not a kubeconfig{place}: see what `kubectl config view` says of it"
            ))
        }
        KubeconfigError::CurrentContextNotSet => invalid(format!(
            "{from}: no current context is set: choose one (kubectl config get-contexts)"
        )),
        KubeconfigError::LoadContext(context) => invalid(format!(
            "{from}: there is no context {context:?}: choose another (kubectl config get-contexts)"
        )),
        other => invalid(format!("{from}: {other}")),
    }
}

/// Builds the client. kube runs a credential plugin in here and waits for it, so that happens on a thread of its own,
/// which is left behind when the plugin hangs: a blocking task would hold up the end of the process.
async fn build(config: Config) -> Result<Client, PortError> {
    let (done, built) = oneshot::channel();
    let runtime = Handle::current();
    let work = move || {
        let _context = runtime.enter(); // the client starts a task
        let _ = done.send(Client::try_from(config));
    };
    thread::Builder::new()
        .name("kube-credentials".to_owned())
        .spawn(work)
        .map_err(|error| unavailable(format!("no thread for the credentials: {error}")))?;
    match timeout(PLUGIN_TIMEOUT, built).await {
        Ok(Ok(Ok(client))) => Ok(client),
        Ok(Ok(Err(error))) => Err(invalid(format!(
            "the cluster's credentials or certificates: {}",
            describe(&error)
        ))),
        Ok(Err(_)) => Err(invalid("the client could not be built".to_owned())),
        Err(_) => Err(unavailable(format!(
            "the credential plugin of the kubeconfig has not ended after {} s: run it by hand",
            PLUGIN_TIMEOUT.as_secs()
        ))),
    }
}

fn invalid(what: String) -> PortError {
    PortError::new(PortErrorKind::Invalid, what)
}

fn unavailable(what: String) -> PortError {
    PortError::new(PortErrorKind::Unavailable, what)
}
