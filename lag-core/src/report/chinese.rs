//! Chinese, with the times of China: who reads this at night does not count from UTC.

use super::{
    Effect, News, Outcome, Refusal,
    digits::{episode, grouped, pace, span},
    steps::{Step, Tally, Tense, arrange},
    writer::{About, Writer},
};
use jiff::{SignedDuration, Timestamp, tz::Offset};

const ZONE: Offset = Offset::constant(8);
type Name<'n> = &'n dyn Fn(&str) -> String;

pub(super) fn effect(effect: &Effect, tense: Tense, name: Name<'_>) -> String {
    match effect {
        Effect::Restarted => "已滚动重启".to_owned(),
        Effect::AlreadyRestarted => "此前已重启（由之前的运行或其他消费组触发）".to_owned(),
        Effect::Evicted { pods } => format!("已逐个驱逐 {pods} 个 Pod"),
        Effect::Scaled { from, to } if to < from => format!("已从 {from} 缩容到 {to} 个副本"),
        Effect::Scaled { from, to } => format!("已从 {from} 扩容到 {to} 个副本"),
        Effect::MinimumChanged {
            autoscaler,
            from,
            to,
        } => format!("{} 的最小副本数已从 {from} 调整为 {to}", name(autoscaler)),
        Effect::AlreadyScaled { at } => format!("副本数已是 {at}，无需变更"),
        Effect::Refused(why) => format!("未变更：{}", refusal(why, tense, name)),
        Effect::Failed { reason, last } => {
            let reason = name(reason);
            match (last, tense) {
                (true, _) => format!("失败，不再重试：{reason}"),
                (false, Tense::Now) => format!("失败，稍后重试：{reason}"),
                (false, Tense::Before) => format!("失败：{reason}"),
            }
        }
    }
}

pub(super) fn refusal(refusal: &Refusal, tense: Tense, name: Name<'_>) -> String {
    let again = match tense {
        Tense::Now if refusal.passes() => "，下次运行再试",
        Tense::Now | Tense::Before => "",
    };
    match refusal {
        Refusal::NoTarget => "该消费组没有对应的工作负载".to_owned(),
        Refusal::Paused => "Deployment 处于暂停状态，恢复之前重启不会生效".to_owned(),
        Refusal::RollingOut => format!("上一次滚动更新尚未完成{again}"),
        Refusal::OnDelete => "更新策略为 OnDelete，修改模板不会触发重启".to_owned(),
        Refusal::Kind(kind) => format!("{} 不支持此操作", name(kind)),
        Refusal::Autoscaled { by } => format!("副本数由 {} 管理", name(by)),
        Refusal::AtMaximum { at } => format!("已是 {at}，达到上限"),
        Refusal::AtPartitions { at } => format!("已是 {at}，与分区数相同，再扩容也是空闲"),
        Refusal::AtZero => "已被人为缩容到 0".to_owned(),
        Refusal::Disruption => format!("PodDisruptionBudget 当前不允许驱逐{again}"),
        Refusal::ChangedSince { at } => format!("副本数已被他人改为 {at}"),
        Refusal::Stuck => "扩容后堆积量仍在上升".to_owned(),
        Refusal::DailyCap { changes } => {
            format!("今天（UTC）已变更 {changes} 次，达到每日上限")
        }
    }
}

pub(super) fn news(writer: &Writer, about: &About<'_>, news: &News) -> String {
    let group = group(writer, about);
    let limit = grouped(about.breach_above);
    let lag = grouped(about.sample.lag);
    let above = || {
        let trend = trend(about);
        let dated = dated(writer, about);
        let side = if about.is_above() {
            "高于阈值"
        } else {
            "尚未恢复，但已不高于阈值"
        };
        format!("{group}：堆积量 {lag}，{side} {limit}{trend}，{dated}。")
    };
    let text = match news {
        News::Stage {
            outcomes,
            before,
            last,
        } => {
            let acted = match (outcomes.is_empty(), last) {
                (true, true) => please_look(about, before),
                (true, false) => "本阶段未做变更。".to_owned(),
                (false, _) => sentence("", &done(writer, outcomes)),
            };
            let hint = if *last && !outcomes.is_empty() {
                "这是最后一个阶段，若仍未恢复请人工处理。"
            } else {
                ""
            };
            format!(
                "{}{acted}{}{hint}",
                above(),
                earlier(writer, "此前：", before)
            )
        }
        News::Retry { outcomes } => {
            format!(
                "{}{}",
                above(),
                sentence("重试结果：", &done(writer, outcomes))
            )
        }
        News::Reminder { before } => format!(
            "{}{}{}",
            above(),
            please_look(about, before),
            earlier(writer, "此前：", before)
        ),
        News::Stuck { lag_at_scale } => format!(
            "{}扩容时堆积量为 {}，此后不降反升，本次事件不再扩容，请人工处理。",
            above(),
            grouped(*lag_at_scale)
        ),
        News::Disputed { total } => format!(
            "{}但 Kafka 服务自身显示的堆积量为 {}，因此未做任何变更（云监控可能计入了无人消费的分区）。",
            above(),
            grouped(*total)
        ),
        News::Unconfirmed { reason } => format!(
            "{}无法向 Kafka 服务二次确认，因此未做任何变更：{}。请人工处理。",
            above(),
            writer.name(reason)
        ),
        News::Recovered {
            lasted,
            before,
            dropped,
        } => {
            let pending = match dropped {
                0 => String::new(),
                count => format!("{count} 项未完成的变更已取消。"),
            };
            let acted = if before.is_empty() {
                "期间未做变更。".to_owned()
            } else {
                earlier(writer, "期间：", before)
            };
            format!(
                "{group}：已恢复，历时 {}，堆积量 {lag}（阈值 {limit}），{}。{acted}{pending}",
                length(*lasted),
                dated(writer, about)
            )
        }
        News::ScaledBack { outcomes } => format!(
            "{group}：恢复后堆积量 {lag}（阈值 {limit}），{}。{}",
            dated(writer, about),
            sentence("新增副本：", &done(writer, outcomes))
        ),
        News::Lost { missing_for } => format!(
            "{group}：已 {}没有新数据，最后一次堆积量 {lag}（阈值 {limit}），{}。事件已关闭，是否恢复未知，请人工确认。",
            length(*missing_for),
            dated(writer, about)
        ),
    };
    format!(
        "{text}（事件 {} 阶段 {}）",
        episode(about.episode),
        about.stage
    )
}

fn group(writer: &Writer, about: &About<'_>) -> String {
    let topic = about.key.topic.as_ref().map_or(String::new(), |topic| {
        format!(" 的 Topic {}", writer.name(topic.as_str()))
    });
    let group = writer.name(about.key.group.as_str());
    let instance = writer.name(about.key.instance.as_str());
    format!("消费组 {group}{topic}（实例 {instance}）")
}

fn trend(about: &About<'_>) -> String {
    let Some(trend) = about.sample.trend else {
        return String::new();
    };
    match (pace(trend.per_second()), trend.drain(about.sample.lag)) {
        (None, _) => "，基本持平".to_owned(),
        (Some(pace), Some(drain)) => {
            format!("，正在下降（{pace}，预计 {}消费完）", length(drain))
        }
        (Some(pace), None) if trend.per_second() < 0.0 => format!("，正在下降（{pace}）"),
        (Some(pace), None) => format!("，正在上升（{pace}）"),
    }
}

fn dated(writer: &Writer, about: &About<'_>) -> String {
    let at = about.sample.at;
    let age = writer
        .age(at)
        .map_or(String::new(), |age| format!("，{}前", seconds(age)));
    format!("数据时间 {}（北京时间{age}）", writer.clock(at, ZONE))
}

fn done(writer: &Writer, outcomes: &[Outcome]) -> String {
    steps(writer, outcomes, Tense::Now, &|_| String::new())
}

fn earlier(writer: &Writer, lead: &str, before: &[Outcome]) -> String {
    let at = |step: &Step<'_>| format!("{} ", writer.clock(step.at, ZONE));
    sentence(lead, &steps(writer, before, Tense::Before, &at))
}

fn steps(
    writer: &Writer,
    outcomes: &[Outcome],
    tense: Tense,
    when: &dyn Fn(&Step<'_>) -> String,
) -> String {
    let one = |step: &Step<'_>| {
        let effect = effect(step.effect, tense, &|text| writer.name(text));
        let times = match step.times {
            1 => String::new(),
            times => format!("（共 {times} 次）"),
        };
        format!("{}{effect}{times}", when(step))
    };
    let all = arrange(outcomes).into_iter().map(|part| {
        let steps = part.steps.iter().map(one).collect::<Vec<_>>().join("；");
        if part.workload.is_empty() {
            steps
        } else {
            format!("{}：{steps}", writer.name(part.workload))
        }
    });
    all.collect::<Vec<_>>().join("；")
}

fn please_look(about: &About<'_>, before: &[Outcome]) -> String {
    let tally = Tally::of(before);
    let words = tally.pick([
        "已滚动重启",
        "已驱逐 Pod",
        "已扩容",
        "已缩容",
        "已调整最小副本数",
        "副本数已符合要求",
    ]);
    let did = if !words.is_empty() {
        words.join("、")
    } else if tally.failed + tally.refused > 0 {
        "未能完成任何变更".to_owned()
    } else {
        "未做任何变更".to_owned()
    };
    let mut bad = Vec::new();
    if tally.failed > 0 {
        bad.push(format!("{} 次尝试失败", tally.failed));
    }
    if tally.refused > 0 {
        bad.push(format!("{} 次未执行", tally.refused));
    }
    let bad = if bad.is_empty() {
        String::new()
    } else {
        format!("（{}）", bad.join("，"))
    };
    let state = if about.is_above() {
        format!("仍高于阈值 {}", grouped(about.breach_above))
    } else {
        "尚未恢复".to_owned()
    };
    format!("{did}{bad}，{state}，请人工处理。")
}

/// The text and a full stop; nothing for nothing.
fn sentence(lead: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("{lead}{text}。")
}

pub(super) fn late(writer: &Writer, at: Timestamp) -> String {
    let age = writer
        .age(at)
        .map_or(String::new(), |age| format!("，{}前", seconds(age)));
    format!(
        "【补发】发生于 {}（北京时间{age}）：",
        writer.clock(at, ZONE)
    )
}

pub(super) fn state_lost(moved_to: &str) -> String {
    format!("状态无法读取，已移至 {moved_to}。本次运行不做任何变更，所有事件从头计起。")
}

/// The alerts, the workload, what came of it.
pub(super) fn alert(
    alerts: &[String],
    outcome: &Outcome,
    truncated: u64,
    name: Name<'_>,
) -> String {
    let who = match alerts {
        [] => "扩容告警均已恢复".to_owned(),
        [one] => format!("告警 {}", name(one)),
        [one, ..] => format!("告警 {} 等 {} 条", name(one), alerts.len()),
    };
    let (workload, effect) = (
        name(&outcome.workload),
        effect(&outcome.effect, Tense::Now, name),
    );
    let cut = match truncated {
        0 => String::new(),
        _ => format!("另有 {truncated} 条告警被 Alertmanager 截断，内容未知。"),
    };
    format!("{who}：{workload}：{effect}。{cut}")
}

pub(super) fn lost_messages(count: u64) -> String {
    format!("有 {count} 条更早的消息因待发队列已满而丢失。")
}

fn length(duration: SignedDuration) -> String {
    seconds(duration.as_secs())
}

fn seconds(seconds: i64) -> String {
    span(seconds, ["天", "小时", "分钟", "秒"], " ")
}
