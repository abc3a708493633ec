//! What a question is about: the groups it names, whether they may be read, and the instances to look at.

use super::{
    answer::Question,
    doubt::{self, Named, bounded, cut},
    status::Status,
};
use http::StatusCode;
use lag_core::{InstanceBoard, names};

/// Something that the selector names, which must be there.
pub(super) struct Wanted<'b> {
    pub(super) named: Named<'b>,
    pub(super) groups: Vec<&'b str>,
}

impl<'b> Question<'b> {
    /// Groups that the selector names, one by one; `None` when it describes them otherwise.
    pub(super) fn wanted(&self) -> Option<Vec<Wanted<'b>>> {
        let listed = |label| {
            let values = self.selector.values_of(label)?;
            let possible = values
                .iter()
                .filter(move |value| self.selector.allows(label, Some(value)));
            Some(possible.map(String::as_str))
        };
        if let Some(aliases) = listed(names::CONSUMER_GROUP_ALIAS) {
            let wanted = aliases.map(|value| {
                let groups = self.aliases.get(value).map_or(&[][..], Vec::as_slice);
                Wanted {
                    named: Named(names::CONSUMER_GROUP_ALIAS, value),
                    groups: groups.iter().map(|group| group.as_str()).collect(),
                }
            });
            return Some(wanted.collect());
        }
        let groups = listed(names::CONSUMER_GROUP)?;
        let wanted = groups.map(|value| Wanted {
            named: Named(names::CONSUMER_GROUP, value),
            groups: vec![value],
        });
        Some(wanted.collect())
    }

    /// Refuses groups that are named and that the namespace may not read, whether they exist or not.
    pub(super) fn check_scope(&self, wanted: Option<&[Wanted<'b>]>) -> Result<(), Status> {
        let Some(scopes) = &self.config.scopes else {
            return Ok(());
        };
        if !scopes.may_read_any(self.namespace) {
            return Err(self.forbids("any consumer group"));
        }
        let is_forbidden = |wanted: &&Wanted<'_>| {
            let may = |group: &&str| scopes.may_read(self.namespace, group);
            !wanted.groups.iter().any(may)
        };
        let forbidden = wanted.unwrap_or_default().iter().find(is_forbidden);
        forbidden.map_or(
            Ok(()),
            |wanted| Err(self.forbids(&wanted.named.to_string())),
        )
    }

    pub(super) fn forbids(&self, what: &str) -> Status {
        let namespace = cut(self.namespace, 64);
        let head = format!("namespace {namespace} may not read ");
        let tail = ": its groups are listed under external_metrics.namespaces";
        Status::new(StatusCode::FORBIDDEN, bounded(&head, what, tail))
    }

    /// Instances that may hold what the selector matches, all of which have answered at least once: one that has not
    /// may know more of it, and the others alone would be a sum of some.
    pub(super) fn instances(&self) -> Result<Vec<(&'b str, &'b InstanceBoard)>, Status> {
        if self.board.instances().len() == 0 {
            let text = "no collection has ended yet";
            return Err(Status::new(StatusCode::SERVICE_UNAVAILABLE, text));
        }
        let allows = |id: &str| self.selector.allows(names::INSTANCE_ID, Some(id));
        let named = self.selector.values_of(names::INSTANCE_ID);
        let mut instances = Vec::new();
        if let Some(ids) = named {
            for id in ids.iter().filter(|id| allows(id)) {
                let Some(instance) = self.board.instance(id) else {
                    let id = Named(names::INSTANCE_ID, id);
                    let text = format!(
                        "{id} is not watched: name one that the exporter is configured for"
                    );
                    return Err(Status::new(StatusCode::NOT_FOUND, text));
                };
                instances.push((id.as_str(), instance));
            }
        } else {
            let all = self.board.instances();
            let allowed = all.filter(|(id, _)| allows(id.as_str()));
            instances.extend(allowed.map(|(id, instance)| (id.as_str(), instance)));
        }
        for (id, instance) in &instances {
            if instance.last_success.is_none() {
                let avoidable = named.is_none() && self.board.instances().len() > 1;
                let moment = (self.now, self.config.max_age);
                return Err(doubt::unanswered(id, instance, moment, avoidable));
            }
        }
        Ok(instances)
    }
}
