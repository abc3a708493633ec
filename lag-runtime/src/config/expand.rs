//! `${NAME}` in values of the configuration file.

use super::Env;

/// Replaces `${NAME}` by the variable's value and `$$` by `$`. A lone `$` stays, because regular expressions end in it.
pub(super) fn expand(text: &str, env: Env<'_>) -> Result<String, String> {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(tail) = rest.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix('{') {
            let (name, tail) = tail
                .split_once('}')
                .ok_or_else(|| "\"${\" without \"}\"; write $$ for a dollar sign".to_owned())?;
            let value =
                env(name).ok_or_else(|| format!("the environment variable {name} is not set"))?;
            out.push_str(&value);
            rest = tail;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn env(name: &str) -> Option<String> {
        (name == "REGION").then(|| "cn-$hangzhou".to_owned())
    }

    #[test]
    fn variables_are_replaced_once_and_dollars_can_be_escaped() {
        assert_eq!(expand("a-${REGION}-b", &env).unwrap(), "a-cn-$hangzhou-b");
        assert_eq!(expand("$${REGION}", &env).unwrap(), "${REGION}");
        assert_eq!(expand("re:^a$", &env).unwrap(), "re:^a$");
    }

    #[test]
    fn a_missing_variable_is_an_error_that_names_it() {
        assert!(expand("${NOPE}", &env).unwrap_err().contains("NOPE"));
        assert!(expand("${REGION", &env).unwrap_err().contains("without"));
    }

    proptest! {
        #[test]
        fn doubled_dollars_protect_any_text(text in ".{0,40}") {
            prop_assert_eq!(expand(&text.replace('$', "$$"), &env).unwrap(), text);
        }
    }
}
