//! Names come from the cloud, parameters from anybody.

use crate::common::*;
use lag_core::Board;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use tokio::runtime::Builder;

/// Every tag of a page in order, and whether every quote of an attribute is closed inside its tag. What stands between the
/// first `<style>` and its end, and the script, is left out.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (middle, rest) = rest.split_once("<script>").unwrap();
    let (_, tail) = rest.split_once("</script>").unwrap();
    for part in [head, middle, tail] {
        let mut characters = part.chars();
        while let Some(character) = characters.next() {
            assert_ne!(character, '>', "outside of a tag");
            if character != '<' {
                continue;
            }
            let (mut name, mut is_quoted, mut has_name) = (String::new(), false, false);
            loop {
                match characters.next().expect("a tag ends") {
                    '"' => is_quoted = !is_quoted,
                    '>' if !is_quoted => break,
                    '<' => panic!("a tag in a tag"),
                    ' ' | '\n' => has_name = true,
                    other if !has_name && !is_quoted => name.push(other),
                    _ => {}
                }
            }
            tags.push(name);
        }
    }
    tags
}

fn page(path: &str, group: &str) -> String {
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let sample = (total(group), sample(60, 5.0, Some(9.0)));
    let topic = (in_topic(group, group), sample.1);
    let served = Served::new(collect(&board, "main", answer(A, vec![sample, topic])));
    served.exporter.remember();
    let runtime = Builder::new_current_thread().build().unwrap();
    let reply = runtime.block_on(served.get(path));
    reply.text().to_owned()
}

#[test]
fn a_hostile_name_is_text() {
    let tame = tags(&page("/", "orders"));
    for name in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='x",
        "&lt;b&gt;",
        "--></style></script>",
        "\u{202e}sredro\u{2066}",
        "]]>",
        &"长".repeat(128),
        &"x".repeat(256),
    ] {
        let hostile = page("/", name);
        assert_eq!(tags(&hostile), tame, "{name}");
        assert!(
            !hostile.contains("<img") && !hostile.contains("alert(1)<"),
            "{name}"
        );
    }
}

#[test]
fn a_name_that_turns_the_direction_is_isolated() {
    let hostile = page("/", "\u{202e}abc");
    assert!(hostile.contains("<bdi>\u{202e}abc</bdi>"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_name_changes_the_markup(name in "([<>&\"'/= ]|\\PC){1,64}") {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        prop_assert_eq!(tags(&page("/", &name)), tags(&page("/", "orders")));
        let one = |name: &str| tags(&page(&format!("/?instance={A}&group={}", encode(name)), name));
        prop_assert_eq!(one(&name), one("orders"));
    }

    #[test]
    fn no_parameter_changes_the_markup(value in "([<>&\"'/= ]|\\PC){1,64}") {
        let encoded = utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string();
        let tame = tags(&page("/?q=nothing-like-it", "orders"));
        let sought = value.trim().to_lowercase();
        let value_found = "orders".contains(&sought) || A.contains(&sought);
        let searched = tags(&page(&format!("/?q={encoded}"), "orders"));
        prop_assert!(value_found || searched == tame);
        let query = format!("/?sort={encoded}&order={encoded}&page={encoded}&size={encoded}&lang={encoded}&{encoded}");
        prop_assert_eq!(tags(&page(&query, "orders")), tags(&page("/", "orders")));
        let unknown = tags(&page(&format!("/?instance={encoded}&group={encoded}"), "orders"));
        prop_assert_eq!(unknown, tags(&page("/?instance=x&group=x", "orders")));
    }
}
