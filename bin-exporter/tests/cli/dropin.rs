//! The first post's manifest with only the image changed.

use crate::harness::{Cloud, INSTANCE, KEY_ID, Running, SECRET, lag, program, value};

#[test]
fn the_four_variables_of_the_first_post_are_enough() {
    let cloud = Cloud::usual();
    let mut command = program(&[]);
    command
        .env("ACCESS_KEY_ID", KEY_ID)
        .env("ACCESS_KEY_SECRET", SECRET)
        .env("REGION_ID", "cn-hangzhou")
        .env("TARGET_INSTANCE_ID", INSTANCE)
        // Where a test differs from a Pod.
        .env("KAFKA_LAG_CMS_ENDPOINT", cloud.url())
        .env("KAFKA_LAG_WEB_LISTEN_ADDRESS", "127.0.0.1:0");
    let mut exporter = Running::start(&mut command);
    exporter.wait_until_read();
    let page = exporter.metrics();
    assert_eq!(
        value(&page, &lag("busy")),
        Some(150_001.0),
        "name and labels as in the post"
    );
    assert_eq!(
        value(&page, &lag("caught-up")),
        Some(0.0),
        "a true zero is a number"
    );
    assert_eq!(value(&page, &lag("nobody")), None);
    let info =
        format!("kafka_lag_instance_info{{instance_id=\"{INSTANCE}\",region_id=\"cn-hangzhou\"}}");
    assert_eq!(value(&page, &info), Some(1.0));
}

#[test]
fn the_vendors_key_wins_over_the_first_posts() {
    let cloud = Cloud::usual();
    let mut command = crate::harness::exporter(&cloud.url());
    command
        .env("ACCESS_KEY_ID", "unknown")
        .env("ACCESS_KEY_SECRET", "unknown");
    Running::start(&mut command).wait_until_read();
}

#[test]
fn a_flag_wins_over_its_variable_and_that_over_the_file() {
    let cloud = Cloud::usual();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lag.yml");
    std::fs::write(
        &path,
        "web:\n  telemetry_path: /from-file\ngroup:\n  exclude: ['exact:caught-up']\n",
    )
    .unwrap();
    let mut command = crate::harness::exporter(&cloud.url());
    command
        .env("KAFKA_LAG_CONFIG_FILE", &path)
        .env("KAFKA_LAG_WEB_TELEMETRY_PATH", "/from-variable");
    let exporter = Running::start(&mut command);
    assert_eq!(exporter.get("/from-variable").status, 200);
    assert_eq!(exporter.get("/from-file").status, 404);

    let mut exporter = Running::start(command.arg("--web.telemetry-path=/metrics"));
    assert_eq!(exporter.get("/from-variable").status, 404);
    exporter.wait_until_read();
    let page = exporter.metrics();
    assert_eq!(value(&page, &lag("busy")), Some(150_001.0));
    assert_eq!(
        value(&page, &lag("caught-up")),
        None,
        "what only the file says holds, too"
    );
}
