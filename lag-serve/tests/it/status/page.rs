//! The page as a whole: languages, headers, verdict.

use super::rows::text;
use crate::common::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use lag_core::{Board, Standing};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Without the style and the script, which are files of their own.
fn content(page: &str) -> String {
    let cut = |page: &str, from: &str, to: &str| {
        let (before, rest) = page.split_once(from).unwrap();
        let (_, after) = rest.split_once(to).unwrap();
        format!("{before}{from}…{to}{after}")
    };
    cut(&cut(page, "<style>", "</style>"), "<script>", "</script>")
}

fn served() -> Served {
    let served = Served::new(every_state());
    served.limit(150_000.0);
    served.exporter.remember();
    served
}

#[tokio::test]
async fn the_page_in_english() {
    let page = served().get("/").await;
    insta::assert_snapshot!(content(page.text()));
}

#[tokio::test]
async fn the_page_in_chinese() {
    let page = served().get("/?lang=zh").await;
    insta::assert_snapshot!(content(page.text()));
}

#[tokio::test]
async fn one_group_in_english() {
    let page = served().get(&format!("/?instance={A}&group=orders")).await;
    assert_eq!(page.status, 200);
    let (_, main) = page.text().split_once("<main").unwrap();
    let (main, _) = main.split_once("</main>").unwrap();
    insta::assert_snapshot!(main);
}

#[tokio::test]
async fn the_language_is_the_one_that_is_asked_for() {
    let served = served();
    for (path, accept, lang) in [
        ("/", "", "en"),
        ("/", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("/", "en;q=0.5,zh;q=0.6", "zh-CN"),
        ("/", "de,*;q=0.1", "en"),
        ("/?lang=en", "zh", "en"),
        ("/?lang=zh", "en", "zh-CN"),
        ("/?lang=tlh", "zh", "zh-CN"),
    ] {
        let page = served
            .ask("GET", path, &[("accept-language", accept)])
            .await;
        assert_eq!(page.header("content-language"), lang, "{path} {accept}");
        assert!(page.text().contains(&format!("<html lang=\"{lang}\">")));
        assert_eq!(page.header("vary"), "accept-language, accept-encoding");
        let verdict = if lang == "en" {
            "1 group is over its limit."
        } else {
            "1 个消费组超过上限。"
        };
        assert!(text(page.text()).contains(verdict), "{path} {accept}");
    }
}

#[tokio::test]
async fn only_this_style_and_this_script_may_run() {
    let page = served().get("/").await;
    let policy = page.header("content-security-policy");
    let hash = |from: &str, to: &str| {
        let (_, rest) = page.text().split_once(from).unwrap();
        let (inside, _) = rest.split_once(to).unwrap();
        format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inside)))
    };
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(
        policy.contains(&format!("style-src {};", hash("<style>", "</style>"))),
        "{policy}"
    );
    assert!(
        policy.contains(&format!("script-src {};", hash("<script>", "</script>"))),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    let html = content(page.text());
    for forbidden in [
        " style=",
        " onclick=",
        " onload=",
        "<img",
        "<link rel=\"stylesheet\"",
        "javascript:",
    ] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    // Nothing is loaded: the only address elsewhere is a link for people.
    let elsewhere: Vec<_> = html
        .match_indices("http")
        .map(|(at, _)| &html[at..at + 30])
        .collect();
    assert!(
        elsewhere
            .iter()
            .all(|one| one.starts_with("https://github.com/")
                || one.starts_with("http://www.w3.org/2000/svg")),
        "{elsewhere:?}"
    );
}

#[tokio::test]
async fn it_is_kept_nowhere_and_travels_compressed_when_that_is_accepted() {
    let served = served();
    let page = served.get("/").await;
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let zipped = served.ask("GET", "/", &[("accept-encoding", "gzip")]).await;
    assert_eq!(zipped.header("content-encoding"), "gzip");
    assert_eq!(gunzip(&zipped.body), page.text());
    assert!(zipped.body.len() * 2 < page.body.len());
}

#[tokio::test]
async fn the_verdict_says_that_all_is_well_only_when_it_is() {
    let verdict = |page: &str| {
        let (_, rest) = page.split_once("<h1").unwrap();
        let (heading, _) = rest.split_once("</h1>").unwrap();
        text(&format!("<h1{heading}"))
    };
    let watching = Board::default().watching("main", [watched(A, &[])], now());
    let served = Served::new(watching);
    assert_eq!(
        verdict(served.get("/").await.text()),
        "… The first collection has not ended yet: nothing is known."
    );
    let answered = answer(
        A,
        vec![
            (total("g"), sample(0, 0.0, None)),
            (total("h"), sample(0, 9.0, None)),
        ],
    );
    served.cell.update(|board| collect(board, "main", answered));
    assert_eq!(
        verdict(served.get("/").await.text()),
        "✔ All 2 groups are fresh."
    );
    served.limit(9.0);
    assert_eq!(
        verdict(served.get("/").await.text()),
        "✔ All 2 groups are fresh and within their limits."
    );
    served.limit(8.0);
    assert_eq!(
        verdict(served.get("/").await.text()),
        "▲ 1 group is over its limit."
    );
    served.set_clock(now() + MAX_AGE + SignedDuration::from_secs(1));
    let later = verdict(served.get("/").await.text());
    assert_eq!(
        later,
        "▲ The cloud cannot be read since 08:29:50 UTC. 2 of 2 groups have no fresh number."
    );
    served.set_clock(now());
    served
        .cell
        .update(|board| collect(board, "main", failure(A)));
    let page = served.get("/").await;
    assert_eq!(
        verdict(page.text()),
        "▲ The cloud cannot be read since 08:29:55 UTC. 1 group is over its limit."
    );
    assert!(text(page.text()).contains("DescribeMetricList was refused: too many requests"));
}

#[tokio::test]
async fn without_any_limit_it_says_that_no_lag_is_too_much() {
    let served = Served::new(every_state());
    let says = "No limit is set (--lag.threshold), so no lag counts as too much.";
    let page = served.get("/").await;
    assert!(text(page.text()).contains(says));
    let page = served.get("/?lang=zh").await;
    assert!(text(page.text()).contains("未设置上限（--lag.threshold）"));
    served.limit(1e9);
    let page = served.get("/").await;
    assert!(!text(page.text()).contains(says));
}

#[tokio::test]
async fn a_load_that_failed_is_told_with_its_reason_until_one_works() {
    let served = served();
    let says = "The configuration of 08:30:00 UTC could not be loaded, and the one before goes on: line 3: <b> is no key";
    assert!(!served.get("/").await.text().contains("could not be loaded"));
    served.exporter.is_not_reloaded("line 3: <b> is no key");
    for path in ["/".to_owned(), format!("/?instance={A}&group=orders")] {
        let page = served.get(&path).await;
        assert!(text(page.text()).contains(says), "{}", page.text());
        assert!(!page.text().contains("<b> is no key"));
    }
    served.limit(150_000.0);
    let page = served.get("/").await;
    assert!(!page.text().contains("could not be loaded"));
}

#[tokio::test]
async fn an_instance_without_usable_points_says_what_to_check() {
    let served = Served::new(Board::default().watching("main", [watched(A, &[])], now()));
    served
        .cell
        .update(|board| collect(board, "main", answer(A, vec![])));
    let page = served.get("/").await;
    assert!(text(page.text()).contains("check id and region, the group filters"));
    let page = served.get("/?lang=zh").await;
    assert!(text(page.text()).contains("请检查实例 ID 和地域"));
}

#[tokio::test]
async fn what_is_caught_up_has_nothing_to_drain_and_a_selector_names_the_instance() {
    let page = served()
        .get(&format!("/?instance={A}&group=caught-up"))
        .await;
    let says = text(page.text());
    assert!(says.contains("Drained in nothing to drain"), "{says}");
    let selector = format!("labelSelector=consumer_group%3Dcaught-up%2Cinstance_id%3D{A}");
    assert!(says.contains(&selector), "{says}");
}

#[tokio::test]
async fn an_age_below_ten_minutes_has_its_seconds() {
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let answered = answer(A, vec![(total("g"), sample(150, 0.0, None))]);
    let served = Served::new(collect(&board, "main", answered));
    let says = text(served.get("/").await.text());
    assert!(says.contains("2 min 30 s old: fresh"), "{says}");
    let says = text(served.get("/?lang=zh").await.text());
    assert!(says.contains("已 2 分钟 30 秒 ，新鲜"), "{says}");
}

#[tokio::test]
async fn a_very_large_number_can_be_broken() {
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let answered = answer(A, vec![(total("g"), sample(0, 4e14, None))]);
    let served = Served::new(collect(&board, "main", answered));
    let page = served.get("/").await;
    assert!(page.text().contains("400,<wbr>000,<wbr>000"));
}

#[tokio::test]
async fn a_group_nobody_knows_is_404_and_leads_back() {
    let page = served().get("/?instance=x&group=%3Cb%3E&lang=zh").await;
    assert_eq!(page.status, 404);
    assert!(page.text().contains("没有这个消费组的任何信息"));
    assert!(page.text().contains("href=\"?lang=zh\""));
    assert!(!page.text().contains("<b>"));
}

#[tokio::test]
async fn one_of_several_replicas_says_how_it_stands() {
    let served = served();
    assert!(!served.get("/").await.text().contains("replica leads"));
    let standing = Arc::new(Standing::of("one"));
    served.exporter.is_replica(standing.clone());
    let says = async || text(served.get("/").await.text());
    assert!(says().await.contains("no leader has answered it yet"));
    standing.followed(Some(now() - SignedDuration::from_secs(7)));
    assert!(
        says()
            .await
            .contains("The one that leads answered last 08:29:53 UTC ( 7 s )")
    );
    standing.lead(true, now());
    assert!(says().await.contains("This replica leads"));
}

#[tokio::test]
async fn links_hold_behind_a_proxy_that_adds_a_path() {
    let served = Served::with(every_state(), |config| {
        config.telemetry_path = "/deep/metrics".into()
    });
    let page = served.get("/").await;
    let links = page.text().split("href=\"").skip(1);
    let links: Vec<_> = links.map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(
        links.contains(&"./deep/metrics") && links.contains(&"api/v1/lag"),
        "{links:?}"
    );
    assert!(links.iter().all(|link| !link.starts_with('/')), "{links:?}");
}
