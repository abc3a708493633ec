//! What a real control plane (Kubernetes 1.36) was seen to do with these three rules, row by row. Pods are ready at once,
//! as they were there.

use super::{changes, out, rows};

fn path(file: &str, lags: &str) -> Vec<(String, String)> {
    let scenario = format!("steps:{lags}/5m");
    changes(&out(&[
        "--hpa",
        file,
        "--scenario",
        &scenario,
        "--start-up=0s",
    ]))
}

#[test]
fn value_keeps_two_replicas_up_to_a_tenth_above_the_target() {
    assert_eq!(path("value.yaml", "55000"), rows(&[("55,000", "2")]));
}

#[test]
fn value_climbs_to_the_maximum_at_any_lag_above() {
    for (lag, shown) in [("56000", "56,000"), ("100001", "100,001")] {
        let expected = [(shown, "2 -> 3"), (shown, "3 -> 4"), (shown, "4 -> 5")];
        assert_eq!(path("value.yaml", lag), rows(&expected));
    }
}

#[test]
fn value_gets_stuck_on_the_way_down() {
    let lags = "100001,49000,46000,45000,40000,37400,33300";
    let down = &path("value.yaml", lags)[3..];
    // Nothing at 49,000, 46,000 and 45,000.
    let expected = [
        ("40,000", "5 -> 4"),
        ("37,400", "4 -> 3"),
        ("33,300", "3 -> 2"),
    ];
    assert_eq!(down, rows(&expected));
}

#[test]
fn average_value_is_the_wanted_shape_within_a_tenth() {
    let lags =
        "110000,110001,165000,165001,220000,220001,200001,200000,150001,150000,100001,100000";
    let expected = [
        ("110,000", "2"),
        ("110,001", "2 -> 3"),
        ("165,001", "3 -> 4"),
        ("220,001", "4 -> 5"),
        ("200,000", "5 -> 4"),
        ("150,000", "4 -> 3"),
        ("100,000", "3 -> 2"),
    ];
    assert_eq!(path("average.yaml", lags), rows(&expected));
}

#[test]
fn tolerances_of_its_own_make_it_the_wanted_rule() {
    let expected = [
        ("100,000", "2"),
        ("100,001", "2 -> 3"),
        ("150,001", "3 -> 4"),
        ("66,700", "4 -> 2"),
    ];
    let lags = "100000,100001,150000,150001,66800,66700";
    assert_eq!(path("tolerances.yaml", lags), rows(&expected));
    let expected = [("100,001", "2 -> 3"), ("50,000", "3 -> 2")];
    assert_eq!(
        path("tolerances.yaml", "100001,50100,50000"),
        rows(&expected)
    );
}

#[test]
fn the_posts_own_policy_takes_every_second_sync() {
    let text = out(&[
        "--hpa=post.yaml",
        "--scenario=steady:56000/5m",
        "--start-up=0s",
    ]);
    let times = text.lines().filter(|line| line.contains("->"));
    let times: Vec<_> = times
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(times, ["0:00", "0:30", "1:00"]);
}
