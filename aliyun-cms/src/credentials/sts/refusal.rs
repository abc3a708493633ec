//! What it means when STS says no, and what to do then.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::super::{CredentialsError, context::Context};
use crate::{
    ApiError, Credentials,
    error::{Repeat, classify},
    redact,
    wire::{self, Head, Nothing},
};

/// Longer texts of the vendor, or of whoever answered, are cut.
const MAX_MESSAGE: usize = 300;
/// Claims are names and URLs; a longer one is left out.
const MAX_CLAIM: usize = 200;

/// Which call was refused, for words that name its parts.
pub(in super::super) enum Call<'a> {
    AssumeRole {
        role_arn: &'a str,
    },
    WithOidc {
        role_arn: &'a str,
        provider_arn: &'a str,
        token_file: &'a str,
        token: &'a SecretString,
    },
}

/// The answer to an unsigned call that was no success.
pub(in super::super) fn api_error(
    status: StatusCode,
    body: &[u8],
    token: &SecretString,
    context: &Context,
) -> ApiError {
    let text = String::from_utf8_lossy(body);
    let head = match wire::decode(&text) {
        Ok((head, Nothing)) => head,
        Err(_) => Head::default(), // the status says enough
    };
    let code = head.code.unwrap_or_default();
    // Nothing was signed: the token is the one secret that could come back.
    let secrets = Credentials::new("", token.clone());
    let mut message = redact::message(&head.message.unwrap_or_default(), &secrets);
    if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE) {
        message.truncate(end);
        message.push('…');
    }
    ApiError {
        status: Some(status.as_u16()),
        class: classify(&code, status.as_u16()),
        code,
        message,
        request_id: head.request_id,
        auth_action: head.auth_action,
        server_date: None,
        action: "AssumeRoleWithOIDC".to_owned(),
        signed_at: context.now(),
        signature_check: None,
    }
}

/// A refusal that waiting does not heal says what does; the others may be asked again.
pub(in super::super) fn refused(
    provider: &str,
    call: &Call<'_>,
    source: Box<ApiError>,
) -> CredentialsError {
    let provider = provider.to_owned();
    if source.class.repeat == Repeat::Later {
        return CredentialsError::Unavailable { provider, source };
    }
    CredentialsError::Refused {
        provider,
        detail: call.advice(&source),
        source,
    }
}

impl Call<'_> {
    fn role_arn(&self) -> &str {
        match self {
            Self::AssumeRole { role_arn } | Self::WithOidc { role_arn, .. } => role_arn,
        }
    }

    /// One sentence without its full stop: what is wrong, and where to change it.
    fn advice(&self, error: &ApiError) -> String {
        let (code, role) = (error.code.as_str(), self.role_arn());
        if code.is_empty() {
            return "this was not answered by STS: check ALIBABA_CLOUD_STS_ENDPOINT, the endpoint \
                    that was given and the proxy settings"
                .to_owned();
        }
        if code.starts_with("EntityNotExist.Role") {
            return format!(
                "the role {role} does not exist: check the account and the name in its ARN"
            );
        }
        if code.starts_with("InvalidParameter.RoleArn") {
            return format!(
                "{role:?} is not the ARN of a role, such as acs:ram::1234567890123456:role/name"
            );
        }
        if code.starts_with("InvalidParameter.DurationSeconds") {
            return format!(
                "the role {role} does not allow a session of that length: raise its maximum \
                 session duration in RAM, or ask for less"
            );
        }
        if code.starts_with("InvalidParameter.Policy") {
            return "the session policy that was given is not a valid RAM policy".to_owned();
        }
        match self {
            Self::AssumeRole { .. } => signed_advice(error, role),
            Self::WithOidc {
                provider_arn,
                token_file,
                token,
                ..
            } => oidc_advice(error, role, provider_arn, token_file, token),
        }
    }
}

fn signed_advice(error: &ApiError, role: &str) -> String {
    let code = error.code.as_str();
    if error.message.contains("root account") {
        return format!(
            "the key belongs to the account itself, which may not assume roles: use the key of a \
             RAM user to assume {role}"
        );
    }
    if is_no_permission(code) {
        return format!(
            "either the RAM user or role of the key lacks the action sts:AssumeRole on {role} \
             (attach AliyunSTSAssumeRoleAccess, or a policy with that action and resource), or the \
             trust policy of {role} does not name that user, role or account in Principal.RAM"
        );
    }
    match error.hint() {
        Some(hint) => format!("the keys that {role} is assumed with were not accepted: {hint}"),
        None => format!("the call to assume {role} was not accepted as it is"),
    }
}

fn oidc_advice(
    error: &ApiError,
    role: &str,
    provider: &str,
    file: &str,
    token: &SecretString,
) -> String {
    let code = error.code.as_str();
    let about_token = |what: &str| {
        code.strip_prefix("AuthenticationFail.OIDCToken.")
            .is_some_and(|rest| rest.starts_with(what))
    };
    if about_token("Expired") {
        return format!(
            "the token in {file} has expired: Kubernetes replaces it in time, so that file is a \
             copy or the projected volume is mounted elsewhere"
        );
    }
    if about_token("Audience") {
        return format!(
            "the OIDC provider {provider} does not know the audience of the token in {file}: the \
             projected volume must ask for the audience sts.aliyuncs.com{}",
            said(token)
        );
    }
    if about_token("Issuer") || about_token("PublicKey") || is_unknown_provider(error) {
        return format!(
            "the OIDC provider {provider} is not registered in RAM for the issuer of the token in \
             {file}: turn on RRSA for this cluster and take the provider's ARN from there{}",
            said(token)
        );
    }
    if code.contains("OIDCToken") {
        return format!(
            "what {file} holds is not a token that {provider} accepts: mount the token of the \
             service account with the audience sts.aliyuncs.com{}",
            said(token)
        );
    }
    if is_no_permission(code) {
        return format!(
            "the trust policy of {role} does not let this token in: it needs sts:AssumeRole for \
             Principal.Federated {provider}, and conditions oidc:iss, oidc:aud and oidc:sub that \
             match the token{}",
            said(token)
        );
    }
    format!("the call to assume {role} with the token in {file} was not accepted as it is")
}

fn is_no_permission(code: &str) -> bool {
    let code = code.strip_prefix("AuthenticationFail.").unwrap_or(code);
    code.starts_with("NoPermission") || code.starts_with("Forbidden") || code == "AccessDenied"
}

fn is_unknown_provider(error: &ApiError) -> bool {
    error.code.starts_with("EntityNotExist.OIDC")
        || error.code.starts_with("InvalidParameter.OIDCProvider")
        || (error.code.ends_with("NoPermission") && error.message.contains("OIDC Provider"))
}

/// The claims a trust policy looks at, as the token has them: who sets the policy must type
/// just these. They are names, no secrets; the signature is neither checked nor shown.
fn said(token: &SecretString) -> String {
    let shown = claims(token.expose_secret()).unwrap_or_default();
    match shown.is_empty() {
        true => String::new(),
        false => format!(" (the token says {})", shown.join(", ")),
    }
}

fn claims(token: &str) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Claims {
        iss: Option<String>,
        sub: Option<String>,
        aud: Option<Audience>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Many(Vec<String>),
    }
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let audience = claims.aud.map(|audience| match audience {
        Audience::One(one) => one,
        Audience::Many(many) => many.join(" and "),
    });
    let named = [("iss", claims.iss), ("aud", audience), ("sub", claims.sub)];
    let is_fit = |text: &String| {
        text.len() <= MAX_CLAIM && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
    };
    let shown = named.into_iter().filter_map(|(name, value)| {
        let value = value.filter(is_fit)?;
        Some(format!("oidc:{name} {value}"))
    });
    Some(shown.collect())
}
