//! Stand-in for a Kubernetes API server.
