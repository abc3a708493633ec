//! What a simulator is started with.

use std::net::SocketAddr;

use serde_json::Value;

use crate::{
    access::{Access, Denial, ReviewedToken},
    faults::Fault,
    samples,
};

/// The configuration of a [`KubeSim`](crate::KubeSim); every setter returns it.
///
/// The default listens on a free loopback port, has no objects, asks for no token and denies nothing.
#[derive(Debug, Clone)]
pub struct KubeSimConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) access: Access,
    pub(crate) objects: Vec<Value>,
    pub(crate) faults: Vec<Fault>,
}

impl Default for KubeSimConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            access: Access::default(),
            objects: Vec::new(),
            faults: Vec::new(),
        }
    }
}

impl KubeSimConfig {
    /// Where to listen; only loopback addresses are accepted at the start.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// A dummy bearer token and whose it is. From the first one on, everybody else gets 401.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>, user: impl Into<String>) -> Self {
        self.access.tokens.insert(token.into(), user.into());
        self
    }

    /// A dummy bearer token that TokenReviews know, and whose it is. It is not for calls to the simulator itself.
    #[must_use]
    pub fn reviewed_token(
        mut self,
        token: impl Into<String>,
        user: impl Into<String>,
        groups: &[&str],
    ) -> Self {
        self.access.reviewed.push(ReviewedToken {
            token: token.into(),
            user: user.into(),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
        });
        self
    }

    /// Something that is answered with 403.
    #[must_use]
    pub fn deny(mut self, denial: Denial) -> Self {
        self.access.denials.push(denial);
        self
    }

    /// A Deployment with so many ready pods.
    #[must_use]
    pub fn deployment(self, namespace: &str, name: &str, replicas: u32) -> Self {
        self.object(samples::workload("Deployment", namespace, name, replicas))
    }

    /// Any object of a kind that is known here.
    #[must_use]
    pub fn object(mut self, object: Value) -> Self {
        self.objects.push(object);
        self
    }

    /// A fault that is active from the start.
    #[must_use]
    pub fn fault(mut self, fault: impl Into<Fault>) -> Self {
        self.faults.push(fault.into());
        self
    }
}
