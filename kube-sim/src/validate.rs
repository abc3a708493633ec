//! What the API server refuses with 422 although it is good JSON.

use serde_json::Value;

use crate::{
    clock::is_micro_time,
    object::{number, text},
    refusal::Refusal,
    resource::{Resource, Role},
};

/// Bytes of all values of a ConfigMap together.
const MOST_CONFIG_MAP: usize = 1_048_576;
const MOST_NOTE: usize = 1024;
const MOST_WORD: usize = 128;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// Refuses fields of one object.
struct Check<'a> {
    kind: String,
    name: &'a str,
    object: &'a Value,
}

/// Whether the object may be stored.
pub(crate) fn object(resource: &Resource, name: &str, object: &Value) -> Result<(), Refusal> {
    let check = Check {
        kind: resource.qualified_kind(),
        name,
        object,
    };
    match resource.role {
        Role::Event => check.event(),
        Role::Lease => ["/spec/acquireTime", "/spec/renewTime"]
            .into_iter()
            .try_for_each(|pointer| check.micro_time(pointer)),
        Role::ConfigMap => check.config_map(),
        Role::Autoscaler => check.autoscaler(),
        Role::Workload | Role::ReplicaSet => check.workload(resource),
        Role::Pod | Role::ScaledObject => Ok(()),
    }
}

/// Whether an object may be called so; `field` is `name` or `generateName`.
pub(crate) fn name(resource: &Resource, field: &str, name: &str) -> Result<(), Refusal> {
    // A prefix is judged as it will be once something is appended, except for its last character.
    let judged = if field == "generateName" {
        name.strip_suffix('-').unwrap_or(name)
    } else {
        name
    };
    if is_subdomain(judged) {
        return Ok(());
    }
    let why = format!("Invalid value: \"{name}\": {SUBDOMAIN}");
    let field = format!("metadata.{field}");
    let kind = resource.qualified_kind();
    Err(Refusal::invalid(
        &kind,
        name,
        "FieldValueInvalid",
        &field,
        &why,
    ))
}

fn is_subdomain(text: &str) -> bool {
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let ends = [label.bytes().next(), label.bytes().last()];
        ends.into_iter().all(|end| end.is_some_and(plain))
            && label.bytes().all(|byte| plain(byte) || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// `name` or `domain/name`.
fn is_qualified_name(text: &str) -> bool {
    let (domain, name) = text.split_once('/').unwrap_or(("a", text));
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    let ends = [name.bytes().next(), name.bytes().last()];
    is_subdomain(domain)
        && name.len() <= 63
        && ends.into_iter().all(|end| end.is_some_and(plain))
        && name
            .bytes()
            .all(|byte| plain(byte) || b"-_.".contains(&byte))
}

impl Check<'_> {
    fn refuse(&self, cause: &str, pointer: &str, why: &str) -> Refusal {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        Refusal::invalid(&self.kind, self.name, cause, &field, why)
    }

    fn wrong(&self, pointer: &str, why: &str) -> Refusal {
        self.refuse(
            "FieldValueInvalid",
            pointer,
            &format!("Invalid value: {why}"),
        )
    }

    fn required(&self, pointer: &str) -> Result<&str, Refusal> {
        let missing = || self.refuse("FieldValueRequired", pointer, "Required value");
        text(self.object, pointer).ok_or_else(missing)
    }

    /// A time that is there must have exactly six digits.
    fn micro_time(&self, pointer: &str) -> Result<(), Refusal> {
        match self.object.pointer(pointer) {
            None | Some(Value::Null) => Ok(()),
            Some(Value::String(text)) if is_micro_time(text) => Ok(()),
            Some(other) => {
                let why = format!("{other}: must be a time as 2006-01-02T15:04:05.000000Z07:00");
                Err(self.wrong(pointer, &why))
            }
        }
    }

    fn event(&self) -> Result<(), Refusal> {
        self.required("/eventTime")?;
        self.micro_time("/eventTime")?;
        let namespace = text(self.object, "/metadata/namespace");
        let regarding = text(self.object, "/regarding/namespace");
        if regarding != namespace && (regarding.is_some() || namespace != Some("default")) {
            let why = format!(
                "\"{}\": does not match event.namespace",
                regarding.unwrap_or_default()
            );
            return Err(self.wrong("/regarding/namespace", &why));
        }
        let controller = self.required("/reportingController")?;
        if !is_qualified_name(controller) {
            let why = format!(
                "\"{controller}\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
            );
            return Err(self.wrong("/reportingController", &why));
        }
        for pointer in ["/reportingInstance", "/action", "/reason"] {
            if self.required(pointer)?.len() > MOST_WORD {
                let why = format!("\"\": can have at most {MOST_WORD} characters");
                return Err(self.wrong(pointer, &why));
            }
        }
        let kind = self.required("/type")?;
        if !["Normal", "Warning"].contains(&kind) {
            return Err(self.wrong("/type", &format!("\"\": has invalid value: {kind}")));
        }
        let note = text(self.object, "/note").unwrap_or_default();
        if note.len() > MOST_NOTE {
            let why = format!("\"\": can have at most {MOST_NOTE} characters");
            return Err(self.wrong("/note", &why));
        }
        Ok(())
    }

    fn config_map(&self) -> Result<(), Refusal> {
        let values = ["data", "binaryData"].into_iter().flat_map(|field| {
            let fields = self.object[field].as_object();
            fields.into_iter().flat_map(|fields| fields.values())
        });
        let bytes: usize = values.filter_map(Value::as_str).map(str::len).sum();
        if bytes <= MOST_CONFIG_MAP {
            return Ok(());
        }
        let why = format!("Too long: may not be more than {MOST_CONFIG_MAP} bytes");
        Err(self.refuse("FieldValueTooLong", "[]", &why))
    }

    fn autoscaler(&self) -> Result<(), Refusal> {
        let most = number(self.object, "/spec/maxReplicas").unwrap_or(0);
        if most < 1 {
            return Err(self.wrong(
                "/spec/maxReplicas",
                &format!("{most}: must be greater than 0"),
            ));
        }
        let least = number(self.object, "/spec/minReplicas").unwrap_or(1);
        if least < 1 {
            let why = format!("{least}: must be greater than or equal to 1");
            return Err(self.wrong("/spec/minReplicas", &why));
        }
        if most < least {
            let why = format!("{most}: must be greater than or equal to `minReplicas`");
            return Err(self.wrong("/spec/maxReplicas", &why));
        }
        self.required("/spec/scaleTargetRef/kind")?;
        self.required("/spec/scaleTargetRef/name").map(|_| ())
    }

    fn workload(&self, resource: &Resource) -> Result<(), Refusal> {
        self.replicas()?;
        for pointer in ["/spec/selector", "/spec/template"] {
            if !resource.is_custom && self.object.pointer(pointer).is_none_or(Value::is_null) {
                return Err(self.refuse("FieldValueRequired", pointer, "Required value"));
            }
        }
        Ok(())
    }

    fn replicas(&self) -> Result<(), Refusal> {
        let pointer = "/spec/replicas";
        match self.object.pointer(pointer) {
            None | Some(Value::Null) => Ok(()),
            Some(value)
                if value
                    .as_i64()
                    .is_some_and(|n| (0..=i64::from(i32::MAX)).contains(&n)) =>
            {
                Ok(())
            }
            Some(value) => {
                let why = format!("{value}: must be greater than or equal to 0");
                Err(self.wrong(pointer, &why))
            }
        }
    }
}

/// Whether a `Scale` asks for a number that can be.
pub(crate) fn scale(name: &str, scale: &Value) -> Result<(), Refusal> {
    let check = Check {
        kind: "Scale.autoscaling".to_owned(),
        name,
        object: scale,
    };
    check.replicas()
}
