//! Cutting a digest.

use lag_core::{Language, Message};
use proptest::prelude::*;

fn message(lines: &[&str]) -> Message {
    Message {
        title: "t".to_owned(),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
    }
}

#[test]
fn what_fits_is_left_as_it_is() {
    let text = message(&["one", "two"]).fit("\n\n", 8, Language::English);
    assert_eq!(text, "one\n\ntwo");
    assert_eq!(message(&[]).fit("\n", 0, Language::English), "");
}

#[test]
fn a_digest_is_cut_at_whole_lines_and_says_how_many_are_left_out() {
    let line = "x".repeat(90);
    let lines = message(&[&line, &line, &line, &line]);
    assert_eq!(
        lines.fit("\n", 210, Language::English),
        format!("{line}\n{line}\n2 more lines left out")
    );
    assert_eq!(
        lines.fit("\n\n", 350, Language::English),
        format!("{line}\n\n{line}\n\n{line}\n\n1 more line left out")
    );
    assert_eq!(
        lines.fit("\n", 150, Language::Chinese),
        format!("{line}\n另有 3 行未显示")
    );
}

#[test]
fn a_line_that_is_too_long_by_itself_is_cut_at_a_character() {
    let long = "堆".repeat(100);
    let text = message(&[&long]).fit("\n", 200, Language::Chinese);
    assert_eq!(text, format!("{}…", "堆".repeat(65)));
    let text = message(&[&long, "b"]).fit("\n", 200, Language::Chinese);
    assert!(text.ends_with("堆…\n另有 1 行未显示"), "{text}");
    assert!(text.len() <= 200);
}

proptest! {
    #[test]
    fn a_digest_never_has_more_bytes_than_fit(
        lines in prop::collection::vec("\\PC{0,120}", 0..8),
        separator in prop::sample::select(vec!["\n", "\n\n", "  \n"]),
        most in 0_usize..600,
        chinese: bool,
    ) {
        let language = if chinese { Language::Chinese } else { Language::English };
        let message = Message { title: String::new(), lines: lines.clone() };
        let text = message.fit(separator, most, language);
        prop_assert!(text.len() <= most, "{} of {}", text.len(), most);
        if lines.join(separator).len() <= most {
            prop_assert_eq!(text, lines.join(separator));
        } else if most >= 200 && lines.len() > 1 {
            let number: String = text.rsplit(separator).next().unwrap().chars().filter(char::is_ascii_digit).collect();
            let is_cut = text.contains('…');
            prop_assert!(is_cut || number.parse::<usize>().is_ok_and(|left| left < lines.len()), "{}", text);
        }
    }
}
