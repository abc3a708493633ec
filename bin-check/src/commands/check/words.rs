//! A group's verdict in words.

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Language, Severity,
    escalate::{Hold, Verdict},
};

use super::{
    hands::Mode,
    result::{CheckResult, Line},
};
use crate::output::number;

/// The number, the age of the number, what it is held against, and what came of it.
pub(crate) fn describe(line: &Line, result: &CheckResult, language: Language) -> String {
    let now = result.now;
    let say = Say(language);
    let mut text = number_of(line, result, say);
    let acts = result.mode == Mode::Act && !result.broken;
    let why = verdict(&line.group.verdict, acts, now, say);
    if !why.is_empty() {
        text += say.pick("; ", "；");
        text += &why;
    }
    if line.untried {
        text += say.pick(
            "; not tried, as there was no time left: the next run begins with it",
            "；本次时间不足未执行，下次优先",
        );
    }
    for effect in &line.effects {
        text += say.pick("; ", "；");
        if result.mode == Mode::DryRun && effect.worked() {
            text += say.pick("would be: ", "将：");
        }
        text += &effect.in_words(language);
    }
    text
}

/// `150,001 > 150,000 (+1.2k/s, 95s old)`, or why there is no number.
pub(crate) fn number_of(line: &Line, result: &CheckResult, say: Say) -> String {
    let now = result.now;
    let Some(sample) = line.sample() else {
        return no_number(&line.group.verdict, say);
    };
    let limit = line.group.threshold.breach_above();
    let sign = if line.group.threshold.is_breach(sample.lag) {
        ">"
    } else {
        "<="
    };
    let age = number::duration(sample.age(now));
    let trend = sample.trend.map_or(String::new(), |trend| {
        format!("{}, ", number::rate(trend.per_second()))
    });
    let age = say.choose(format!("{age} old"), format!("{age} 前的数据"));
    let (lag, limits) = (number::lag(sample.lag), &result.limits);
    // A range of the command line takes the threshold's place.
    let range = match line.severity {
        Severity::Critical => limits.critical.as_ref(),
        Severity::Warning => limits.warning.as_ref(),
        Severity::Ok | Severity::Unknown => None,
    };
    match range {
        Some(range) => {
            let range = say.choose(
                format!("breaks the range {range}"),
                format!("超出范围 {range}"),
            );
            format!("{lag} {range} ({trend}{age})")
        }
        None => format!("{lag} {sign} {} ({trend}{age})", number::lag(limit)),
    }
}

fn no_number(verdict: &Verdict, say: Say) -> String {
    let Verdict::Unknown { state, age, stage } = verdict else {
        return String::new();
    };
    let mut text = match (*state, age) {
        (_, Some(age)) => {
            let age = number::duration(*age);
            say.choose(
                format!("no number: the last point is {age} old"),
                format!("无数据：最后一个数据点已是 {age} 前"),
            )
        }
        ("failed", None) => say.choose(
            "no number: it could not be read".to_owned(),
            "无数据：读取失败".to_owned(),
        ),
        (_, None) => say.choose(
            "no number: CloudMonitor has no points of it".to_owned(),
            "无数据：云监控没有该消费组的数据点".to_owned(),
        ),
    };
    if let Some(stage) = stage {
        text += &say.choose(
            format!("; the episode stays open at stage {stage}"),
            format!("；事件保持在第 {stage} 阶段"),
        );
    }
    text
}

/// What is done or not, and why.
fn verdict(verdict: &Verdict, acts: bool, now: Timestamp, say: Say) -> String {
    match verdict {
        Verdict::Ok(_) | Verdict::Unknown { .. } => String::new(),
        Verdict::Escalated { stage, .. } if !acts => say.choose(
            format!("stage {stage} would begin"),
            format!("将进入第 {stage} 阶段"),
        ),
        Verdict::Retried { stage, .. } if !acts => say.choose(
            format!("stage {stage} would be tried again"),
            format!("将重试第 {stage} 阶段"),
        ),
        Verdict::Escalated { stage, .. } => say.choose(
            format!("stage {stage} begins"),
            format!("进入第 {stage} 阶段"),
        ),
        Verdict::Retried { stage, .. } => say.choose(
            format!("stage {stage} is tried again"),
            format!("重试第 {stage} 阶段"),
        ),
        Verdict::Held { stage, why, .. } => {
            let why = hold(why, now, say);
            say.choose(
                format!("stage {stage}, held: {why}"),
                format!("第 {stage} 阶段，暂不处理：{why}"),
            )
        }
        Verdict::Exhausted { reminded, .. } => {
            let reminded = if *reminded {
                say.pick("; people are reminded", "；已再次提醒")
            } else {
                ""
            };
            say.choose(
                format!("all stages are taken: silence until recovery{reminded}"),
                format!("所有阶段均已执行，恢复前不再通知{reminded}"),
            )
        }
        Verdict::Recovered { stages, .. } => say.choose(
            format!("recovered after stage {stages}"),
            format!("已恢复（执行到第 {stages} 阶段）"),
        ),
    }
}

fn hold(why: &Hold, now: Timestamp, say: Say) -> String {
    let left =
        |until: &Timestamp| number::duration(until.duration_since(now).max(SignedDuration::ZERO));
    match why {
        Hold::SameSample => say.choose(
            "the same point was counted by an earlier run".to_owned(),
            "该数据点已被上次检查计入".to_owned(),
        ),
        Hold::Between => say.choose(
            "below the threshold, not yet recovered".to_owned(),
            "低于阈值但尚未恢复".to_owned(),
        ),
        Hold::NotSustained { until } => {
            let until = number::moment(*until);
            say.choose(
                format!("not above for long enough, counts from a point of {until}"),
                format!("超标时间不足，自 {until} 的数据点起计"),
            )
        }
        Hold::Gap { until } => {
            let left = left(until);
            say.choose(
                format!("the last stage or change is too recent, next in {left}"),
                format!("距上次处理过近，{left} 后继续"),
            )
        }
        Hold::Draining { within } => {
            let within = number::duration(*within);
            say.choose(
                format!("it drains by itself within {within}"),
                format!("正在自行消化，预计 {within}"),
            )
        }
        Hold::Unconfirmed { reason: None } => say.choose(
            "the second opinion is still to be asked".to_owned(),
            "等待二次确认".to_owned(),
        ),
        Hold::Unconfirmed {
            reason: Some(reason),
        } => say.choose(
            format!("the second opinion could not be had: {reason}"),
            format!("二次确认失败：{reason}"),
        ),
        Hold::Disputed { total } => {
            let total = number::lag(*total);
            say.choose(
                format!("the Kafka service itself says {total}"),
                format!("Kafka 服务自身的堆积量为 {total}"),
            )
        }
        Hold::HandsOff(reason) => reason.clone(),
    }
}

/// Two languages, side by side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Say(pub(crate) Language);

impl Say {
    pub(crate) fn pick<'t>(self, english: &'t str, chinese: &'t str) -> &'t str {
        match self.0 {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    pub(crate) fn choose(self, english: String, chinese: String) -> String {
        match self.0 {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }
}
