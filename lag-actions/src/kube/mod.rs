//! Kubernetes: connecting, restarting, scaling, events, rights.
