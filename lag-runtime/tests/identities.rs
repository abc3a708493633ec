//! Whose keys each source uses, and what may be spent: settings, and the sentences about mistakes in them.
#![allow(clippy::unwrap_used)]

use aliyun_cms::CredentialsSource;
use lag_runtime::{
    args::Args,
    config::{Config, CredentialsConfig, File, Keys, Role, Triple},
};

/// The configuration of these flags (`--name value …`) and this file.
fn resolve(flags: &str, file: &str) -> Result<Config, String> {
    use clap::{Args as _, FromArgMatches as _};
    let command = Args::augment_args(clap::Command::new("test").no_binary_name(true));
    let matches = command
        .try_get_matches_from(flags.split_whitespace())
        .unwrap();
    let mut args = Args::from_arg_matches(&matches).unwrap();
    if !file.is_empty() {
        args.read.config_file = Some("kafka-lag.yml".into());
    }
    let file = File::parse("kafka-lag.yml", file).map_err(|error| error.to_string())?;
    Config::resolve(&args, &file, &|_| None).map_err(|error| error.to_string())
}

const PLACE: &str = "--cms.region cn-hangzhou --cms.instance alikafka_pre-cn-a ";

fn identity(flags: &str) -> CredentialsConfig {
    let config = resolve(&format!("{PLACE}{flags}"), "").unwrap();
    config.sources[0].credentials.clone()
}

fn mistake(flags: &str, file: &str) -> String {
    let flags = if file.contains("sources:") {
        flags.to_owned()
    } else {
        format!("{PLACE}{flags}")
    };
    resolve(&flags, file).unwrap_err()
}

#[test]
fn without_settings_the_vendors_order_is_searched() {
    assert_eq!(identity(""), CredentialsConfig::default());
}

#[test]
fn flags_name_the_place_and_the_role() {
    let found = identity(
        "--credentials.provider cli-profile --credentials.profile prod --credentials.role-arn acs:ram::1:role/lag \
         --credentials.role-external-id x --credentials.role-session-name s",
    );
    let keys = Keys::Search {
        only: Some(CredentialsSource::CliProfile),
        profile: Some("prod".into()),
        ecs_role: None,
    };
    let role = Role {
        arn: "acs:ram::1:role/lag".into(),
        session_name: Some("s".into()),
        external_id: Some("x".into()),
    };
    assert_eq!((found.keys, found.role), (keys, Some(role)));

    let files = identity(
        "--credentials.access-key-id-file /s/id --credentials.access-key-secret-file /s/secret",
    );
    let triple = Triple {
        id: "/s/id".into(),
        secret: "/s/secret".into(),
        token: None,
    };
    assert_eq!(files.keys, Keys::Files(triple));

    let oidc = identity(
        "--credentials.role-arn acs:ram::1:role/lag --credentials.oidc-provider-arn acs:ram::1:oidc-provider/p \
         --credentials.oidc-token-file /t --credentials.sts-endpoint sts-vpc.cn-hangzhou.aliyuncs.com",
    );
    assert!(matches!(oidc.keys, Keys::Oidc { .. }));
    assert_eq!(
        oidc.sts_endpoint.unwrap().to_string(),
        "sts-vpc.cn-hangzhou.aliyuncs.com"
    );
}

#[test]
fn each_source_of_a_file_can_have_its_own_identity_and_equal_ones_share_an_account() {
    let config = resolve(
        "",
        "
credentials: {profile: common}
sources:
  - {region: cn-hangzhou, instances: [a]}
  - name: shop-east
    region: cn-shanghai
    instances: [b]
    credentials: {access_key_id_variable: SHOP_ID, access_key_secret_variable: SHOP_SECRET}
  - name: shop-north
    region: cn-beijing
    instances: [c]
    credentials: {access_key_id_variable: SHOP_ID, access_key_secret_variable: SHOP_SECRET}
  - {name: other, region: cn-beijing, instances: [d], account: group, credentials: {ecs_role: lag}}
  - {name: more, region: cn-beijing, instances: [e], account: group}
",
    )
    .unwrap();
    let accounts: Vec<_> = config
        .sources
        .iter()
        .map(|source| source.account.as_str())
        .collect();
    assert_eq!(
        accounts,
        ["default", "shop-east", "shop-east", "group", "group"]
    );
    let shop = Triple {
        id: "SHOP_ID".into(),
        secret: "SHOP_SECRET".into(),
        token: None,
    };
    assert_eq!(config.sources[1].credentials.keys, Keys::Variables(shop));
    assert_eq!(config.sources[1].credentials, config.sources[2].credentials);
    assert!(
        matches!(&config.sources[4].credentials.keys, Keys::Search { profile: Some(name), .. } if name == "common")
    );
}

#[test]
fn mistakes_about_identities_name_the_place_and_what_would_work() {
    for (flags, file, sentence) in [
        (
            "--credentials.provider vault",
            "",
            "--credentials.provider (or KAFKA_LAG_CREDENTIALS_PROVIDER): \"vault\" is no source of credentials: use \
             environment, oidc, cli-profile, profile-file, ecs or uri",
        ),
        (
            "--credentials.access-key-id-file /s/id",
            "",
            "--credentials.access-key-id-file (or KAFKA_LAG_CREDENTIALS_ACCESS_KEY_ID_FILE): half a key cannot sign: give \
             --credentials.access-key-secret-file (or KAFKA_LAG_CREDENTIALS_ACCESS_KEY_SECRET_FILE) too",
        ),
        (
            "",
            "credentials: {access_key_secret_variable: X}",
            "kafka-lag.yml line 1: credentials.access_key_secret_variable: half a key cannot sign: give kafka-lag.yml: \
             credentials.access_key_id_variable too",
        ),
        (
            "--credentials.oidc-token-file /t --credentials.role-arn acs:ram::1:role/lag",
            "",
            "--credentials.oidc-token-file (or KAFKA_LAG_CREDENTIALS_OIDC_TOKEN_FILE): OIDC needs a provider, a token file \
             and a role: give --credentials.oidc-provider-arn (or KAFKA_LAG_CREDENTIALS_OIDC_PROVIDER_ARN) too",
        ),
        (
            "--credentials.role-arn kafka-lag",
            "",
            "--credentials.role-arn (or KAFKA_LAG_CREDENTIALS_ROLE_ARN): \"kafka-lag\" is no role: they look like \
             acs:ram::1234567890123456:role/kafka-lag",
        ),
        (
            "--credentials.role-external-id x",
            "",
            "--credentials.role-external-id (or KAFKA_LAG_CREDENTIALS_ROLE_EXTERNAL_ID): there is no role to assume: give \
             --credentials.role-arn (or KAFKA_LAG_CREDENTIALS_ROLE_ARN) too",
        ),
        (
            "--credentials.profile p",
            "credentials: {access_key_id_file: /i, access_key_secret_file: /s}",
            "--credentials.profile (or KAFKA_LAG_CREDENTIALS_PROFILE): keys are also said to come from kafka-lag.yml line 1: \
             credentials.access_key_id_file: give one of the two",
        ),
        (
            "--credentials.metadata-endpoint http://user:pw@h",
            "",
            "--credentials.metadata-endpoint (or KAFKA_LAG_CREDENTIALS_METADATA_ENDPOINT): endpoint URL refused: it holds \
             user info; credentials are given to the client, not to the URL",
        ),
        (
            "",
            "sources:\n- {region: cn-hangzhou, instances: [a], credentials: {access_key_secret: s3cr3t}}",
            "kafka-lag.yml line 2: unknown field `access_key_secret`, expected one of provider, profile, \
             access_key_id_file, access_key_secret_file, security_token_file, access_key_id_variable, \
             access_key_secret_variable, security_token_variable, role_arn, role_session_name, \
             role_external_id, oidc_provider_arn, oidc_token_file, ecs_role, sts_endpoint, metadata_endpoint",
        ),
        (
            "--budget.requests-per-month 0",
            "",
            "--budget.requests-per-month (or KAFKA_LAG_BUDGET_REQUESTS_PER_MONTH): \"0\" is not possible: use 1 to \
             4611686018427387903 calls, or none for no limit",
        ),
        (
            "--budget.requests-per-month none --budget.hard-stop",
            "",
            "--budget.hard-stop (or KAFKA_LAG_BUDGET_HARD_STOP): there is no limit to stop at: give \
             --budget.requests-per-month a number",
        ),
    ] {
        assert_eq!(mistake(flags, file), sentence);
    }
}

#[test]
fn a_million_calls_a_month_is_the_budget_unless_something_else_is_said() {
    let budget = |flags: &str| {
        resolve(&format!("{PLACE}{flags}"), "")
            .unwrap()
            .budget
            .policy
    };
    assert_eq!(budget("").requests_per_month, Some(1_000_000));
    assert!(!budget("").hard_stop);
    assert_eq!(
        budget("--budget.requests-per-month none").requests_per_month,
        None
    );
    let policy = budget("--budget.requests-per-month 5000 --budget.hard-stop=true");
    assert_eq!(
        (policy.requests_per_month, policy.hard_stop),
        (Some(5000), true)
    );
}

#[test]
fn a_source_with_keys_of_its_own_joins_no_account_by_its_name() {
    let config = resolve(
        "",
        "
sources:
  - {region: cn-hangzhou, instances: [a], account: p}
  - {name: p, region: cn-beijing, instances: [b], credentials: {ecs_role: x}}
  - {name: default, region: cn-shanghai, instances: [c], credentials: {ecs_role: y}}
",
    )
    .unwrap();
    let accounts: Vec<_> = config
        .sources
        .iter()
        .map(|source| source.account.as_str())
        .collect();
    assert_eq!(accounts, ["p", "p (own)", "default (own)"]);
}
