//! Names that a cluster accepts.

/// What a name is for: the rules differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// A label of RFC 1123: at most 63 characters, no dot.
    Namespace,
    /// A subdomain of RFC 1123: labels with dots between, at most 253 characters in all.
    Workload,
}

impl NameKind {
    /// Says what is wrong with a name that cannot exist, and which filters would mend it.
    pub(crate) fn check(self, name: &str) -> Result<(), String> {
        let (what, most, rule) = match self {
            Self::Namespace => ("namespace", 63, "lower-case letters, digits and -"),
            Self::Workload => ("workload", 253, "lower-case letters, digits, - and ."),
        };
        let is_valid = match self {
            Self::Namespace => is_label(name),
            Self::Workload => name.split('.').all(is_label),
        };
        if is_valid && name.len() <= most {
            return Ok(());
        }
        let shown: String = name.chars().take(80).collect();
        let mut filters = String::new();
        if name.contains('_') {
            filters.push_str("|replace:_:-");
        }
        if name.chars().any(char::is_uppercase) {
            filters.push_str("|lower");
        }
        let advice = if filters.is_empty() {
            "name it otherwise".to_owned()
        } else {
            format!("add {filters} to a template, or name it otherwise")
        };
        Err(format!(
            "no {what} can be called {shown:?}: 1 to {most} {rule}, a letter or digit at both ends; {advice}"
        ))
    }
}

fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_a_label_and_a_workload_may_have_dots() {
        for name in ["orders", "a", "a-1", "0a"] {
            assert_eq!(NameKind::Namespace.check(name), Ok(()), "{name}");
            assert_eq!(NameKind::Workload.check(name), Ok(()), "{name}");
        }
        assert!(NameKind::Namespace.check("a.b").is_err());
        assert_eq!(NameKind::Workload.check("a.b-c.d"), Ok(()));
        for name in [
            "", "-a", "a-", "A", "a_b", "a b", "订单", "a..b", ".a", "a.", "a/b",
        ] {
            assert!(NameKind::Namespace.check(name).is_err(), "{name}");
            assert!(NameKind::Workload.check(name).is_err(), "{name}");
        }
    }

    #[test]
    fn length_has_a_limit() {
        assert_eq!(NameKind::Namespace.check(&"a".repeat(63)), Ok(()));
        assert!(NameKind::Namespace.check(&"a".repeat(64)).is_err());
        assert_eq!(NameKind::Workload.check(&"a".repeat(253)), Ok(()));
        assert!(NameKind::Workload.check(&"a".repeat(254)).is_err());
    }

    #[test]
    fn the_advice_names_the_filters_that_would_help() {
        let advice = |name| NameKind::Workload.check(name).unwrap_err();
        assert!(advice("Cust_A").contains("add |replace:_:-|lower "));
        assert!(advice("a_b").contains("add |replace:_:- "));
        assert!(advice("a b").contains("name it otherwise"));
    }
}
