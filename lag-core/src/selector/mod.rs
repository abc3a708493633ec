//! Label selectors of Kubernetes: which series an autoscaler asks for.

mod invalid;
mod parse;

pub use invalid::InvalidSelector;

use std::fmt;

/// A label selector, such as `consumer_group=orders,instance_id in (a,b),!topic`: all requirements must hold. The
/// grammar and its corner cases are those of `k8s.io/apimachinery/pkg/labels`; the empty text selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Sorted by key.
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
    /// Sorted, each once; one for all operators but `in` and `notin`, and none for `key` and `!key`.
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equals,
    DoubleEquals,
    NotEquals,
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

impl Selector {
    /// The most requirements, and the most values in all of them together, that are read.
    pub const MAX_REQUIREMENTS: usize = 100;
    /// See [`Self::MAX_REQUIREMENTS`].
    pub const MAX_VALUES: usize = 1_000;

    /// Whether labels meet every requirement. `label` looks one up by its key. What is not there meets `!=`, `notin`
    /// and `!key`, and nothing else.
    #[must_use]
    pub fn matches<'l>(&self, label: &dyn Fn(&str) -> Option<&'l str>) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.holds(label(&requirement.key)))
    }

    /// Whether the requirements on one key hold, whatever the others say.
    #[must_use]
    pub fn allows(&self, key: &str, value: Option<&str>) -> bool {
        self.on(key).all(|requirement| requirement.holds(value))
    }

    /// The only values that the label `key` of a match can have, sorted; not each of them need match. `None` when the
    /// selector does not list any.
    #[must_use]
    pub fn values_of(&self, key: &str) -> Option<&[String]> {
        self.on(key)
            .filter(|requirement| requirement.operator.lists())
            .map(|requirement| requirement.values.as_slice())
            .min_by_key(|values| values.len())
    }

    /// Whether the selector says anything about a label.
    #[must_use]
    pub fn mentions(&self, key: &str) -> bool {
        self.on(key).next().is_some()
    }

    /// Whether only what has this label can match.
    #[must_use]
    pub fn requires(&self, key: &str) -> bool {
        self.on(key).any(|requirement| !requirement.holds(None))
    }

    fn on<'s>(&'s self, key: &str) -> impl Iterator<Item = &'s Requirement> {
        self.requirements
            .iter()
            .filter(move |requirement| requirement.key == key)
    }
}

impl Requirement {
    fn holds(&self, label: Option<&str>) -> bool {
        match (self.operator, label) {
            (Operator::Exists, label) => label.is_some(),
            (Operator::DoesNotExist, label) => label.is_none(),
            (Operator::Equals | Operator::DoubleEquals | Operator::In, label) => {
                label.is_some_and(|label| self.has(label))
            }
            (Operator::NotEquals | Operator::NotIn, label) => {
                label.is_none_or(|label| !self.has(label))
            }
            (Operator::GreaterThan, label) => self.compares(label, i64::gt),
            (Operator::LessThan, label) => self.compares(label, i64::lt),
        }
    }

    fn has(&self, label: &str) -> bool {
        let found = self
            .values
            .binary_search_by(|value| value.as_str().cmp(label));
        found.is_ok()
    }

    /// A label that is no whole number is neither above nor below one.
    fn compares(&self, label: Option<&str>, is: fn(&i64, &i64) -> bool) -> bool {
        let number = |text: &str| text.parse::<i64>().ok();
        let limit = self.values.first().and_then(|value| number(value));
        let label = label.and_then(number);
        matches!((label, limit), (Some(label), Some(limit)) if is(&label, &limit))
    }
}

impl Operator {
    fn lists(self) -> bool {
        match self {
            Self::Equals | Self::DoubleEquals | Self::In => true,
            Self::NotEquals
            | Self::NotIn
            | Self::Exists
            | Self::DoesNotExist
            | Self::GreaterThan
            | Self::LessThan => false,
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, requirement) in self.requirements.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, values) = (&self.key, self.values.join(","));
        match self.operator {
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}
