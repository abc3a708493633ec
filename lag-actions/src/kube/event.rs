//! Kubernetes Events at the workload: `kubectl describe` shows what was done, and why.

use jiff::Timestamp;
use lag_core::{Target, port::PortError};
use serde_json::{Value, json};

use super::{
    call::{FIELD_MANAGER, Write, shown},
    resource::Resource,
    scaler::KubeScaler,
};

/// The API server refuses a longer note (in bytes), and a longer name.
const NOTE_LIMIT: usize = 1024;
const NAME_LIMIT: usize = 253;

impl KubeScaler {
    pub(super) async fn write_event(
        &self,
        target: &Target,
        reason: &str,
        note: &str,
        is_warning: bool,
    ) -> Result<(), PortError> {
        let workload = &target.workload;
        let doing = format!("record an event at {workload}");
        let at = (self.settings.now)();
        let body = self.event(target, reason, note, is_warning, at);
        let what = Resource::events(&workload.namespace);
        if let Some(print) = self.calls.print() {
            print(&shown(Write::Create, &what.path()?, &body));
            return Ok(());
        }
        match self.calls.write(&doing, Write::Create, &what, &body).await {
            // Names do not repeat, so this is our own.
            Err(fault) if fault.is_already_exists() => Ok(()),
            other => Ok(other?),
        }
    }

    fn event(
        &self,
        target: &Target,
        reason: &str,
        note: &str,
        is_warning: bool,
        at: Timestamp,
    ) -> Value {
        let workload = &target.workload;
        let mut regarding = json!({
            "apiVersion": workload.kind.api_version(),
            "kind": workload.kind.as_str(),
            "namespace": workload.namespace,
            "name": workload.name,
        });
        if let Some(uid) = self.uid(workload) {
            regarding["uid"] = uid.into(); // without it `kubectl describe` may not show the event
        }
        let unique = at.as_nanosecond() + i128::from(self.next_number());
        json!({
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": name(&workload.name, unique), "namespace": workload.namespace},
            "eventTime": format!("{at:.6}"), // MicroTime: exactly six digits
            "reportingController": FIELD_MANAGER,
            "reportingInstance": self.settings.instance,
            "type": if is_warning { "Warning" } else { "Normal" },
            "reason": reason,
            "action": reason,
            "regarding": regarding,
            "note": &note[..note.floor_char_boundary(NOTE_LIMIT)],
        })
    }
}

/// `<workload>.<hex>`, as other components name their events.
fn name(workload: &str, unique: i128) -> String {
    let unique = format!("{unique:x}");
    let room = NAME_LIMIT - unique.len() - 1;
    let workload = &workload[..workload.floor_char_boundary(room)];
    let workload = workload.trim_end_matches(['.', '-']);
    format!("{workload}.{unique}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_event_is_never_too_long_for_the_api_server() {
        let long = format!("{}-{}", "a".repeat(235), "b".repeat(17));
        let name = name(&long, 0x18f3_a2b4_c5d6_e7f8);
        assert!(name.len() <= NAME_LIMIT, "{}", name.len());
        assert!(name.ends_with("a.18f3a2b4c5d6e7f8"), "{name}");
    }
}
