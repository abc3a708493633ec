//! The little of the ini format that the vendor's credentials file uses.

use std::collections::BTreeMap;

use crate::credentials::common::word;

/// Keys and values of one section. Keys are in lower case.
pub(super) type Section = BTreeMap<String, String>;

/// A file that was read whole.
pub(super) struct Ini {
    sections: Vec<(String, Section)>,
}

/// A line that could not be understood. Never quotes it: it can hold a secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    pub(super) line: usize,
    pub(super) problem: String,
}

impl Ini {
    /// `[section]`, `key = value`, and comments that begin with `#` or `;`, on a line
    /// of their own or after white space. Quotes around a value are dropped.
    ///
    /// What comes twice is refused: the vendor's libraries take the first, the last, or neither.
    pub(super) fn parse(text: &str) -> Result<Self, BadLine> {
        let mut sections: Vec<(String, Section)> = Vec::new();
        for (line, raw) in (1..).zip(text.lines()) {
            let bad = |problem: &str| BadLine {
                line,
                problem: problem.to_owned(),
            };
            let content = without_comment(raw).trim();
            if content.is_empty() {
                continue;
            }
            if let Some(rest) = content.strip_prefix('[') {
                let name = rest.strip_suffix(']').map(str::trim);
                let name = name.filter(|name| !name.is_empty() && !name.contains(['[', ']']));
                let Some(name) = name else {
                    return Err(bad("a section must look like [name]"));
                };
                if sections.iter().any(|(known, _)| known == name) {
                    return Err(bad("this section is there for the second time"));
                }
                sections.push((name.to_owned(), Section::new()));
                continue;
            }
            let Some((key, value)) = content.split_once('=') else {
                return Err(bad("it is neither [section] nor key = value"));
            };
            let key = key.trim().to_ascii_lowercase();
            if key.is_empty() {
                return Err(bad("there is no key before the ="));
            }
            let Some((_, section)) = sections.last_mut() else {
                return Err(bad("it stands before the first [section]"));
            };
            if section.contains_key(&key) {
                let shown = word(&key).map_or(String::new(), |key| format!(" {key}"));
                let problem = format!("the key{shown} is there for the second time");
                return Err(bad(&problem));
            }
            section.insert(key, unquoted(value.trim()).to_owned());
        }
        Ok(Self { sections })
    }

    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        let found = self.sections.iter().find(|(known, _)| known == name)?;
        Some(&found.1)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|(name, _)| name.as_str())
    }
}

fn without_comment(line: &str) -> &str {
    let mut after_space = true;
    for (at, c) in line.char_indices() {
        if after_space && matches!(c, '#' | ';') {
            return &line[..at];
        }
        after_space = c.is_whitespace();
    }
    line
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_keys_comments_and_quotes_are_read() {
        let text = "\r\n# comment\n; comment\n[ default ]   # setting\nType = access_key ; why\r\n\
                    id=a=b#c;d\n\tquoted = \" v \"\nempty =\n[二]\nx='\n";
        let ini = Ini::parse(text).map_err(|bad| bad.problem).unwrap();
        assert_eq!(ini.names().collect::<Vec<_>>(), ["default", "二"]);
        let default = ini.section("default").unwrap();
        let pairs: Vec<(&str, &str)> = default.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(
            pairs,
            [
                ("empty", ""),
                ("id", "a=b#c;d"),
                ("quoted", " v "),
                ("type", "access_key")
            ]
        );
        assert_eq!(ini.section("二").unwrap()["x"], "'");
        assert!(ini.section("missing").is_none());
        assert_eq!(Ini::parse("").map_err(|_| ()).unwrap().names().count(), 0);
    }

    #[test]
    fn a_bad_line_is_named_by_number_and_never_quoted() {
        for (text, line, problem) in [
            ("[a]\ns3cret", 2, "it is neither [section] nor key = value"),
            ("s3cret = x", 1, "it stands before the first [section]"),
            ("[a]\n\n= s3cret", 3, "there is no key before the ="),
            ("[s3cret", 1, "a section must look like [name]"),
            ("[]", 1, "a section must look like [name]"),
            ("[a]]", 1, "a section must look like [name]"),
            ("[a]\n[a]", 2, "this section is there for the second time"),
            (
                "[a]\nname = s3cret\nNAME = s3cret",
                3,
                "the key name is there for the second time",
            ),
            (
                "[a]\ns3cret = 1\ns3cret = 2",
                3,
                "the key is there for the second time",
            ),
        ] {
            let bad = Ini::parse(text).map(|_| ()).unwrap_err();
            let problem = problem.to_owned();
            assert_eq!(bad, BadLine { line, problem }, "{text}");
        }
    }
}
