//! Configurations of the API server, good and dangerous, and headers of people and of forgers.

use super::*;
use proptest::prelude::*;

const ONE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n";
const ONE_IN_OTHER_LINES: &str =
    "-----BEGIN CERTIFICATE-----\r\nAAAABBBB\r\n-----END CERTIFICATE-----";
const TWO: &str = "-----BEGIN CERTIFICATE-----\nCCCC\n-----END CERTIFICATE-----\n";

fn data(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

/// As a control plane of 1.36 publishes it.
fn usual() -> FrontProxy {
    FrontProxy::parse(&data(&[
        ("client-ca-file", ONE),
        ("requestheader-client-ca-file", TWO),
        ("requestheader-allowed-names", r#"["front-proxy-client"]"#),
        ("requestheader-username-headers", r#"["X-Remote-User"]"#),
        ("requestheader-group-headers", r#"["X-Remote-Group"]"#),
        ("requestheader-uid-headers", r#"["X-Remote-Uid"]"#),
        (
            "requestheader-extra-headers-prefix",
            r#"["X-Remote-Extra-"]"#,
        ),
    ]))
    .unwrap()
}

fn with_cas(clients: &str, own: &str, names: &str) -> Result<(), FrontProxyError> {
    let data = data(&[
        ("client-ca-file", clients),
        ("requestheader-client-ca-file", own),
        ("requestheader-allowed-names", names),
    ]);
    FrontProxy::parse(&data).unwrap().check()
}

#[test]
fn the_usual_configuration_is_good() {
    usual().check().unwrap();
    assert!(usual().may_assert("front-proxy-client"));
    assert!(!usual().may_assert("front-proxy-client2") && !usual().may_assert(""));
}

#[test]
fn missing_keys_are_empty_and_a_missing_ca_is_refused() {
    let empty = FrontProxy::parse(&BTreeMap::new()).unwrap();
    assert_eq!(empty, FrontProxy::default());
    assert_eq!(empty.check(), Err(FrontProxyError::NoCa));
    assert_eq!(with_cas(ONE, "no PEM", ""), Err(FrontProxyError::NoCa));
}

#[test]
fn a_shared_ca_needs_allowed_names() {
    let shared = Err(FrontProxyError::SharedCa);
    assert_eq!(with_cas(ONE, ONE, "[]"), shared);
    assert_eq!(with_cas(ONE, ONE_IN_OTHER_LINES, ""), shared);
    let (forth, back) = (format!("{ONE}{TWO}"), format!("{TWO}{ONE}"));
    assert_eq!(with_cas(&forth, &back, "[]"), shared, "in any order");
    assert_eq!(with_cas(ONE, &back, "[]"), shared, "one of two is enough");
    assert_eq!(with_cas(ONE, ONE, r#"["front-proxy-client"]"#), Ok(()));
    assert_eq!(with_cas(ONE, TWO, "[]"), Ok(()));
}

#[test]
fn a_broken_list_names_its_key() {
    for broken in ["front-proxy-client", "[1]", "{}", "[\"a\""] {
        let data = data(&[("requestheader-allowed-names", broken)]);
        let error = FrontProxy::parse(&data).unwrap_err().to_string();
        assert!(error.contains("requestheader-allowed-names"), "{error}");
    }
}

#[test]
fn the_headers_of_an_autoscaler_are_its_user() {
    let headers = [
        (
            "x-remote-user",
            "system:serviceaccount:kube-system:horizontal-pod-autoscaler",
        ),
        ("x-remote-group", "system:serviceaccounts"),
        ("x-remote-group", "system:authenticated"),
        ("x-remote-uid", "c0a03ac1"),
        (
            "x-remote-extra-authentication.kubernetes.io%2fcredential-id",
            "JTI=1",
        ),
        ("x-forwarded-for", "10.0.0.1"),
    ];
    let user = usual().identify(&headers).unwrap();
    let expected = User {
        name: "system:serviceaccount:kube-system:horizontal-pod-autoscaler".into(),
        groups: vec![
            "system:serviceaccounts".into(),
            "system:authenticated".into(),
        ],
        uid: Some("c0a03ac1".into()),
        extra: BTreeMap::from([(
            "authentication.kubernetes.io/credential-id".into(),
            vec!["JTI=1".into()],
        )]),
    };
    assert_eq!(user, expected);
    assert!(!user.is_master());
}

#[test]
fn a_user_without_a_group_is_authenticated_all_the_same() {
    let user = usual().identify(&[("X-Remote-User", "system:aggregator")]);
    assert_eq!(user.unwrap().groups, ["system:authenticated"]);
}

#[test]
fn whom_the_api_server_does_not_know_is_not_authenticated() {
    for (name, group) in [("system:anonymous", "x"), ("a", "system:unauthenticated")] {
        let headers = [("x-remote-user", name), ("x-remote-group", group)];
        let user = usual().identify(&headers).unwrap();
        assert_eq!(user.groups, [group]);
        assert!(!user.is_authenticated());
    }
}

#[test]
fn no_user_header_is_no_user() {
    for headers in [
        vec![],
        vec![("x-remote-user", "")],
        vec![("x-remote-group", "system:masters")],
        vec![("x-remote-username", "root")],
    ] {
        assert_eq!(usual().identify(&headers), None);
    }
    let silent = FrontProxy::default();
    assert_eq!(silent.identify(&[("x-remote-user", "a")]), None);
}

#[test]
fn every_header_that_is_read_is_an_identity_header() {
    for name in ["X-Remote-User", "x-remote-group", "x-remote-extra-a%2fb"] {
        assert!(usual().is_identity_header(name), "{name}");
    }
    for name in ["x-remote-users", "x-remote", "accept", "x-remote-extra"] {
        assert!(!usual().is_identity_header(name), "{name}");
    }
}

proptest! {
    #[test]
    fn no_headers_make_a_panic_or_a_nameless_user(
        headers in proptest::collection::vec(
            ("(x-remote|X-Remote)-(user|User|group|uid|extra-[a-z%0-9é]{0,6})", "\\PC{0,8}"), 0..6,
        ),
    ) {
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<_> = pairs.collect();
        let user = usual().identify(&pairs);
        let named = pairs.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("x-remote-user") && !value.is_empty()
        });
        prop_assert_eq!(user.is_some(), named);
        if let Some(user) = user {
            prop_assert!(!user.name.is_empty());
            prop_assert!(user.groups.iter().any(|group| group == AUTHENTICATED));
        }
        for (name, _) in pairs {
            prop_assert!(usual().is_identity_header(name));
        }
    }
}
