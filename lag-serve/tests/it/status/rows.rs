//! The rows of the table, as a reader of the page has them.

use crate::common::*;
use jiff::SignedDuration;
use lag_core::{Board, SeriesName};
use std::{collections::BTreeMap, time::Duration};

/// Cells of a row by the first word of their class, without markup.
pub(super) type Row = BTreeMap<String, String>;

/// The text of a piece of markup, its entities decoded, spaces joined.
pub(super) fn text(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for character in html.chars() {
        match character {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            _ if !inside => text.push(character),
            _ => {}
        }
    }
    for (code, plain) in [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ] {
        text = text.replace(code, plain);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The rows of the table of groups, in their order.
pub(super) fn rows(page: &str) -> Vec<Row> {
    let Some((_, table)) = page.split_once("<table class=\"groups\">") else {
        return Vec::new();
    };
    let (_, body) = table.split_once("<tbody>").unwrap();
    let (body, _) = body.split_once("</tbody>").unwrap();
    let names = [
        "group", "instance", "state", "lag", "hour", "trend", "drain", "age", "limit", "replicas",
    ];
    let of_row = |row: &str| {
        let row = row.replace("</th>", "</td>");
        let cells = row.split("</td>").map(text);
        names
            .iter()
            .map(|name| (*name).to_owned())
            .zip(cells)
            .collect()
    };
    body.split("</tr>")
        .filter(|row| row.contains("<tr"))
        .map(of_row)
        .collect()
}

/// The row of a group.
pub(super) fn row(page: &str, group: &str) -> Row {
    let of_group = |row: &Row| row["group"].split(' ').next() == Some(group);
    rows(page).into_iter().find(of_group).unwrap()
}

pub(super) fn groups(page: &str) -> Vec<String> {
    let name = |row: &Row| row["group"].split(' ').next().unwrap().to_owned();
    rows(page).iter().map(name).collect()
}

fn limited(board: Board, threshold: f64) -> Served {
    let served = Served::new(board);
    served.limit(threshold);
    served
}

#[tokio::test]
async fn a_stale_group_shows_no_number_as_its_current_lag() {
    let page = Served::new(every_state()).get("/").await;
    let silent = row(page.text(), "silent");
    assert_eq!(silent["lag"], "– no number last known: 99");
    assert_eq!(
        silent["state"].split(" 5 min").next(),
        Some("◌ out of date")
    );
    assert_eq!(silent["age"], "5 min 1 s old: too old");
    assert_eq!(
        (&*silent["trend"], &*silent["drain"]),
        ("– not known", "– not known")
    );
}

#[tokio::test]
async fn what_failed_or_is_absent_never_shows_a_number() {
    let page = Served::new(every_state()).get("/").await;
    let (failed, absent) = (row(page.text(), "billing"), row(page.text(), "缺失"));
    for one in [&failed, &absent] {
        assert_eq!(one["lag"], "– no number");
        assert!(!one["lag"].contains(|c: char| c.is_ascii_digit()));
        assert_eq!(one["hour"], "nothing in the last hour");
    }
    assert!(
        failed["state"].starts_with("✕ cannot be read"),
        "{failed:?}"
    );
    assert_eq!(failed["age"], "failing since 08:29:55 UTC");
    assert!(absent["state"].starts_with("∅ not there"), "{absent:?}");
}

#[tokio::test]
async fn a_true_zero_shows_as_zero() {
    let page = Served::new(every_state()).get("/").await;
    let zero = row(page.text(), "caught-up");
    assert_eq!((&*zero["lag"], &*zero["trend"]), ("0 0/s", "0/s"));
    assert!(zero["state"].starts_with("✔ caught up"), "{zero:?}");
}

#[tokio::test]
async fn a_fresh_group_shows_lag_trend_drain_and_age() {
    let page = Served::new(every_state()).get("/").await;
    let orders = row(page.text(), "orders");
    assert_eq!(orders["lag"], "182,345 -100/s");
    assert_eq!((&*orders["trend"], &*orders["drain"]), ("-100/s", "30 min"));
    assert_eq!(orders["age"], "2 min old: fresh");
    assert_eq!(
        (&*orders["limit"], &*orders["replicas"]),
        ("– none", "– none")
    );
}

#[tokio::test]
async fn the_order_is_that_of_trouble() {
    let served = limited(every_state(), 1_000.0);
    let page = served.get("/").await;
    assert_eq!(
        groups(page.text()),
        [
            "orders",
            "billing",
            "缺失",
            "silent",
            "订单\"\\",
            "growing",
            "caught-up"
        ]
    );
    let orders = row(page.text(), "orders");
    assert!(
        orders["state"].starts_with("▲ over its limit"),
        "{orders:?}"
    );
    assert_eq!(orders["limit"], "1,000");
}

#[tokio::test]
async fn the_threshold_is_a_metric_of_every_group_once_it_is_configured() {
    let served = Served::new(every_state());
    let metric = "kafka_consumer_message_accumulation_threshold";
    assert!(!served.get("/metrics").await.text().contains(metric));
    served.limit(1_000.0);
    let page = served.get("/metrics").await;
    let series = page.text().lines().filter(|line| line.starts_with(metric));
    let series: Vec<_> = series.collect();
    assert_eq!(series.len(), 7, "{series:?}");
    assert!(
        series.iter().all(|line| line.ends_with(" 1000")),
        "{series:?}"
    );
}

/// A group of lag 1 in one minute, a gap of two minutes, and a zero.
#[tokio::test]
async fn the_picture_has_the_gaps_of_the_data() {
    let served = Served::new(Board::default().watching("main", [watched(A, &[])], now()));
    for (minute, lag) in [(0, 2.0), (1, 4.0), (4, 0.0)] {
        let mut newest = sample(0, lag, None);
        newest.at = now() + SignedDuration::from_mins(minute);
        let series: SeriesName = total("g");
        let collected = answer(A, vec![(series, newest)]);
        served
            .cell
            .update(|board| board.collected("main", collected, Duration::ZERO, FORGET_AFTER));
        served.exporter.remember();
        served.exporter.remember();
    }
    served.set_clock(now() + SignedDuration::from_mins(5));
    let page = served.get("/").await;
    // Minutes 54, 55 and 58 of the hour that ends with this minute.
    assert!(
        page.text().contains("d=\"M109 13.0L111 2.0M117 24.0h0\""),
        "{}",
        page.text()
    );
    assert!(page.text().contains("aria-label=\"last hour: 0 to 4\""));
    let one = served.get(&format!("/?instance={A}&group=g")).await;
    let table = text(one.text());
    assert!(
        table.contains("08:34 0 08:33 no point 08:32 no point 08:31 4 08:30 2 08:29 no point"),
        "{table}"
    );
}
