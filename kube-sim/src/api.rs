//! One request of the API: who calls, what is asked, what is answered.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    access::Access,
    controller::letters,
    discovery,
    follow::Watch,
    object::{metadata, text},
    patch::{self, PatchKind},
    refusal::Refusal,
    resource::{Resource, Role, Route},
    select::Selector,
    subresource, validate,
    world::{Key, World, Write, check_precondition},
};

/// A request, decoded as far as HTTP goes.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) content_type: &'a str,
    pub(crate) authorization: Option<&'a str>,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// A good answer.
#[derive(Debug)]
pub(crate) struct Good {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    /// Followed by events, instead of the body.
    pub(crate) watch: Option<Watch>,
}

pub(crate) type Answer = Result<Good, Refusal>;

pub(crate) fn ok(body: Value) -> Answer {
    good(StatusCode::OK, body)
}

pub(crate) fn good(status: StatusCode, body: Value) -> Answer {
    Ok(Good {
        status,
        body,
        watch: None,
    })
}

/// Carries a request out.
pub(crate) fn answer(world: &mut World, access: &Access, call: &Call<'_>) -> Answer {
    let user = access.user(call.authorization)?;
    match call.path {
        "/version" => return ok(discovery::version()),
        "/healthz" | "/livez" | "/readyz" => return ok(json!("ok")),
        _ => {}
    }
    let route = Route::parse(call.path).ok_or_else(Refusal::unknown_path)?;
    if let Some(answer) = review(access, user, call, &route) {
        return answer;
    }
    if route.plural.is_empty() {
        return discovery::group(world, &route).map_or_else(|| Err(Refusal::unknown_path()), ok);
    }
    access.check(user, call.verb(&route)?, &route)?;
    let Some(resource) = route.resource().filter(|known| world.is_served(known)) else {
        return Err(unknown(world, &route));
    };
    if call.is_set("watch") {
        if call.method != Method::GET || route.name.is_some() {
            return Err(Refusal::not_simulated("watches of one object by its path"));
        }
        return Ok(Good {
            status: StatusCode::OK,
            body: Value::Null,
            watch: Some(Watch::new(world, call, resource, route.namespace)?),
        });
    }
    match (route.namespace, route.name, route.subresource) {
        (namespace, None, _) if call.method == Method::GET => {
            list(world, call, resource, namespace)
        }
        (Some(namespace), None, _) if call.method == Method::POST => {
            create(world, call, resource, namespace)
        }
        (Some(namespace), Some(name), subresource) => {
            let key = Key::new(resource, namespace, name);
            match subresource {
                None => one(world, call, &key),
                Some("scale") if resource.has_scale => subresource::scale(world, call, &key),
                Some("eviction") if resource.role == Role::Pod => {
                    subresource::evict(world, call, &key)
                }
                Some("status") => Err(Refusal::not_simulated("the status subresource")),
                Some(_) => Err(Refusal::unknown_resource()),
            }
        }
        (_, None, _) => Err(Refusal::method()),
        _ => Err(Refusal::unknown_resource()),
    }
}

/// The resources that are questions: nothing is stored, and the answer is the question with a status.
fn review(access: &Access, user: &str, call: &Call<'_>, route: &Route<'_>) -> Option<Answer> {
    let answer = match (route.group, route.version, route.plural) {
        // Allowed to everybody: otherwise nobody could ask.
        ("authorization.k8s.io", "v1", "selfsubjectaccessreviews") => Access::review_self,
        ("authorization.k8s.io", "v1", "subjectaccessreviews") => Access::review_subject,
        ("authentication.k8s.io", "v1", "tokenreviews") => Access::review_token,
        _ => return None,
    };
    if call.method != Method::POST {
        return Some(Err(Refusal::method()));
    }
    let answered = || {
        if route.plural != "selfsubjectaccessreviews" {
            access.check(user, "create", route)?;
        }
        good(StatusCode::CREATED, answer(access, user, &call.json()?)?)
    };
    Some(answered())
}

/// A group that nothing brings is not even a path.
fn unknown(world: &World, route: &Route<'_>) -> Refusal {
    match discovery::group(world, route) {
        Some(_) => Refusal::unknown_resource(),
        None => Refusal::unknown_path(),
    }
}

fn one(world: &mut World, call: &Call<'_>, key: &Key) -> Answer {
    match *call.method {
        Method::GET => ok(world.get(key)?.clone()),
        Method::PUT => {
            let next = call.object(key.resource, Some(&key.name), &key.namespace)?;
            replace(world, call, key, next)
        }
        Method::PATCH => {
            let patch = call.patch(key.resource)?;
            let mut next = world.get(key)?.clone();
            patch.apply(&mut next);
            ok(world.update(key, next, &call.write(None)?)?)
        }
        Method::DELETE => delete(world, call, key),
        _ => Err(Refusal::method()),
    }
}

fn replace(world: &mut World, call: &Call<'_>, key: &Key, next: Value) -> Answer {
    world.get(key)?;
    // These kinds have no "last writer wins".
    let is_guarded = key.resource.is_custom || key.resource.role == Role::Lease;
    if is_guarded && text(&next, "/metadata/resourceVersion").is_none() {
        return Err(Refusal::invalid(
            &key.resource.qualified(),
            &key.name,
            "FieldValueInvalid",
            "metadata.resourceVersion",
            "Invalid value: 0: must be specified for an update",
        ));
    }
    ok(world.update(key, next, &call.write(None)?)?)
}

fn delete(world: &mut World, call: &Call<'_>, key: &Key) -> Answer {
    let options = if call.body.is_empty() {
        json!({})
    } else {
        call.json()?
    };
    let before = world.get(key)?.clone();
    let wanted = json!({ "metadata": options["preconditions"] });
    check_precondition(key, &before, &wanted)?;
    let is_dry_run = call.write(None)?.is_dry_run || options["dryRun"] == json!(["All"]);
    if key.resource.role == Role::Pod {
        if !is_dry_run {
            subresource::remove_pod(world, key, false);
        }
        return ok(before);
    }
    if !is_dry_run {
        world.remove(key);
    }
    ok(json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {
            "name": key.name,
            "group": key.resource.group,
            "kind": key.resource.plural,
            "uid": before["metadata"]["uid"],
        },
    }))
}

fn list(
    world: &World,
    call: &Call<'_>,
    resource: &'static Resource,
    namespace: Option<&str>,
) -> Answer {
    let selector = Selector::parse(
        call.query.get("labelSelector").map_or("", String::as_str),
        call.query.get("fieldSelector").map_or("", String::as_str),
    )?;
    let found = world.objects.iter().filter(|(key, object)| {
        key.resource == resource
            && namespace.is_none_or(|namespace| namespace == key.namespace)
            && selector.accepts(object)
    });
    let items: Vec<Value> = found
        .map(|(_, object)| {
            let mut item = object.clone();
            // Built-in kinds are listed without saying again what they are.
            if let Some(fields) = item.as_object_mut().filter(|_| !resource.is_custom) {
                fields.remove("kind");
                fields.remove("apiVersion");
            }
            item
        })
        .collect();
    ok(json!({
        "kind": format!("{}List", resource.kind),
        "apiVersion": resource.api_version(),
        "metadata": { "resourceVersion": world.revision().to_string() },
        "items": items,
    }))
}

fn create(
    world: &mut World,
    call: &Call<'_>,
    resource: &'static Resource,
    namespace: &str,
) -> Answer {
    let mut object = call.object(resource, None, namespace)?;
    if text(&object, "/metadata/resourceVersion").is_some() {
        let message = "resourceVersion should not be set on objects to be created";
        return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "", message));
    }
    metadata(&mut object).insert("namespace".into(), json!(namespace));
    let name = match (
        text(&object, "/metadata/name"),
        text(&object, "/metadata/generateName"),
    ) {
        (Some(name), _) => name.to_owned(),
        (None, Some(prefix)) => {
            validate::name(resource, "generateName", prefix)?;
            format!(
                "{prefix}{}",
                letters(world.next_serial().wrapping_mul(0x9e37_79b9) >> 7, 5)
            )
        }
        (None, None) => {
            return Err(Refusal::invalid(
                &resource.qualified_kind(),
                "",
                "FieldValueRequired",
                "metadata.name",
                "Required value: name or generateName is required",
            ));
        }
    };
    let key = Key::new(resource, namespace, &name);
    let stored = world.create(&key, object, &call.write(None)?)?;
    good(StatusCode::CREATED, stored)
}

impl Call<'_> {
    fn is_set(&self, name: &str) -> bool {
        self.query
            .get(name)
            .is_some_and(|value| ["1", "true"].contains(&value.as_str()))
    }

    /// The verb as access rules name it.
    fn verb(&self, route: &Route<'_>) -> Result<&'static str, Refusal> {
        Ok(match *self.method {
            Method::GET if route.name.is_some() => "get",
            Method::GET if self.is_set("watch") => "watch",
            Method::GET => "list",
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if route.name.is_some() => "delete",
            Method::DELETE => "deletecollection",
            _ => return Err(Refusal::method()),
        })
    }

    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        let value: Value = serde_json::from_slice(self.body).map_err(|error| {
            Refusal::bad_request(format!("the object provided is unrecognized: {error}"))
        })?;
        if value.is_object() {
            return Ok(value);
        }
        Err(Refusal::bad_request(
            "the object provided is unrecognized: not an object",
        ))
    }

    /// The body as an object of this resource that fits the path.
    fn object(
        &self,
        resource: &Resource,
        name: Option<&str>,
        namespace: &str,
    ) -> Result<Value, Refusal> {
        let object = self.json()?;
        let said = |pointer| text(&object, pointer);
        let (kind, api_version) = (said("/kind"), said("/apiVersion"));
        let is_wrong_kind = kind.is_some_and(|kind| kind != resource.kind)
            || api_version.is_some_and(|version| version != resource.api_version());
        if is_wrong_kind || (resource.is_custom && (kind.is_none() || api_version.is_none())) {
            return Err(Refusal::bad_request(format!(
                "{} in version \"{}\" cannot be handled as a {}: the object is {} of {}",
                resource.kind,
                resource.version,
                resource.kind,
                kind.unwrap_or("nothing"),
                api_version.unwrap_or("nothing"),
            )));
        }
        if said("/metadata/namespace").is_some_and(|said| said != namespace) {
            return Err(Refusal::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        if let (Some(said), Some(name)) = (said("/metadata/name"), name)
            && said != name
        {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({said}) does not match the name on the URL ({name})"
            )));
        }
        Ok(object)
    }

    pub(crate) fn patch(&self, resource: &Resource) -> Result<PatchKind, Refusal> {
        patch::read(self.content_type, resource, || self.json())
    }

    pub(crate) fn write<'a>(&'a self, subresource: Option<&'a str>) -> Result<Write<'a>, Refusal> {
        let is_dry_run = match self.query.get("dryRun").map(String::as_str) {
            None | Some("") => false,
            Some("All") => true,
            Some(other) => {
                let why = format!("Unsupported value: \"{other}\": supported values: \"All\"");
                return Err(Refusal::invalid(
                    "PatchOptions.meta.k8s.io",
                    "",
                    "FieldValueNotSupported",
                    "dryRun",
                    &why,
                ));
            }
        };
        let agent = self.user_agent.unwrap_or("unknown");
        let agent = agent.split('/').next().unwrap_or(agent);
        let manager = self.query.get("fieldManager").map_or(agent, String::as_str);
        Ok(Write {
            manager,
            subresource,
            is_dry_run,
            by_client: true,
        })
    }
}
