//! `external.metrics.k8s.io/v1beta1`: what an HPA reads, answered from memory.

pub(crate) mod status;
