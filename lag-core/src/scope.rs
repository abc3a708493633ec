//! Which namespace of a cluster may read which consumer groups.

use crate::Matcher;
use std::collections::BTreeMap;

/// The entry for every namespace that has none of its own.
const OTHERS: &str = "*";

/// Group patterns by namespace; `*` stands for every namespace without an entry of its own. What no entry allows is
/// not readable. Where nothing is to be kept apart there are no scopes at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceScopes(BTreeMap<String, Vec<Matcher>>);

impl NamespaceScopes {
    /// Scopes of these entries. An entry without patterns reads nothing.
    #[must_use]
    pub fn new(entries: BTreeMap<String, Vec<Matcher>>) -> Self {
        Self(entries)
    }

    /// Whether a namespace may read the lag of a group.
    #[must_use]
    pub fn may_read(&self, namespace: &str, group: &str) -> bool {
        self.patterns(namespace)
            .iter()
            .any(|pattern| pattern.accepts(group))
    }

    /// Whether there can be a group that a namespace may read.
    #[must_use]
    pub fn may_read_any(&self, namespace: &str) -> bool {
        !self.patterns(namespace).is_empty()
    }

    fn patterns(&self, namespace: &str) -> &[Matcher] {
        let own = self.0.get(namespace).or_else(|| self.0.get(OTHERS));
        own.map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(entries: &[(&str, &[&str])]) -> NamespaceScopes {
        let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let entries = entries
            .iter()
            .map(|(namespace, texts)| ((*namespace).into(), patterns(texts)));
        NamespaceScopes::new(entries.collect())
    }

    #[test]
    fn a_namespace_reads_what_its_own_entry_allows() {
        let scopes = scopes(&[
            ("orders", &["prefix:order_", "exact:shared"]),
            ("quiet", &[]),
            ("*", &["exact:shared"]),
        ]);
        for (namespace, group, may) in [
            ("orders", "order_docking_analog", true),
            ("orders", "shared", true),
            ("orders", "billing", false),
            ("other", "shared", true),
            ("other", "order_docking_analog", false),
            // An entry of its own replaces the one for all others.
            ("quiet", "shared", false),
        ] {
            assert_eq!(
                scopes.may_read(namespace, group),
                may,
                "{namespace} {group}"
            );
        }
        assert!(scopes.may_read_any("other") && !scopes.may_read_any("quiet"));
    }

    #[test]
    fn a_namespace_without_an_entry_reads_nothing() {
        let scopes = scopes(&[("orders", &["glob:*"])]);
        assert!(scopes.may_read("orders", "anything"));
        assert!(!scopes.may_read("other", "anything") && !scopes.may_read_any("other"));
        assert!(!NamespaceScopes::new(BTreeMap::new()).may_read("orders", "anything"));
    }
}
