//! Flags, and what the program does with them.

use std::{error::Error, net::SocketAddr, path::PathBuf};

use clap::Parser;
use kube_sim::{KubeSim, KubeSimConfig};
use tokio::signal::unix::{SignalKind, signal};

/// A Kubernetes API server stand-in on loopback: stores objects, rolls out, scales, refuses and breaks on request.
#[derive(Debug, Parser)]
#[command(version, term_width = 100)]
pub(crate) struct Args {
    /// Loopback address to listen on; port 0 takes a free one.
    #[arg(
        long = "web.listen-address",
        env = "KUBE_SIM_WEB_LISTEN_ADDRESS",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:0"
    )]
    listen_address: SocketAddr,

    /// A Deployment that is there from the start, for example orders/consumer=2; may be given several times.
    #[arg(long, env = "KUBE_SIM_DEPLOYMENT", value_name = "NAMESPACE/NAME=REPLICAS",
          value_delimiter = ',', value_parser = deployment)]
    deployment: Vec<Deployment>,

    /// Writes a kubeconfig that leads here.
    #[arg(long, env = "KUBE_SIM_KUBECONFIG_OUT", value_name = "FILE")]
    kubeconfig_out: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Deployment {
    namespace: String,
    name: String,
    replicas: u32,
}

fn deployment(text: &str) -> Result<Deployment, String> {
    let parts = || {
        let (path, replicas) = text.split_once('=')?;
        let (namespace, name) = path.split_once('/')?;
        let replicas = replicas.parse().ok()?;
        (!namespace.is_empty() && !name.is_empty()).then(|| Deployment {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            replicas,
        })
    };
    parts().ok_or_else(|| "must be namespace/name=replicas, for example orders/consumer=2".into())
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(args: &Args, say: impl Fn(&str)) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Before the first line is printed: who reads it may send a signal at once.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let config = KubeSimConfig::default().listen(args.listen_address);
        let config = args.deployment.iter().fold(config, |config, one| {
            config.deployment(&one.namespace, &one.name, one.replicas)
        });
        let simulator = KubeSim::start(config).await?;
        if let Some(path) = &args.kubeconfig_out {
            let failed = |error| format!("cannot write {}: {error}", path.display());
            std::fs::write(path, simulator.kubeconfig()).map_err(failed)?;
        }
        let url = simulator.url();
        say(&format!("kube-sim listening on {url}"));
        say(&guide(&url, args.kubeconfig_out.is_some()));
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        simulator.shutdown().await;
        Ok(())
    })
}

fn guide(url: &str, has_kubeconfig: bool) -> String {
    let hint = if has_kubeconfig {
        "Point a client at it with the kubeconfig just written."
    } else {
        "For a kubeconfig that leads here, start it with --kubeconfig-out FILE."
    };
    format!(
        "\n{hint}\n\nWatch and control it:\n  \
         curl {url}/-sim/state\n  \
         curl {url}/-sim/changes\n  \
         curl -X POST {url}/-sim/faults -d '{{\"fault\":\"apply_then_hang\",\"method\":\"PATCH\",\"nth\":1}}'"
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::{Args, deployment};

    #[test]
    fn the_flags_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_deployment_has_three_parts() {
        let parsed = deployment("orders/consumer=2").unwrap();
        assert_eq!((parsed.name.as_str(), parsed.replicas), ("consumer", 2));
        for wrong in ["orders/consumer", "consumer=2", "/a=1", "a/b=-1", "a/=1"] {
            assert!(deployment(wrong).is_err(), "{wrong}");
        }
    }
}
