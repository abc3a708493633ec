//! Lags by the names of other exporters.

use crate::common::*;
use lag_core::Board;
use lag_serve::{Compat, Encoding, Exporter, Format, ServeConfig};

const BOTH: Compat = Compat {
    kafka_exporter: true,
    klag: true,
};

fn text(exporter: &Exporter) -> String {
    String::from_utf8(exporter.exposition(Format::Text).to_vec()).unwrap()
}

/// The lines of other exporters' metrics, without comments.
fn theirs(text: &str) -> Vec<&str> {
    let is_theirs = |line: &&str| {
        line.starts_with("kafka_consumergroup")
            || line.starts_with("kafka_lag_exporter_") && !line.contains("build_info")
    };
    text.lines().filter(is_theirs).collect()
}

#[test]
fn none_of_it_is_there_unless_asked_for() {
    let page = text(&Served::new(every_state()).exporter);
    assert_eq!(theirs(&page), [""; 0]);
    assert!(!page.contains("kafka_consumergroup"), "{page}");
}

#[test]
fn every_group_with_a_number_is_said_once_and_no_other() {
    let served = Served::with(every_state(), |config| config.compat = BOTH);
    let page = text(&served.exporter);
    let expected = [
        r#"kafka_consumergroup_lag{consumergroup="caught-up",topic="",instance_id="alikafka_pre-cn-a"} 0"#,
        r#"kafka_consumergroup_lag{consumergroup="growing",topic="",instance_id="alikafka_pre-cn-a"} 2.5"#,
        r#"kafka_consumergroup_lag{consumergroup="orders",topic="",instance_id="alikafka_pre-cn-a"} 182345"#,
        r#"kafka_consumergroup_lag{consumergroup="订单\"\\",topic="",instance_id="alikafka_pre-cn-a"} 7"#,
    ];
    let lags: Vec<_> = theirs(&page)
        .into_iter()
        .filter(|line| line.starts_with("kafka_consumergroup_lag{"))
        .collect();
    assert_eq!(
        lags, expected,
        "one topic of orders is stale, so its total speaks"
    );
    let sums = theirs(&page)
        .into_iter()
        .filter(|line| line.starts_with("kafka_consumergroup_lag_sum{"));
    let sums: Vec<_> = sums
        .map(|line| line.replace("_lag_sum{", "_lag{"))
        .collect();
    assert_eq!(sums, expected);
    for line in [
        r#"kafka_consumergroup_group_sum_lag{cluster_name="alikafka_pre-cn-a",group="orders"} 182345"#,
        r#"kafka_consumergroup_group_topic_sum_lag{cluster_name="alikafka_pre-cn-a",group="orders",topic="created"} 182000"#,
        "kafka_lag_exporter_up 0",
    ] {
        assert!(page.contains(&format!("\n{line}\n")), "{line}: {page}");
    }
    assert!(
        !page.contains("group=\"silent\"") && !page.contains("topic=\"paid\""),
        "{page}"
    );
    let update = theirs(&page)
        .into_iter()
        .filter(|line| line.contains("last_update"));
    assert_eq!(update.count(), 1, "the other instance was never read");
}

#[test]
fn topics_speak_where_all_are_fresh() {
    let samples = vec![
        (total("orders"), sample(120, 30.0, None)),
        (in_topic("orders", "created"), sample(120, 10.0, None)),
        (in_topic("orders", "paid"), sample(120, 20.0, None)),
    ];
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let board = collect(&board, "main", answer(A, samples));
    let served = Served::with(board, |config| config.compat.kafka_exporter = true);
    let page = text(&served.exporter);
    let lags = theirs(&page)
        .into_iter()
        .filter(|line| line.starts_with("kafka_consumergroup_lag{"));
    assert_eq!(
        lags.collect::<Vec<_>>(),
        [
            r#"kafka_consumergroup_lag{consumergroup="orders",topic="created",instance_id="alikafka_pre-cn-a"} 10"#,
            r#"kafka_consumergroup_lag{consumergroup="orders",topic="paid",instance_id="alikafka_pre-cn-a"} 20"#,
        ]
    );
    served.set_clock(now() + jiff::SignedDuration::from_mins(10));
    let later = text(&served.exporter);
    assert!(
        !later.contains("kafka_consumergroup"),
        "withdrawn with the rest: {later}"
    );
}

#[test]
fn both_formats_and_gzip_have_them() {
    let served = Served::with(every_state(), |config| config.compat = BOTH);
    for format in [Format::Text, Format::OpenMetrics] {
        let plain = served.exporter.exposition(format);
        let packed = served.exporter.exposition_encoded(format, Encoding::Gzip);
        let (plain, packed) = (String::from_utf8(plain.to_vec()).unwrap(), gunzip(&packed));
        assert_eq!(theirs(&plain), theirs(&packed));
        assert!(theirs(&plain).len() > 10);
    }
}

#[test]
fn another_configuration_is_served_from_the_next_board_on() {
    let served = Served::new(every_state());
    assert!(!text(&served.exporter).contains("kafka_consumergroup"));
    let config = ServeConfig {
        max_age: MAX_AGE,
        limits: std::sync::Arc::default(),
        compat: BOTH,
        metric: "acs_kafka/other".into(),
        ..served.config.clone()
    };
    served.exporter.reconfigure(config);
    served.cell.update(Board::clone);
    let page = text(&served.exporter);
    assert!(
        page.contains("kafka_consumergroup_lag{") && page.contains("CloudMonitor acs_kafka/other")
    );
    assert!(page.contains("\nkafka_lag_config_last_reload_successful 1\n"));
    served.exporter.is_not_reloaded("lag.yml line 1: <no>");
    let page = text(&served.exporter);
    assert!(page.contains("\nkafka_lag_config_last_reload_successful 0\n"));
    assert!(
        page.contains("kafka_consumergroup_lag{"),
        "what was served stays"
    );
}
