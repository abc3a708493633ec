//! The parameters of a query. One that nobody reads would be a wish that nobody grants, answered with another number.

use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// Parameters by name, decoded.
#[derive(Debug, PartialEq)]
pub(super) struct Query(BTreeMap<&'static str, String>);

impl Query {
    /// Reads a query that may have these parameters, each once.
    ///
    /// # Errors
    /// What is wrong with it, and what would do.
    pub(super) fn read(query: Option<&str>, known: &[&'static str]) -> Result<Self, String> {
        let mut read = BTreeMap::new();
        let pairs = query.unwrap_or_default().split('&');
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name).ok_or("the name of a parameter is not text")?;
            let Some(name) = known.iter().find(|known| **known == name) else {
                return Err(format!(
                    "parameter {:?} is not known here: {}",
                    name.chars().take(64).collect::<String>(),
                    match known {
                        [only] => format!("the only one is {only}"),
                        several => format!("parameters are {}", several.join(", ")),
                    }
                ));
            };
            let value = decoded(value)
                .ok_or_else(|| format!("the {name} is not text: percent-encode it as UTF-8"))?;
            if read.insert(*name, value).is_some() {
                return Err(format!("parameter {name} is there twice: write it once"));
            }
        }
        Ok(Self(read))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// In a query, unlike in a path, a plus is a space.
fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(query: &str) -> Result<Option<String>, String> {
        let query = Query::read(Some(query), &["topic"])?;
        Ok(query.get("topic").map(str::to_owned))
    }

    #[test]
    fn a_parameter_is_decoded() {
        for (query, value) in [
            ("", None),
            ("&", None),
            ("topic=", Some("")),
            ("topic", Some("")),
            ("&topic=%E8%AE%A2+b%2Bc&", Some("订 b+c")),
            ("to%70ic=a=b", Some("a=b")),
        ] {
            assert_eq!(topic(query), Ok(value.map(str::to_owned)), "{query}");
        }
    }

    #[test]
    fn a_parameter_that_nobody_reads_or_that_is_no_text_is_refused() {
        for (query, says) in [
            (
                "topics=x",
                "parameter \"topics\" is not known here: the only one is topic",
            ),
            (
                "topic=a&topic=a",
                "parameter topic is there twice: write it once",
            ),
            (
                "topic=%ff",
                "the topic is not text: percent-encode it as UTF-8",
            ),
            ("%ff=a", "the name of a parameter is not text"),
        ] {
            assert_eq!(topic(query), Err(says.into()), "{query}");
        }
        let error = Query::read(Some("x=1"), &["a", "b"]).unwrap_err();
        assert_eq!(
            error,
            "parameter \"x\" is not known here: parameters are a, b"
        );
    }
}
