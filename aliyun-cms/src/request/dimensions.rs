//! The parameter `Dimensions`: JSON text, made once and signed as sent.

/// At most so many instances fit in one request.
const MAX_INSTANCES: usize = 50;

/// What a query is narrowed to.
#[derive(Clone, Debug, Default)]
pub(super) struct Dimensions {
    /// In the order given; an older page of the documentation wants the metric's own.
    pairs: Vec<(String, String)>,
    instances: Option<Vec<String>>,
    json: Option<String>,
}

impl Dimensions {
    /// A second value for a key replaces the first.
    pub(super) fn set(&mut self, key: String, value: String) {
        match self.pairs.iter_mut().find(|(name, _)| *name == key) {
            Some((_, old)) => *old = value,
            None => self.pairs.push((key, value)),
        }
    }

    pub(super) fn add_instances(&mut self, ids: impl IntoIterator<Item = String>) {
        self.instances.get_or_insert_default().extend(ids);
    }

    pub(super) fn set_json(&mut self, json: String) {
        self.json = Some(json);
    }

    /// The parameter's value, or `None` when the query is not narrowed at all.
    pub(super) fn to_json(&self) -> Result<Option<String>, String> {
        match (&self.json, &self.instances) {
            (Some(_), Some(_)) => Err("dimensions_json cannot be combined with instances".into()),
            (Some(_), None) if !self.pairs.is_empty() => {
                Err("dimensions_json cannot be combined with dimension".into())
            }
            (Some(json), None) => {
                let parsed: Result<serde::de::IgnoredAny, _> = serde_json::from_str(json);
                match parsed {
                    Ok(_) if json.trim_start().starts_with(['{', '[']) => Ok(Some(json.clone())),
                    _ => Err("dimensions_json is not a JSON object or array".into()),
                }
            }
            (None, Some(ids)) => self.array(ids).map(Some),
            (None, None) if self.pairs.is_empty() => Ok(None),
            (None, None) => Ok(Some(object(self.pairs()))),
        }
    }

    fn array(&self, ids: &[String]) -> Result<String, String> {
        if ids.is_empty() {
            return Err(
                "instances was given no id, which the service takes for all of them".into(),
            );
        }
        if ids.iter().any(|id| id.trim().is_empty()) {
            return Err("instances was given an empty id".into());
        }
        if ids.len() > MAX_INSTANCES {
            let count = ids.len();
            return Err(format!(
                "{count} instances, at most {MAX_INSTANCES} fit in one request"
            ));
        }
        let objects: Vec<String> = ids
            .iter()
            .map(|id| object(std::iter::once(("instanceId", id.as_str())).chain(self.pairs())))
            .collect();
        Ok(format!("[{}]", objects.join(",")))
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn object<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let members: Vec<String> = pairs
        .map(|(name, value)| format!("{}:{}", quoted(name), quoted(value)))
        .collect();
    format!("{{{}}}", members.join(","))
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_is_kept_and_text_is_escaped() {
        let mut dimensions = Dimensions::default();
        dimensions.set("instanceId".into(), "a".into());
        dimensions.set("consumerGroup".into(), "q\"\\\n中".into());
        dimensions.set("instanceId".into(), "b".into());
        let json = r#"{"instanceId":"b","consumerGroup":"q\"\\\n中"}"#;
        assert_eq!(dimensions.to_json().unwrap().unwrap(), json);
    }

    #[test]
    fn instances_become_an_array_and_carry_the_other_dimensions() {
        let mut dimensions = Dimensions::default();
        dimensions.set("topic".into(), "t".into());
        dimensions.add_instances(["a".to_owned(), "b".to_owned()]);
        let json = r#"[{"instanceId":"a","topic":"t"},{"instanceId":"b","topic":"t"}]"#;
        assert_eq!(dimensions.to_json().unwrap().unwrap(), json);
    }

    #[test]
    fn no_dimension_at_all_sends_no_parameter() {
        assert_eq!(Dimensions::default().to_json().unwrap(), None);
    }

    #[test]
    fn fifty_instances_fit_and_fifty_one_do_not() {
        let with = |count: usize| {
            let mut dimensions = Dimensions::default();
            dimensions.add_instances((0..count).map(|n| format!("i{n}")));
            dimensions.to_json()
        };
        assert!(with(50).is_ok());
        assert!(with(51).unwrap_err().contains("51 instances, at most 50"));
        assert!(
            with(0).is_err(),
            "an empty list must not silently mean all instances"
        );
    }

    #[test]
    fn dimensions_given_as_json_are_checked_and_sent_as_they_are() {
        let with = |json: &str| {
            let mut dimensions = Dimensions::default();
            dimensions.set_json(json.to_owned());
            dimensions.to_json()
        };
        assert_eq!(
            with(r#"{ "a" : "b" }"#).unwrap().unwrap(),
            r#"{ "a" : "b" }"#
        );
        assert!(with("{}").is_ok());
        for bad in ["", "a", "\"a\"", "{", "[1", "1"] {
            assert!(with(bad).is_err(), "{bad}");
        }
    }
}
