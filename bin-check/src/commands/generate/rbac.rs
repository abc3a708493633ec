//! What the exporter may do in the cluster.

use super::yaml::scalar;
use crate::{
    cli::generate::{Auth, RbacArgs},
    kubernetes::Place,
};

pub(super) fn render(args: &RbacArgs) -> String {
    let account = scalar(&args.service_account);
    let namespace = scalar(&args.namespace);
    let subject = format!(
        "subjects:\n  - kind: ServiceAccount\n    name: {account}\n    namespace: {namespace}\n"
    );
    let mut text = format!(
        "# kafka-lag generate rbac. The exporter changes no workload.\n\
         apiVersion: v1\n\
         kind: ServiceAccount\n\
         metadata:\n  \
           name: {account}\n  \
           namespace: {namespace}\n\
         ---\n\
         # To know the API server by its certificate: the CA of its front proxy is in one ConfigMap of kube-system.\n\
         apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: RoleBinding\n\
         metadata:\n  \
           name: kafka-lag-auth-reader\n  \
           namespace: kube-system\n\
         roleRef:\n  \
           apiGroup: rbac.authorization.k8s.io\n  \
           kind: Role\n  \
           name: extension-apiserver-authentication-reader\n\
         {subject}"
    );
    match args.auth {
        Auth::Mtls => text.push_str(
            "# Nothing else is needed with --external-metrics.auth mtls: the API server has asked who may read before it passes\n\
             # a request on.\n",
        ),
        Auth::Delegated => text.push_str(&format!(
            "---\n\
             # With --external-metrics.auth delegated: to ask the API server who a caller is, and what he may.\n\
             apiVersion: rbac.authorization.k8s.io/v1\n\
             kind: ClusterRoleBinding\n\
             metadata:\n  \
               name: kafka-lag-auth-delegator\n\
             roleRef:\n  \
               apiGroup: rbac.authorization.k8s.io\n  \
               kind: ClusterRole\n  \
               name: system:auth-delegator\n\
             {subject}"
        )),
    }
    if let Some(place) = &args.lease {
        text.push_str(&lease(place, &subject));
    }
    for namespace in &args.recommend_namespace {
        text.push_str(&replicas(namespace, &subject));
    }
    text.push_str(
        "---\n\
         # For people and dashboards; the built-in role `view` has no external metrics. The HPA has them already, in\n\
         # system:controller:horizontal-pod-autoscaler. Reading one is the verb list.\n\
         #   kubectl create clusterrolebinding kafka-lag-readers --clusterrole=kafka-lag-external-metrics-reader --group=NAME\n\
         apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: ClusterRole\n\
         metadata:\n  \
           name: kafka-lag-external-metrics-reader\n\
         rules:\n  \
           - apiGroups: [external.metrics.k8s.io]\n    \
             resources: [\"*\"]\n    \
             verbs: [get, list]\n",
    );
    text
}

fn lease(place: &Place, subject: &str) -> String {
    let (namespace, name) = (scalar(&place.namespace), scalar(&place.name));
    format!(
        "---\n\
         # With --lease: which of the replicas asks the cloud. `create` cannot be pinned to a name.\n\
         apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: Role\n\
         metadata:\n  \
           name: kafka-lag-lease\n  \
           namespace: {namespace}\n\
         rules:\n  \
           - apiGroups: [coordination.k8s.io]\n    \
             resources: [leases]\n    \
             verbs: [create]\n  \
           - apiGroups: [coordination.k8s.io]\n    \
             resources: [leases]\n    \
             resourceNames: [{name}]\n    \
             verbs: [get, update]\n\
         ---\n\
         apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: RoleBinding\n\
         metadata:\n  \
           name: kafka-lag-lease\n  \
           namespace: {namespace}\n\
         roleRef:\n  \
           apiGroup: rbac.authorization.k8s.io\n  \
           kind: Role\n  \
           name: kafka-lag-lease\n\
         {subject}"
    )
}

fn replicas(namespace: &str, subject: &str) -> String {
    let namespace = scalar(namespace);
    format!(
        "---\n\
         # With `workload` in a `recommend` rule: how many replicas are ready. Only read.\n\
         apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: Role\n\
         metadata:\n  \
           name: kafka-lag-replicas\n  \
           namespace: {namespace}\n\
         rules:\n  \
           - apiGroups: [apps]\n    \
             resources: [deployments, statefulsets, replicasets]\n    \
             verbs: [get]\n\
         ---\n\
         apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: RoleBinding\n\
         metadata:\n  \
           name: kafka-lag-replicas\n  \
           namespace: {namespace}\n\
         roleRef:\n  \
           apiGroup: rbac.authorization.k8s.io\n  \
           kind: Role\n  \
           name: kafka-lag-replicas\n\
         {subject}"
    )
}
