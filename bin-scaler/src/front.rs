//! What stands between the network and the pages, and where it listens.

use anyhow::{Context as _, bail};
use axum::Router;
use lag_runtime::config::ScalerConfig;
use lag_serve::{
    Now,
    web::{self as server, WebFile, Wire},
};
use std::{net::SocketAddr, path::Path};
use tokio::net::TcpListener;

use crate::web::Gate;

/// The TLS and the users of a web.config.file, if there is one.
pub(crate) struct Front(Option<WebFile>);

impl Front {
    pub(crate) fn open(config: &ScalerConfig, now: &Now) -> anyhow::Result<Self> {
        let Some(written) = &config.web_config_file else {
            return Ok(Self(None));
        };
        let file = WebFile::read(Path::new(&written.text), now.clone());
        Ok(Self(Some(file.with_context(|| written.place.clone())?)))
    }

    /// Whether a gate can stand behind it, and whether both together are enough for these addresses: whoever reaches an
    /// unguarded scaler may change what its allow-list allows, so it stays where only this machine reaches it.
    ///
    /// # Errors
    /// With what would do.
    pub(crate) fn check(
        &self,
        config: &ScalerConfig,
        gate: &Gate,
        addresses: &[SocketAddr],
    ) -> anyhow::Result<()> {
        if let (Some(file), Some(written)) = (&self.0, &config.web_config_file)
            && file.asks_for_passwords()
            && gate.is_guarded()
        {
            bail!(
                "{}: its basic_auth_users and scaler.webhook both want the header Authorization, and a request has one: \
                 leave bearer_token_files and basic_users out of scaler.webhook, or basic_auth_users out of the file",
                written.place
            );
        }
        if gate.is_guarded() || self.authenticates() || config.allow_unauthenticated {
            return Ok(());
        }
        for (address, written) in addresses.iter().zip(&config.listen_addresses) {
            if is_open(address) {
                bail!(
                    "{}: {} is reached from elsewhere, and nobody has to prove who they are: set \
                     scaler.webhook.bearer_token_files or basic_users, listen on 127.0.0.1, or say \
                     --web.allow-unauthenticated",
                    written.place,
                    written.text
                );
            }
        }
        Ok(())
    }

    pub(crate) fn authenticates(&self) -> bool {
        self.0.as_ref().is_some_and(WebFile::authenticates)
    }

    pub(crate) fn wire(&self) -> Wire {
        self.0.as_ref().map_or(Wire::Http1, WebFile::wire)
    }

    pub(crate) fn protect(&self, router: Router) -> Router {
        match &self.0 {
            Some(file) => file.protect(router),
            None => router,
        }
    }
}

/// Opens all addresses, silent.
pub(crate) async fn bind(config: &ScalerConfig) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for written in &config.listen_addresses {
        let parsed = written.text.parse::<server::ListenAddress>();
        let address = parsed.with_context(|| written.place.clone())?;
        listeners.push(server::bind(&address, "--web.listen-address").await?);
    }
    Ok(listeners)
}

/// Where they listen.
pub(crate) fn addresses(listeners: &[TcpListener]) -> std::io::Result<Vec<SocketAddr>> {
    listeners.iter().map(TcpListener::local_addr).collect()
}

/// Says where it listens, and what stands open.
pub(crate) fn tell(addresses: &[SocketAddr], is_guarded: bool) {
    for address in addresses
        .iter()
        .filter(|address| !is_guarded && is_open(address))
    {
        tracing::warn!(%address, "everybody who reaches this address may send alerts");
    }
    for address in addresses {
        tracing::info!(%address, "listening");
    }
}

fn is_open(address: &SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lag_runtime::{args::ScalerArgs, config::File};
    use std::sync::Arc;

    #[test]
    fn nothing_stands_open_beyond_this_machine_unless_somebody_says_so() {
        let file = "scaler:\n  targets:\n    - {namespace: a, kind: Deployment, name: b, max_replicas: 3}\n";
        let file = File::parse("scaler.yml", file).unwrap();
        let mut config = ScalerConfig::resolve(&ScalerArgs::default(), &file, &|_| None).unwrap();
        let gate = Gate::open(&config.webhook).unwrap();
        let front =
            Front::open(&config, &(Arc::new(|| jiff::Timestamp::UNIX_EPOCH) as Now)).unwrap();
        let check = |config: &ScalerConfig, address: &str| {
            let addresses = [address.parse().unwrap()];
            front
                .check(config, &gate, &addresses)
                .map_err(|error| error.to_string())
        };
        assert_eq!(check(&config, "127.0.0.1:9877"), Ok(()));
        assert_eq!(check(&config, "[::ffff:127.0.0.1]:9877"), Ok(()));
        let error = check(&config, "10.0.0.7:9877").unwrap_err();
        assert!(error.contains("bearer_token_files"), "{error}");
        config.allow_unauthenticated = true;
        assert_eq!(check(&config, "10.0.0.7:9877"), Ok(()));
    }
}
