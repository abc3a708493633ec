//! Paging, search and sorting, all on the server.

use super::rows::{groups, text};
use crate::common::*;
use lag_core::Board;

/// `group-000` and so on with a lag of their number, in two instances.
fn many(count: u32) -> Board {
    let samples = |from: u32| {
        let numbers = (from..count).step_by(2);
        let sample = |n: u32| {
            (
                total(&format!("Group-{n:03}")),
                sample(60, f64::from(n), None),
            )
        };
        numbers.map(sample).collect::<Vec<_>>()
    };
    let watched = [watched(A, &[]), watched(B, &[])];
    let board = Board::default().watching("main", watched, now());
    let mut both = answer(A, samples(0));
    both.snapshot.absorb(answer(B, samples(1)).snapshot);
    collect(&board, "main", both)
}

async fn listed(served: &Served, query: &str) -> Vec<String> {
    groups(served.get(&format!("/?{query}")).await.text())
}

#[tokio::test]
async fn pages_have_the_size_that_is_asked_for_and_all_groups_are_on_one_of_them() {
    let served = Served::new(many(130));
    assert_eq!(listed(&served, "").await.len(), 50);
    assert_eq!(listed(&served, "size=100").await.len(), 100);
    assert_eq!(
        listed(&served, "size=7").await.len(),
        50,
        "not a size there is"
    );
    let mut all = Vec::new();
    for page in 1..=3 {
        all.extend(listed(&served, &format!("page={page}&sort=group")).await);
    }
    let wanted: Vec<_> = (0..130).map(|n| format!("Group-{n:03}")).collect();
    assert_eq!(all, wanted);
    assert_eq!(
        listed(&served, "page=99").await.len(),
        30,
        "the last page there is"
    );
    let page = served.get("/?page=2").await;
    assert!(
        text(page.text()).contains("51 to 100 of 130 Previous Next 2 / 3"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("rel=\"next\" href=\"?page=3\""));
}

#[tokio::test]
async fn a_search_looks_in_groups_and_instances_whatever_the_case() {
    let served = Served::new(many(130));
    let found = listed(&served, "q=ROUP-01&sort=group").await;
    assert_eq!(found.len(), 10);
    assert_eq!(found[0], "Group-010");
    assert_eq!(listed(&served, "q=cn-b&size=100").await.len(), 65);
    let page = served.get("/?q=group-01").await;
    assert!(text(page.text()).contains("Groups 10 of 130"));
    let nothing = served.get("/?q=nowhere").await;
    assert!(groups(nothing.text()).is_empty());
    assert!(text(nothing.text()).contains("No group has that in its name."));
    assert!(
        nothing.text().contains("value=\"nowhere\""),
        "what was typed stays"
    );
}

#[tokio::test]
async fn a_column_sorts_both_ways_and_what_has_no_number_comes_last() {
    let served = Served::new(every_state());
    assert_eq!(
        listed(&served, "sort=lag").await,
        [
            "orders",
            "订单\"\\",
            "growing",
            "caught-up",
            "silent",
            "缺失",
            "billing"
        ]
    );
    assert_eq!(
        listed(&served, "sort=lag&order=asc").await,
        [
            "caught-up",
            "growing",
            "订单\"\\",
            "orders",
            "silent",
            "缺失",
            "billing"
        ]
    );
    assert_eq!(listed(&served, "sort=age").await[0], "silent");
    assert_eq!(listed(&served, "sort=drain").await[0], "orders");
    assert_eq!(listed(&served, "sort=trend").await[0], "growing");
    assert_eq!(
        listed(&served, "sort=instance&order=desc").await[0],
        "billing"
    );
    let page = served.get("/?sort=lag").await;
    assert_eq!(page.text().matches("aria-sort=").count(), 1);
    assert!(
        page.text().contains(
            "class=\"num\" aria-sort=\"descending\"><a data-live href=\"?sort=lag&#38;order=asc\""
        ),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn the_order_follows_the_board_and_the_clock() {
    let served = Served::new(many(4));
    assert_eq!(listed(&served, "sort=lag").await[0], "Group-003");
    let newer = answer(A, vec![(total("Group-000"), sample(0, 50.0, None))]);
    served.cell.update(|board| collect(board, "main", newer));
    assert_eq!(listed(&served, "sort=lag").await[0], "Group-000");
    // The others are a minute older, and too old first.
    served.set_clock(now() + MAX_AGE);
    assert_eq!(listed(&served, "").await.last().unwrap(), "Group-000");
    assert_eq!(listed(&served, "sort=lag").await[0], "Group-000");
}
