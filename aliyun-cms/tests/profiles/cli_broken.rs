//! The profiles of `aliyun`: files that are wrong, and where nothing is set up.

use serde_json::{Value, json};

use super::{
    cli::{AT, config, pair},
    *,
};

#[tokio::test]
async fn nothing_is_configured_where_nobody_asked() {
    let none = "no credentials are configured in the CLI configuration ";
    let blank = |name: &str, mode: Value| {
        json!({
            "name": name, "mode": mode, "region_id": "", "output_format": "json",
            "access_key_id": "", "language": "en",
        })
    };
    for (home, expected) in [
        (Home::new(), "(~/.aliyun/config.json)"),
        (Home::new().set("HOME", ""), "(~/.aliyun/config.json)"),
        (
            Home::new()
                .file(AT, config(&[pair("p")]))
                .set("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "TRUE")
                .set("ALIBABA_CLOUD_PROFILE", "p"),
            "(ALIBABA_CLOUD_CLI_PROFILE_DISABLED is on)",
        ),
        (
            Home::new().file(AT, config(&[blank("default", json!("AK"))])),
            "~/.aliyun/config.json (profile \"default\" is empty)",
        ),
        (
            Home::new().file(AT, config(&[blank("work", json!(""))])),
            "~/.aliyun/config.json (profile \"work\" is empty)",
        ),
        (
            Home::new().file(AT, r#"{"current": "default", "profiles": null}"#),
            "~/.aliyun/config.json (it has no profiles)",
        ),
        (
            Home::new().file(AT, r#"{"profiles": [{"name": "a"}]}"#),
            "~/.aliyun/config.json (its profiles are \"a\")",
        ),
    ] {
        assert_eq!(
            home.sentence(&home.cli()).await,
            format!("{none}{expected}")
        );
    }
}

#[tokio::test]
async fn every_bad_file_is_one_sentence() {
    let text = |content: &str| Home::new().file(AT, content);
    let asked = |home: Home| home.set("ALIBABA_CLOUD_PROFILE", "prod");
    for (home, expected) in [
        (
            text(&format!("{{\"current\": \"{SECRET}\"\n\"{SECRET}\": 1}}")),
            "line 2, column 1: this is not JSON",
        ),
        (text(""), "line 1, column 0: this is not JSON"),
        (
            text(&format!("{{\"profiles\": \"{SECRET}\"}}")),
            "line 1, column 42: there is a value of the wrong type",
        ),
        (
            text(&format!(
                "{{\"profiles\": [{{\"name\": \"p\",\n\"expired_seconds\": \"{SECRET}\"}}]}}"
            )),
            "line 2, column 48: there is a value of the wrong type",
        ),
        (Home::new().file(AT, b"\xff"), "it is not UTF-8 text"),
        (
            asked(text(&config(&[pair("a"), pair("b\n")]))),
            "it has no profile \"prod\", which ALIBABA_CLOUD_PROFILE asks for; its profiles are \
             \"a\", \"b\\n\" (set ALIBABA_CLOUD_CLI_PROFILE_DISABLED=true if it is a section of \
             the credentials file)",
        ),
        (
            asked(text("{}")),
            "it has no profile \"prod\", which ALIBABA_CLOUD_PROFILE asks for; it has no profiles \
             (set ALIBABA_CLOUD_CLI_PROFILE_DISABLED=true if it is a section of the credentials \
             file)",
        ),
        (
            text(&json!({"current": "gone", "profiles": [pair("a")]}).to_string()),
            "its current profile \"gone\" does not exist; its profiles are \"a\": choose one with \
             `aliyun configure switch --profile NAME`",
        ),
    ] {
        let wrong = "the CLI configuration ~/.aliyun/config.json is set up wrongly: ";
        assert_eq!(
            home.sentence(&home.cli()).await,
            format!("{wrong}{expected}")
        );
    }

    let home = text(&config(&[pair("a")]));
    assert_eq!(
        home.sentence(&home.cli().profile("prod")).await,
        "the CLI configuration ~/.aliyun/config.json is set up wrongly: it has no profile \
         \"prod\"; its profiles are \"a\""
    );
    let nowhere = home.path("nowhere").to_str().unwrap().to_owned();
    let home = home.set("ALIBABA_CLOUD_CONFIG_FILE", nowhere);
    assert_eq!(
        home.sentence(&home.cli()).await,
        "the CLI configuration ~/nowhere is set up wrongly: ALIBABA_CLOUD_CONFIG_FILE names it, \
         and there is no such file"
    );
}

#[tokio::test]
async fn every_half_profile_is_one_sentence_that_names_the_key() {
    let arn = ROLE_ARN;
    let oidc = |file: &str| json!({"ram_role_arn": arn, "oidc_provider_arn": "p", "oidc_token_file": file});
    for (mode, fields, missing) in [
        (
            "AK",
            json!({"access_key_id": KEY_ID}),
            "no access_key_secret",
        ),
        (
            "AK",
            json!({"access_key_secret": SECRET}),
            "no access_key_id",
        ),
        (
            "StsToken",
            json!({"access_key_id": KEY_ID, "access_key_secret": SECRET}),
            "no sts_token",
        ),
        (
            "StsToken",
            json!({"access_key_id": KEY_ID, "sts_token": TOKEN}),
            "no access_key_secret",
        ),
        (
            "RamRoleArn",
            json!({"access_key_id": KEY_ID, "access_key_secret": SECRET}),
            "no ram_role_arn",
        ),
        (
            "RamRoleArn",
            json!({"access_key_id": KEY_ID, "ram_role_arn": arn}),
            "no access_key_secret",
        ),
        (
            "RamRoleArn",
            json!({
                "access_key_id": KEY_ID, "access_key_secret": SECRET, "ram_role_arn": arn,
                "sts_region": format!("{SECRET}.example"),
            }),
            "an sts_region that is no region such as cn-hangzhou",
        ),
        (
            "ChainableRamRoleArn",
            json!({"ram_role_arn": arn}),
            "no source_profile",
        ),
        (
            "ChainableRamRoleArn",
            json!({"source_profile": "q"}),
            "no ram_role_arn",
        ),
        ("OIDC", oidc(" "), "no oidc_token_file"),
        (
            "OIDC",
            json!({"ram_role_arn": arn, "oidc_token_file": "f"}),
            "no oidc_provider_arn",
        ),
        (
            "OIDC",
            json!({"oidc_provider_arn": "p", "oidc_token_file": "f"}),
            "no ram_role_arn",
        ),
        ("External", json!({}), "no process_command"),
        (
            "External",
            json!({"process_command": format!("helper '{SECRET}")}),
            "a process_command that cannot be run: a single quote is not closed",
        ),
        (
            "External",
            json!({"process_command": format!("TOKEN={SECRET} helper")}),
            "a process_command that cannot be run: its first word is no program: variables need \
             a shell, and there is none",
        ),
    ] {
        let mut profile = fields;
        profile["name"] = json!("prod");
        profile["mode"] = json!(mode);
        let home = Home::new().file(AT, config(&[profile, pair("other")]));
        assert_eq!(
            home.sentence(&home.cli()).await,
            format!(
                "the CLI configuration ~/.aliyun/config.json is set up wrongly: profile \"prod\" \
                 (mode {mode}) has {missing}: correct it with `aliyun configure --profile \
                 \"prod\" --mode {mode}`"
            )
        );
    }
    let home = Home::new().file(
        AT,
        config(&[json!({
            "name": "prod", "mode": "AK", "access_key_id": "STS.x", "access_key_secret": SECRET,
            "sts_token": TOKEN,
        })]),
    );
    assert_eq!(
        home.sentence(&home.cli()).await,
        "the CLI configuration ~/.aliyun/config.json is set up wrongly: profile \"prod\" (mode \
         AK) has a temporary access_key_id, which needs an sts_token: correct it with `aliyun \
         configure --profile \"prod\" --mode StsToken`"
    );
    // An empty pair is what the CLI leaves behind; it is an error all the same when asked for.
    let blank = json!({"name": "prod", "mode": "AK"});
    let home = Home::new().file(AT, config(&[blank]));
    for provider in [
        home.cli().profile("prod"),
        home.cli().with_lookup({
            let lookup = home.lookup();
            move |name| match name {
                "ALIBABA_CLOUD_PROFILE" => Some("prod".to_owned()),
                name => lookup(name),
            }
        }),
    ] {
        let text = home.sentence(&provider).await;
        assert!(
            text.contains("profile \"prod\" (mode AK) has no access_key_id"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_mode_that_is_not_supported_is_named_with_what_to_do() {
    for (mode, shown) in [
        ("CloudSSO", "CloudSSO"),
        ("OAuth", "OAuth"),
        ("RsaKeyPair", "RsaKeyPair"),
        ("RamRoleArnWithRoleName", "RamRoleArnWithRoleName"),
        ("Telepathy", "Telepathy"),
        (SECRET, "that is not shown here"),
    ] {
        let mut profile = pair("prod");
        profile["mode"] = json!(mode);
        let home = Home::new().file(AT, config(&[profile]));
        assert_eq!(
            home.sentence(&home.cli()).await,
            format!(
                "the CLI configuration ~/.aliyun/config.json is set up wrongly: profile \"prod\" \
                 has mode {shown}, which is not supported; supported are AK, StsToken, \
                 RamRoleArn, EcsRamRole, OIDC, ChainableRamRoleArn, External, CredentialsURI: \
                 make such a profile with `aliyun configure --profile NAME --mode RamRoleArn` and \
                 choose it with ALIBABA_CLOUD_PROFILE=NAME"
            )
        );
    }
}

#[tokio::test]
async fn a_circle_of_source_profiles_is_shown() {
    let chained = |name: &str, source: &str| {
        json!({
            "name": name, "mode": "ChainableRamRoleArn", "source_profile": source,
            "ram_role_arn": ROLE_ARN,
        })
    };
    for (profiles, expected) in [
        (
            vec![chained("a", "a")],
            "its source profiles go round in a circle: \"a\" -> \"a\"",
        ),
        (
            vec![chained("a", "b"), chained("b", "c"), chained("c", "b")],
            "its source profiles go round in a circle: \"a\" -> \"b\" -> \"c\" -> \"b\"",
        ),
        (
            vec![chained("a", "b"), chained("b", "gone")],
            "the last of the source profiles \"a\" -> \"b\" -> \"gone\" does not exist; its \
             profiles are \"a\", \"b\"",
        ),
        (
            vec![
                chained("a", "b"),
                json!({"name": "b", "mode": "AK", "access_key_id": "x"}),
            ],
            "profile \"b\" (mode AK) has no access_key_secret: correct it with `aliyun configure \
             --profile \"b\" --mode AK`",
        ),
    ] {
        let home = Home::new().file(AT, config(&profiles));
        let wrong = "the CLI configuration ~/.aliyun/config.json is set up wrongly: ";
        assert_eq!(
            home.sentence(&home.cli()).await,
            format!("{wrong}{expected}")
        );
    }
}

#[tokio::test]
async fn a_source_that_a_profile_names_and_that_has_nothing_is_an_error() {
    let of = "profile \"p\" (CredentialsURI) of the CLI configuration ~/.aliyun/config.json";
    let uri = |uri: &str| json!({"name": "p", "mode": "CredentialsURI", "credentials_uri": uri});
    let home = Home::new().file(AT, config(&[uri("")]));
    assert_eq!(
        home.sentence(&home.cli()).await,
        format!(
            "{of} is set up wrongly: it names a source that has no credentials: the credentials \
             URI (ALIBABA_CLOUD_CREDENTIALS_URI)"
        )
    );
    let server = MockServer::start().await;
    let failure = json!({"Code": "Failure", "Message": SECRET});
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_json(failure))
        .mount(&server)
        .await;
    let at = server.uri();
    let home = Home::new().file(AT, config(&[uri(&format!("{at}/?token={SECRET}"))]));
    assert_eq!(
        home.sentence(&home.cli()).await,
        format!(
            "the credentials URI {at}, which {of} names, did not give credentials: its answer has \
             the Code Failure instead of Success"
        )
    );
}
