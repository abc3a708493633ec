//! Selectors behave as those of Kubernetes. The tables are those of `apimachinery/pkg/labels/selector_test.go`.
#![allow(clippy::unwrap_used)]

use lag_core::{InvalidSelector, Selector};
use proptest::prelude::*;

fn parse(text: &str) -> Selector {
    text.parse()
        .unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn error(text: &str) -> String {
    text.parse::<Selector>().unwrap_err().to_string()
}

fn matches(selector: &str, labels: &[(&str, &str)]) -> bool {
    parse(selector).matches(&|key| {
        let found = labels.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| *value)
    })
}

#[test]
fn a_selector_prints_as_it_was_written() {
    for text in [
        "x=a,y=b,z=c",
        "",
        "x!=a,y=b",
        "x=",
        "x= ",
        "x=,z= ",
        "x= ,z= ",
        "!x",
        "x>1",
        "x>1,z<5",
    ] {
        assert_eq!(parse(text).to_string(), text.replace(' ', ""));
    }
    for text in [
        "x in (abc,def),y notin (jkl),z",
        "x notin (abc,def),y!=jkl,!z",
        "x notin (abc),y in (jkl,mno),z notin ()",
        "x=abc,y==jkl,z!=a,z",
        "x>2,y<8,z",
    ] {
        assert_eq!(parse(text).to_string(), text);
    }
}

#[test]
fn the_order_of_requirements_and_values_does_not_matter() {
    assert_eq!(parse("x=a,a=x"), parse("a=x,x=a"));
    assert_eq!(parse("a in (c,b,c)"), parse("a in (b, c)"));
}

#[test]
fn every_form_of_the_original_parses_to_the_same() {
    for (text, printed) in [
        ("\rx", "x"),
        (
            "this-is-a-dns.domain.com/key-with-dash",
            "this-is-a-dns.domain.com/key-with-dash",
        ),
        (
            "this-is-another-dns.domain.com/key-with-dash in (so,what)",
            "this-is-another-dns.domain.com/key-with-dash in (so,what)",
        ),
        (
            "0.1.2.domain/99 notin (10.10.100.1, tick.tack.clock)",
            "0.1.2.domain/99 notin (10.10.100.1,tick.tack.clock)",
        ),
        ("foo  in\t (abc)", "foo in (abc)"),
        ("x notin\n (abc)", "x notin (abc)"),
        ("x  notin\t\t(abc,def)", "x notin (abc,def)"),
        ("x in (abc,)", "x in (,abc)"),
        ("x in ()", "x in ()"),
        (
            "x notin (abc,,def),bar,z in (),w",
            "bar,w,x notin (,abc,def),z in ()",
        ),
        ("x,y in (a)", "x,y in (a)"),
        ("x=a,y!=b,z in (h,i,j)", "x=a,y!=b,z in (h,i,j)"),
        ("x notin ( )", "x notin ()"),
        ("x notin (, a)", "x notin (,a)"),
        ("a ", "a"),
        ("a in (x,y,notin, z,in)", "a in (in,notin,x,y,z)"),
        ("notin=in", "notin=in"),
        ("in in (in)", "in in (in)"),
        ("a in (,,b)", "a in (,b)"),
    ] {
        assert_eq!(parse(text).to_string(), printed, "{text:?}");
    }
}

#[test]
fn what_the_original_refuses_is_refused_in_its_words() {
    let within = "unable to parse requirement: found";
    for (text, said) in [
        ("!!", format!("{within} '!', expected: identifier")),
        ("x==a==b", "found '==', expected: ',' or 'end of string'".into()),
        ("!x=a", "found '=', expected: ',' or 'end of string'".into()),
        ("x,,y", "found ',', expected: identifier after ','".into()),
        (",x,y", "found ',', expected: !, identifier, or 'end of string'".into()),
        ("a in (xyz),", "found '', expected: identifier after ','".into()),
        ("a in (xyz)b notin ()", "found 'b', expected: ',' or 'end of string'".into()),
        ("x nott in (y)", format!("{within} 'nott', expected: in, notin, =, ==, !=, gt, lt")),
        ("a in (xyz abc)", format!("{within} 'abc', expected: ',' or ')'")),
        ("a in (x", format!("{within} '', expected: ',' or ')'")),
        ("a in x", format!("{within} 'x', expected: '('")),
        ("a (", format!("{within} '(', expected: in, notin, =, ==, !=, gt, lt")),
        ("(", "found '(', expected: !, identifier, or 'end of string'".into()),
        ("a=(", format!("{within} '(', expected: identifier")),
        ("a in (b,,)", format!("{within} ')', expected: ',', or identifier")),
        ("x<a", "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer, not 'a'".into()),
    ] {
        assert_eq!(error(text), said, "{text:?}");
    }
    for text in [
        "x=a||y=b", "a notin(", "a b=c", "a=b c", "a\0", "订=a", "-a=b", "a/b/c",
    ] {
        assert!(text.parse::<Selector>().is_err(), "{text:?}");
    }
}

#[test]
fn a_value_that_no_label_can_have_is_refused_and_handed_back_whole() {
    let long = "x".repeat(200);
    let error = format!("consumer_group={long}")
        .parse::<Selector>()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("must be no more than 63 characters"),
        "{error}"
    );
    assert!(error.to_string().len() < 200, "{error}");
    assert!(
        matches!(&error, InvalidSelector::Value { key, value, .. } if key == "consumer_group" && *value == long)
    );
}

#[test]
fn labels_match_as_in_kubernetes() {
    for (selector, labels, expected) in [
        ("", &[("x", "y")][..], true),
        ("x=y", &[("x", "y")], true),
        ("x=y,z=w", &[("x", "y"), ("z", "w")], true),
        ("x!=y,z!=w", &[("x", "z"), ("z", "a")], true),
        ("notin=in", &[("notin", "in")], true),
        ("x", &[("x", "z")], true),
        ("!x", &[("y", "z")], true),
        ("x>1", &[("x", "2")], true),
        ("x<1", &[("x", "0")], true),
        ("x=z", &[], false),
        ("x=y", &[("x", "z")], false),
        ("x=y,z=w", &[("x", "w"), ("z", "w")], false),
        ("x!=y,z!=w", &[("x", "z"), ("z", "w")], false),
        ("x", &[("y", "z")], false),
        ("!x", &[("x", "z")], false),
        ("x>1", &[("x", "0")], false),
        ("x<1", &[("x", "2")], false),
        ("z>1", &[("z", "v2")], false),
        ("z>1", &[], false),
        (
            "foo=bar,foobar=bar,baz=blah",
            &[("foo", "bar"), ("baz", "blah")],
            false,
        ),
        (
            "x in (foo),y notin (alpha)",
            &[("x", "foo"), ("y", "baz")],
            true,
        ),
        (
            "x in (foo),y in (alpha)",
            &[("x", "foo"), ("y", "baz")],
            false,
        ),
        ("x notin (),y", &[("y", "")], true),
        ("!x,y", &[("y", "")], true),
        ("x notin (),!y", &[("y", "")], false),
        ("x in ()", &[("y", "baz")], false),
        ("y=", &[("y", "")], true),
        // A label that is not there is different from any value.
        ("x!=y", &[], true),
        ("x notin (y,z)", &[], true),
    ] {
        assert_eq!(
            matches(selector, labels),
            expected,
            "{selector:?} {labels:?}"
        );
    }
}

#[test]
fn the_values_a_label_can_have_are_the_fewest_that_are_listed() {
    for (selector, values) in [
        ("x=a", Some(&["a"][..])),
        ("x in (b,a)", Some(&["a", "b"])),
        ("x in (a,b,c),x in (b,d),y=z", Some(&["b", "d"])),
        ("x!=a", None),
        ("x", None),
        ("!x", None),
        ("y=a", None),
        ("", None),
    ] {
        let selector = parse(selector);
        let listed = selector.values_of("x");
        assert_eq!(
            listed.map(|listed| listed.iter().map(String::as_str).collect()),
            values.map(<[_]>::to_vec),
            "{selector}"
        );
    }
}

#[test]
fn only_positive_requirements_ask_for_a_label() {
    for (selector, asks) in [
        ("topic=x", true),
        ("topic in (x,y)", true),
        ("topic", true),
        ("topic>1", true),
        ("topic!=x,topic", true),
        ("topic!=x", false),
        ("topic notin (x)", false),
        ("!topic", false),
        ("other=x", false),
    ] {
        assert_eq!(parse(selector).requires("topic"), asks, "{selector}");
    }
    assert!(parse("a!=b").mentions("a") && !parse("a!=b").mentions("b"));
    assert!(parse("a=b,c=d").allows("a", Some("b")) && !parse("a=b").allows("a", None));
}

#[test]
fn a_selector_beyond_the_limits_is_refused() {
    let list = |count: usize, text: &str| vec![text; count].join(",");
    assert!(list(100, "a!=b").parse::<Selector>().is_ok());
    assert_eq!(
        list(101, "a!=b").parse::<Selector>(),
        Err(InvalidSelector::TooLarge)
    );
    assert!(
        format!("a in ({})", list(1_000, "b"))
            .parse::<Selector>()
            .is_ok()
    );
    assert_eq!(
        error(&format!("a in ({})", list(1_001, "b"))),
        "the selector is too large: at most 100 requirements and 1000 values are read"
    );
    assert_eq!(
        format!("a in ({0}),b in ({0})", list(501, "b")).parse::<Selector>(),
        Err(InvalidSelector::TooLarge)
    );
}

fn requirement() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        "[a-z]{1,3}",
        "[a-z]{1,3}\\.io/[A-Za-z0-9]{1,4}",
        Just("in".to_owned()),
        Just("notin".to_owned())
    ];
    let value = prop_oneof![
        "[A-Za-z0-9]{0,4}",
        "[a-z]([-a-z0-9_.]{0,5}[a-z0-9])?",
        Just("in".to_owned())
    ];
    let values = proptest::collection::vec(value.clone(), 1..4);
    let space = "[ \t\n]{0,2}";
    prop_oneof![
        (
            key.clone(),
            space,
            prop_oneof![Just("="), Just("=="), Just("!=")],
            value
        )
            .prop_map(|(k, s, o, v)| format!("{k}{s}{o}{s}{v}")),
        (
            key.clone(),
            space,
            prop_oneof![Just("in"), Just("notin")],
            values
        )
            .prop_map(|(k, s, o, v)| format!("{k} {s}{o}{s}({})", v.join(","))),
        (key.clone(), prop_oneof![Just("<"), Just(">")], 0..1000_u32)
            .prop_map(|(k, o, n)| format!("{k}{o}{n}")),
        (key, prop_oneof![Just(""), Just("!")]).prop_map(|(k, not)| format!("{not}{k}")),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,40}", dense in "[ab=!(),<>in ]{0,24}") {
        for text in [text, dense] {
            if let Ok(selector) = text.parse::<Selector>() {
                prop_assert_eq!(selector.to_string().parse::<Selector>(), Ok(selector));
            }
        }
    }

    #[test]
    fn what_is_printed_parses_to_the_same(requirements in proptest::collection::vec(requirement(), 0..5)) {
        // A trailing empty value twice is the one list that the grammar cannot end with.
        if let Ok(selector) = requirements.join(",").parse::<Selector>() {
            prop_assert_eq!(selector.to_string().parse::<Selector>(), Ok(selector));
        } else {
            prop_assert!(requirements.iter().any(|one| one.contains(",,)")), "{:?}", requirements);
        }
    }

    #[test]
    fn values_that_are_not_listed_do_not_match(requirements in proptest::collection::vec(requirement(), 0..5), value in "[a-z]{0,3}") {
        if let Ok(selector) = requirements.join(",").parse::<Selector>() {
            for key in ["a", "in"] {
                let could = selector.values_of(key).is_none_or(|values| values.contains(&value));
                prop_assert!(could || !selector.allows(key, Some(&value)));
                prop_assert_eq!(selector.requires(key), !selector.allows(key, None));
            }
        }
    }
}
