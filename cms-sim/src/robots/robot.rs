//! What a robot is: a kind, the token of its URL, and how it tells friends from strangers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::config::SimConfig;

/// Whose robot it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RobotKind {
    /// A DingTalk custom robot.
    DingTalk,
    /// A Feishu or Lark custom bot.
    Feishu,
    /// A WeCom group robot.
    WeCom,
    /// Nobody's: takes any body by POST.
    Webhook,
}

impl RobotKind {
    /// The name in the counters.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DingTalk => "DingTalk",
            Self::Feishu => "Feishu",
            Self::WeCom => "WeCom",
            Self::Webhook => "Webhook",
        }
    }

    /// Everything of the robot's URL before its token.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::DingTalk => "/robot/send?access_token=",
            Self::Feishu => "/open-apis/bot/v2/hook/",
            Self::WeCom => "/cgi-bin/webhook/send?key=",
            Self::Webhook => "/webhook/",
        }
    }

    fn has_security(self) -> bool {
        matches!(self, Self::DingTalk | Self::Feishu)
    }
}

/// A robot to stand in for. Its token is what the vendor calls access token, hook id or key, for a webhook its name.
///
/// ```
/// use cms_sim::Robot;
///
/// let robot = Robot::dingtalk("sim-token").secret("SEC000000000000000000000").keyword("lag");
/// assert_eq!(robot.target(), "/robot/send?access_token=sim-token");
/// let same = "dingtalk:sim-token,secret=SEC000000000000000000000,keyword=lag".parse()?;
/// assert_eq!(robot, same);
/// # Ok::<(), cms_sim::WrongRobot>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Robot {
    pub(super) kind: RobotKind,
    pub(super) token: String,
    pub(super) secret: Option<String>,
    pub(super) keywords: Vec<String>,
}

impl Robot {
    fn new(kind: RobotKind, token: impl Into<String>) -> Self {
        Self {
            kind,
            token: token.into(),
            secret: None,
            keywords: Vec::new(),
        }
    }

    /// Without a secret or keyword it takes every message, which the vendor does not allow.
    #[must_use]
    pub fn dingtalk(token: impl Into<String>) -> Self {
        Self::new(RobotKind::DingTalk, token)
    }

    /// Without a secret or keyword it takes every message.
    #[must_use]
    pub fn feishu(token: impl Into<String>) -> Self {
        Self::new(RobotKind::Feishu, token)
    }

    /// Knows neither secrets nor keywords: whoever has the key may send.
    #[must_use]
    pub fn wecom(token: impl Into<String>) -> Self {
        Self::new(RobotKind::WeCom, token)
    }

    /// A sink at `/webhook/<name>`.
    #[must_use]
    pub fn webhook(name: impl Into<String>) -> Self {
        Self::new(RobotKind::Webhook, name)
    }

    /// Messages must be signed with this secret. DingTalk and Feishu only.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Adds a word; messages must hold one of them. DingTalk and Feishu only.
    #[must_use]
    pub fn keyword(mut self, keyword: impl Into<String>) -> Self {
        self.keywords.push(keyword.into());
        self
    }

    /// Path and query of its URL, not signed.
    #[must_use]
    pub fn target(&self) -> String {
        format!("{}{}", self.kind.path(), self.token)
    }

    /// Whether one of its keywords is in one of the texts, or it has none.
    pub(super) fn has_keyword_in(&self, texts: [&str; 2]) -> bool {
        let mut keywords = self.keywords.iter();
        self.keywords.is_empty()
            || keywords.any(|word| texts.iter().any(|text| text.contains(word.as_str())))
    }

    fn checked(self) -> Result<Self, WrongRobot> {
        let plain = |sign: char| sign.is_ascii_alphanumeric() || "-_.".contains(sign);
        if self.token.is_empty() || !self.token.chars().all(plain) {
            return Err(WrongRobot(
                "its token must be made of letters, digits and - _ .",
            ));
        }
        if !self.kind.has_security() && (self.secret.is_some() || !self.keywords.is_empty()) {
            return Err(WrongRobot(
                "only dingtalk and feishu have a secret and keywords",
            ));
        }
        if self.keywords.len() > 10 || self.keywords.iter().any(String::is_empty) {
            return Err(WrongRobot("it takes up to 10 keywords, none of them empty"));
        }
        Ok(self)
    }
}

/// Shows neither secret nor token, although the ones here are dummies.
impl fmt::Debug for Robot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Robot")
            .field("kind", &self.kind)
            .field("keywords", &self.keywords)
            .finish_non_exhaustive()
    }
}

/// A description of a robot that cannot be used; says what would work, and repeats no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a robot: {0}")]
pub struct WrongRobot(&'static str);

/// The form of the command line: `KIND:TOKEN[,secret=SECRET][,keyword=WORD]...`.
impl FromStr for Robot {
    type Err = WrongRobot;

    fn from_str(text: &str) -> Result<Self, WrongRobot> {
        const FORM: WrongRobot = WrongRobot(
            "say KIND:TOKEN[,secret=SECRET][,keyword=WORD] with dingtalk, feishu, wecom or webhook as KIND",
        );
        let mut parts = text.split(',');
        let (kind, token) = parts
            .next()
            .and_then(|first| first.split_once(':'))
            .ok_or(FORM)?;
        let kind = match kind {
            "dingtalk" => RobotKind::DingTalk,
            "feishu" => RobotKind::Feishu,
            "wecom" => RobotKind::WeCom,
            "webhook" => RobotKind::Webhook,
            _ => return Err(FORM),
        };
        let robot = parts.try_fold(Self::new(kind, token), |robot, part| {
            match part.split_once('=') {
                Some(("secret", secret)) => Ok(robot.secret(secret)),
                Some(("keyword", word)) => Ok(robot.keyword(word)),
                _ => Err(FORM),
            }
        })?;
        robot.checked()
    }
}

/// The JSON form of the control API; the token is in the path.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RobotSpec {
    kind: RobotKind,
    secret: Option<String>,
    #[serde(default)]
    keywords: Vec<String>,
}

impl RobotSpec {
    /// The robot, or what is wrong with it.
    pub(crate) fn into_robot(self, token: String) -> Result<Robot, WrongRobot> {
        let robot = Robot {
            kind: self.kind,
            token,
            secret: self.secret,
            keywords: self.keywords,
        };
        robot.checked()
    }
}

/// Group robots.
impl SimConfig {
    /// Adds a robot; of two with one token the last one stays.
    #[must_use]
    pub fn robot(mut self, robot: Robot) -> Self {
        self.robots.push(robot);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Robot;

    #[test]
    fn a_robot_that_cannot_exist_is_refused_with_what_would_work() {
        for (text, hint) in [
            ("dingtalk", "KIND:TOKEN"),
            ("slack:t", "dingtalk, feishu, wecom or webhook"),
            ("dingtalk:t,colour=red", "keyword=WORD"),
            ("dingtalk:", "letters, digits"),
            ("feishu:a/b", "letters, digits"),
            ("wecom:t,secret=s", "only dingtalk and feishu"),
            ("dingtalk:t,keyword=", "none of them empty"),
        ] {
            let refused = text.parse::<Robot>().unwrap_err().to_string();
            assert!(refused.contains(hint), "{text}: {refused}");
        }
    }

    #[test]
    fn debug_output_shows_neither_secret_nor_token() {
        let robot = Robot::dingtalk("t0ken-text")
            .secret("SECs3cret")
            .keyword("lag");
        let shown = format!("{robot:?}");
        assert!(
            shown.contains("DingTalk") && shown.contains("lag"),
            "{shown}"
        );
        assert!(!shown.contains("t0ken-text") && !shown.contains("SECs3cret"));
    }
}
