//! Flags about whose keys are used. No flag holds a secret.

/// Whose keys are used.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Credentials")]
pub struct CredentialArgs {
    /// Use only this source: environment, oidc, cli-profile, profile-file, ecs or uri [default: the first that is set up, in this order]
    #[arg(
        long = "credentials.provider",
        env = "KAFKA_LAG_CREDENTIALS_PROVIDER",
        value_name = "SOURCE"
    )]
    pub provider: Option<String>,
    /// Profile of ~/.aliyun/config.json or of the profile file [also: ALIBABA_CLOUD_PROFILE]
    #[arg(
        long = "credentials.profile",
        env = "KAFKA_LAG_CREDENTIALS_PROFILE",
        value_name = "NAME"
    )]
    pub profile: Option<String>,
    /// File with the AccessKey id, as a mounted Secret; read again when it changes [also: ALIBABA_CLOUD_ACCESS_KEY_ID_FILE]
    #[arg(
        long = "credentials.access-key-id-file",
        env = "KAFKA_LAG_CREDENTIALS_ACCESS_KEY_ID_FILE",
        value_name = "FILE"
    )]
    pub access_key_id_file: Option<String>,
    /// File with its secret
    #[arg(
        long = "credentials.access-key-secret-file",
        env = "KAFKA_LAG_CREDENTIALS_ACCESS_KEY_SECRET_FILE",
        value_name = "FILE"
    )]
    pub access_key_secret_file: Option<String>,
    /// File with the security token, for temporary keys
    #[arg(
        long = "credentials.security-token-file",
        env = "KAFKA_LAG_CREDENTIALS_SECURITY_TOKEN_FILE",
        value_name = "FILE"
    )]
    pub security_token_file: Option<String>,
    /// RAM role to assume with the keys found, or with the OIDC token
    #[arg(
        long = "credentials.role-arn",
        env = "KAFKA_LAG_CREDENTIALS_ROLE_ARN",
        value_name = "ARN"
    )]
    pub role_arn: Option<String>,
    /// Name of the role's session, shown in the account's audit log
    #[arg(
        long = "credentials.role-session-name",
        env = "KAFKA_LAG_CREDENTIALS_ROLE_SESSION_NAME",
        value_name = "NAME"
    )]
    pub role_session_name: Option<String>,
    /// External id that the role's trust policy asks for
    #[arg(
        long = "credentials.role-external-id",
        env = "KAFKA_LAG_CREDENTIALS_ROLE_EXTERNAL_ID",
        value_name = "ID"
    )]
    pub role_external_id: Option<String>,
    /// OIDC provider of the cluster; needs a token file and a role as well, and ACK sets all three [also: ALIBABA_CLOUD_OIDC_PROVIDER_ARN]
    #[arg(
        long = "credentials.oidc-provider-arn",
        env = "KAFKA_LAG_CREDENTIALS_OIDC_PROVIDER_ARN",
        value_name = "ARN"
    )]
    pub oidc_provider_arn: Option<String>,
    /// File with the OIDC token, read again at every refresh
    #[arg(
        long = "credentials.oidc-token-file",
        env = "KAFKA_LAG_CREDENTIALS_OIDC_TOKEN_FILE",
        value_name = "FILE"
    )]
    pub oidc_token_file: Option<String>,
    /// RAM role of the ECS instance [default: asked for; also: ALIBABA_CLOUD_ECS_METADATA]
    #[arg(
        long = "credentials.ecs-role",
        env = "KAFKA_LAG_CREDENTIALS_ECS_ROLE",
        value_name = "NAME"
    )]
    pub ecs_role: Option<String>,
    /// STS URL, instead of the region's own [also: ALIBABA_CLOUD_STS_ENDPOINT]
    #[arg(
        long = "credentials.sts-endpoint",
        env = "KAFKA_LAG_CREDENTIALS_STS_ENDPOINT",
        value_name = "URL"
    )]
    pub sts_endpoint: Option<String>,
    /// URL of the ECS metadata service [default: http://100.100.100.200]
    #[arg(
        long = "credentials.metadata-endpoint",
        env = "KAFKA_LAG_CREDENTIALS_METADATA_ENDPOINT",
        value_name = "URL"
    )]
    pub metadata_endpoint: Option<String>,
}

impl CredentialArgs {
    /// A flag by the name of its key in the configuration file.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let given = match key {
            "provider" => &self.provider,
            "profile" => &self.profile,
            "access_key_id_file" => &self.access_key_id_file,
            "access_key_secret_file" => &self.access_key_secret_file,
            "security_token_file" => &self.security_token_file,
            "role_arn" => &self.role_arn,
            "role_session_name" => &self.role_session_name,
            "role_external_id" => &self.role_external_id,
            "oidc_provider_arn" => &self.oidc_provider_arn,
            "oidc_token_file" => &self.oidc_token_file,
            "ecs_role" => &self.ecs_role,
            "sts_endpoint" => &self.sts_endpoint,
            "metadata_endpoint" => &self.metadata_endpoint,
            _ => &None,
        };
        given.as_deref()
    }
}
