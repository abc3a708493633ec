//! A command line, split into words without a shell.

/// Where backslashes are parts of paths, and not escapes.
const BACKSLASH_IS_PLAIN: bool = cfg!(windows);

/// The words of `line`: white space separates, quotes join, a backslash takes the next
/// character as it is. Variables, `~` and patterns stay as they are: no shell is involved.
///
/// The error says what is wrong, without a part of the line, which can hold a secret.
pub(super) fn split(line: &str) -> Result<Vec<String>, &'static str> {
    split_for(line, BACKSLASH_IS_PLAIN)
}

fn split_for(line: &str, backslash_is_plain: bool) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    // `None` between words; an empty word is possible, in quotes.
    let mut word: Option<String> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err("a single quote is not closed"),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => {
                            let escaped = chars.next_if(|next| match backslash_is_plain {
                                true => *next == '"',
                                false => matches!(next, '"' | '\\' | '$' | '`'),
                            });
                            word.push(escaped.unwrap_or('\\'));
                        }
                        Some(c) => word.push(c),
                        None => return Err("a double quote is not closed"),
                    }
                }
            }
            '\\' if !backslash_is_plain => match chars.next() {
                Some(c) => word.get_or_insert_default().push(c),
                None => return Err("it ends with a backslash"),
            },
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match words.first().is_none_or(String::is_empty) {
        true => Err("it names no program"),
        false => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_quotes_and_escapes_are_read_as_a_posix_shell_does() {
        for (line, expected) in [
            ("a", ["a"].as_slice()),
            ("  a\tb\nc ", &["a", "b", "c"]),
            (r#"a "b c" 'd e'"#, &["a", "b c", "d e"]),
            (r#"a"b c"d'e f'"#, &["ab cde f"]),
            (r#"a "" ''"#, &["a", "", ""]),
            (r"a\ b c\\d \'", &["a b", r"c\d", "'"]),
            (r#"a "\" \\ \$ \` \n""#, &["a", r#"" \ $ ` \n"#]),
            (r#"a '\ "'"#, &["a", r#"\ ""#]),
            (
                "a $HOME ~ * | b; c",
                &["a", "$HOME", "~", "*", "|", "b;", "c"],
            ),
            ("名 前", &["名", "前"]),
        ] {
            assert_eq!(split_for(line, false).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn on_windows_a_backslash_is_a_part_of_a_path() {
        for (line, expected) in [
            (r"C:\tools\a.exe -x", [r"C:\tools\a.exe", "-x"]),
            (
                r#""C:\Program Files\a.exe" "\"""#,
                [r"C:\Program Files\a.exe", "\""],
            ),
        ] {
            assert_eq!(split_for(line, true).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn what_is_no_command_line_is_refused_without_quoting_it() {
        for (line, problem) in [
            ("", "it names no program"),
            (" \t", "it names no program"),
            ("'' s3cret", "it names no program"),
            ("a 's3cret", "a single quote is not closed"),
            ("a \"s3cret", "a double quote is not closed"),
            ("a \"s3cret\\\"", "a double quote is not closed"),
            ("a s3cret\\", "it ends with a backslash"),
        ] {
            assert_eq!(split_for(line, false), Err(problem), "{line}");
        }
    }
}
