//! The credentials file: `~/.alibabacloud/credentials`.

use super::*;

const AT: &str = ".alibabacloud/credentials";

fn pair() -> String {
    format!("type = access_key\naccess_key_id = {KEY_ID}\naccess_key_secret = {SECRET}\n")
}

#[tokio::test]
async fn the_first_file_and_the_default_section_are_taken() {
    let pair = pair();
    let other = "[default]\ntype=access_key\naccess_key_id=other\naccess_key_secret=s\n";
    let named = Home::new().file("elsewhere", format!("[default]\n{pair}"));
    let elsewhere = named.path("elsewhere").to_str().unwrap().to_owned();
    let python = ".alibabacloud/credentials.ini";
    for (home, at) in [
        (Home::new().file(AT, format!("[default]\n{pair}")), AT),
        (
            Home::new().file(python, format!("[default]\n{pair}")),
            python,
        ),
        (
            Home::new()
                .file(python, other)
                .file(AT, format!("[default]\n{pair}")),
            AT,
        ),
        (
            named
                .file(AT, other)
                .set("ALIBABA_CLOUD_CREDENTIALS_FILE", elsewhere),
            "elsewhere",
        ),
    ] {
        let found = home.ini().provide_credentials().await.unwrap();
        assert_eq!(keys(&found), (KEY_ID, SECRET, None));
        assert_eq!(
            home.source(&found),
            format!("section \"default\" (access_key) of the credentials file ~/{at}")
        );
    }
}

#[tokio::test]
async fn the_section_is_the_argument_else_the_variable() {
    let section = |name: &str| {
        format!(
            "[{name}] # comment\ntype = access_key\naccess_key_id = {name}\naccess_key_secret = s\n"
        )
    };
    let text = section("default") + &section("a") + &section("b");
    let home = Home::new().file(AT, text).set("ALIBABA_CLOUD_PROFILE", "a");
    let found = home.ini().provide_credentials().await.unwrap();
    assert_eq!(found.access_key_id(), "a");
    let found = home.ini().profile("b").provide_credentials().await.unwrap();
    assert_eq!(found.access_key_id(), "b");
}

#[tokio::test]
async fn temporary_keys_come_with_their_token() {
    for kind in ["sts", "access_key"] {
        let text = format!(
            "[default]\ntype = {kind}\nenable = true\naccess_key_id = STS.{KEY_ID}\n\
             access_key_secret = '{SECRET}'\nsecurity_token = \"{TOKEN}\"\n"
        );
        let home = Home::new().file(AT, text);
        let found = home.ini().provide_credentials().await.unwrap();
        let id = format!("STS.{KEY_ID}");
        assert_eq!(keys(&found), (&*id, SECRET, Some(TOKEN)));
    }
}

#[tokio::test]
async fn the_role_of_the_instance_is_asked_for() {
    for text in [
        "type = ecs_ram_role",
        "type = ecs_ram_role\nrole_name = kafka-lag-ecs-role",
    ] {
        let home = Home::new().file(AT, format!("[default]\n{text}\n"));
        let server = metadata_service().await;
        let provider = home.ini().metadata_endpoint(endpoint(&server));
        let found = provider.provide_credentials().await.unwrap();
        assert_temporary(&found);
        assert_eq!(
            home.source(&found),
            "section \"default\" (ecs_ram_role) of the credentials file \
             ~/.alibabacloud/credentials"
        );
    }
}

#[tokio::test]
async fn a_role_is_assumed_with_the_pair() {
    let text = format!(
        "[default]\ntype = ram_role_arn\naccess_key_id = {KEY_ID}\naccess_key_secret = {SECRET}\n\
         role_arn = {ROLE_ARN}\nrole_session_name = lag\nrole_session_expiration = 1800\n\
         policy = {{\"Version\": \"1\"}}\nexternal_id = partner\n"
    );
    let home = Home::new().file(AT, text);
    let server = sts("credential-sts-assume-role").await;
    let provider = home.ini().sts_endpoint(endpoint(&server));
    assert_temporary(&provider.provide_credentials().await.unwrap());
    assert_sent(
        &parameters(&server, 0).await,
        &[
            ("Action", "AssumeRole"),
            ("AccessKeyId", KEY_ID),
            ("RoleArn", ROLE_ARN),
            ("RoleSessionName", "lag"),
            ("DurationSeconds", "1800"),
            ("Policy", "{\"Version\": \"1\"}"),
            ("ExternalId", "partner"),
        ],
    );
}

#[tokio::test]
async fn a_role_is_assumed_with_a_token_of_an_identity_provider() {
    let home = Home::new().file("token", "header.payload.signature");
    let text = format!(
        "[default]\ntype = oidc_role_arn\nrole_arn = {ROLE_ARN}\nrole_session_name = lag\n\
         oidc_provider_arn = acs:ram::1:oidc-provider/p\noidc_token_file_path = {}\n",
        home.path("token").display()
    );
    let home = home.file(AT, text);
    let server = sts("credential-sts-assume-role-with-oidc").await;
    let provider = home.ini().sts_endpoint(endpoint(&server));
    assert_temporary(&provider.provide_credentials().await.unwrap());
    assert_sent(
        &parameters(&server, 0).await,
        &[
            ("Action", "AssumeRoleWithOIDC"),
            ("RoleArn", ROLE_ARN),
            ("OIDCProviderArn", "acs:ram::1:oidc-provider/p"),
            ("OIDCToken", "header.payload.signature"),
            ("RoleSessionName", "lag"),
        ],
    );
}

#[tokio::test]
async fn nothing_is_configured_where_nobody_asked() {
    let none = "no credentials are configured in the credentials file ";
    for (home, expected) in [
        (
            Home::new(),
            "(~/.alibabacloud/credentials or ~/.alibabacloud/credentials.ini)",
        ),
        (
            Home::new().set("HOME", ""),
            "(~/.alibabacloud/credentials or ~/.alibabacloud/credentials.ini)",
        ),
        (
            Home::new().file(AT, ""),
            "~/.alibabacloud/credentials (it has no section \"default\", nor any other)",
        ),
        (
            Home::new().file(AT, "[a]\n[b]\n"),
            "~/.alibabacloud/credentials (it has no section \"default\"; its sections are \"a\", \
             \"b\")",
        ),
        (
            Home::new().file(AT, format!("[default]\nenable = false\n{}", pair())),
            "~/.alibabacloud/credentials (section \"default\" is switched off by enable = false)",
        ),
    ] {
        assert_eq!(
            home.sentence(&home.ini()).await,
            format!("{none}{expected}")
        );
    }
}

#[tokio::test]
async fn every_bad_file_is_one_sentence() {
    let missing = Home::new();
    let nowhere = missing.path("nowhere").to_str().unwrap().to_owned();
    let types = "access_key, sts, ecs_ram_role, ram_role_arn and oidc_role_arn";
    let unsupported = "which is not supported: it must be one of";
    let section = |text: &str| Home::new().file(AT, format!("[default]\n{text}"));
    let id = format!("access_key_id = {KEY_ID}\n");
    let secret = format!("access_key_secret = {SECRET}\n");
    let both = format!("{id}{secret}");
    for (home, expected) in [
        (
            section(&format!("{SECRET}\n")),
            "line 2: it is neither [section] nor key = value".to_owned(),
        ),
        (
            Home::new().file(AT, format!("{SECRET} = {SECRET}\n")),
            "line 1: it stands before the first [section]".to_owned(),
        ),
        (
            section("").set("ALIBABA_CLOUD_PROFILE", "prod"),
            "it has no section \"prod\"; its sections are \"default\"".to_owned(),
        ),
        (
            Home::new()
                .file(AT, "")
                .set("ALIBABA_CLOUD_PROFILE", "prod"),
            "it has no section \"prod\", nor any other".to_owned(),
        ),
        (
            section("enable = false\n").set("ALIBABA_CLOUD_PROFILE", "default"),
            "section \"default\" is switched off by enable = false".to_owned(),
        ),
        (
            section(&both),
            format!("section \"default\" has no type: it is one of {types}"),
        ),
        (
            section("type = rsa_key_pair\n"),
            format!("section \"default\" has the type rsa_key_pair, {unsupported} {types}"),
        ),
        (
            section(&format!("type = {SECRET}\n")),
            format!(
                "section \"default\" has the type that is not shown here, {unsupported} {types}"
            ),
        ),
        (
            section(&format!("type = access_key\n{id}")),
            "section \"default\" (access_key) has no access_key_secret".to_owned(),
        ),
        (
            section(&format!("type = access_key\n{secret}access_key_id =\n")),
            "section \"default\" (access_key) has no access_key_id".to_owned(),
        ),
        (
            section(&format!(
                "type = access_key\naccess_key_id = STS.x\n{secret}"
            )),
            "section \"default\" (access_key) has a temporary access_key_id, and no \
             security_token to go with it"
                .to_owned(),
        ),
        (
            section(&format!("type = sts\n{both}")),
            "section \"default\" (sts) has no security_token".to_owned(),
        ),
        (
            section(&format!("type = ram_role_arn\n{both}")),
            "section \"default\" (ram_role_arn) has no role_arn".to_owned(),
        ),
        (
            section(&format!("type = ram_role_arn\nrole_arn = {ROLE_ARN}\n{id}")),
            "section \"default\" (ram_role_arn) has no access_key_secret".to_owned(),
        ),
        (
            section(&format!(
                "type = ram_role_arn\nrole_arn = {ROLE_ARN}\n{both}role_session_expiration = {SECRET}"
            )),
            "section \"default\" (ram_role_arn) has a role_session_expiration that is no number \
             of seconds such as 3600"
                .to_owned(),
        ),
        (
            section("type = oidc_role_arn\nrole_arn = a\noidc_provider_arn = b\n"),
            "section \"default\" (oidc_role_arn) has no oidc_token_file_path".to_owned(),
        ),
        (
            section("type = oidc_role_arn\nrole_arn = a\n"),
            "section \"default\" (oidc_role_arn) has no oidc_provider_arn".to_owned(),
        ),
        (
            Home::new().file(AT, b"\xff"),
            "it is not UTF-8 text".to_owned(),
        ),
        (
            Home::new().file(&format!("{AT}/x"), ""),
            "it is not a plain file".to_owned(),
        ),
    ] {
        let wrong = format!("the credentials file ~/{AT} is set up wrongly: ");
        assert_eq!(
            home.sentence(&home.ini()).await,
            format!("{wrong}{expected}")
        );
    }
    let missing = missing.set("ALIBABA_CLOUD_CREDENTIALS_FILE", nowhere);
    assert_eq!(
        missing.sentence(&missing.ini()).await,
        "the credentials file ~/nowhere is set up wrongly: ALIBABA_CLOUD_CREDENTIALS_FILE names \
         it, and there is no such file"
    );
}

#[tokio::test]
async fn a_role_that_the_instance_does_not_have_is_an_error_of_the_section() {
    let server = MockServer::start().await; // answers 404 to all
    let of = "which section \"default\" (ecs_ram_role) of the credentials file \
              ~/.alibabacloud/credentials names,";
    for (text, expected) in [
        (
            "",
            format!(
                "the instance metadata service, {of} is set up wrongly: no RAM role is attached \
                 to this instance"
            ),
        ),
        (
            "role_name = r\n",
            format!(
                "the instance metadata service, {of} is set up wrongly: the RAM role r is not \
                 attached to this instance: attach it, or name the one that is"
            ),
        ),
    ] {
        let home = Home::new().file(AT, format!("[default]\ntype = ecs_ram_role\n{text}"));
        let provider = home.ini().metadata_endpoint(endpoint(&server));
        assert_eq!(home.sentence(&provider).await, expected);
    }
    let home = Home::new()
        .file(AT, "[default]\ntype = ecs_ram_role\n")
        .set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    assert_eq!(
        home.sentence(&home.ini()).await,
        "section \"default\" (ecs_ram_role) of the credentials file ~/.alibabacloud/credentials \
         is set up wrongly: it names a source that has no credentials: the instance metadata \
         service (ALIBABA_CLOUD_ECS_METADATA_DISABLED is on)"
    );
}
