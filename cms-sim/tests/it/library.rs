//! The library's handle.

use cms_sim::{Scenario, SimConfig, SimError, Simulator};
use jiff::SignedDuration;
use tokio::net::TcpStream;

use crate::client::{INSTANCE, config, now, start};

#[tokio::test]
async fn it_refuses_to_listen_beyond_loopback() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
        let config = SimConfig::default().listen(address.parse().unwrap());
        let refused = Simulator::start(config).await.unwrap_err();
        assert!(matches!(refused, SimError::NotLoopback(_)), "{address}");
        assert!(refused.to_string().contains("only loopback"), "{refused}");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let (simulator, _caller) = start(config()).await;
    let refused = Simulator::start(SimConfig::default().listen(simulator.addr()))
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "cannot listen on {}; choose another with --listen-address, port 0 takes any that is free",
            simulator.addr()
        )
    );
}

#[tokio::test]
async fn shutdown_closes_the_port_and_dropping_does_too() {
    let (simulator, _caller) = start(config()).await;
    let address = simulator.addr();
    assert_eq!(simulator.url(), format!("http://{address}"));
    simulator.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());

    let (simulator, _caller) = start(config()).await;
    let address = simulator.addr();
    drop(simulator);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_true_lag_can_be_asked_for_at_any_moment() {
    let (simulator, _caller) = start(config().group(INSTANCE, "g", Scenario::ramp(10, 60))).await;
    let lag = |minutes| simulator.lag_at(INSTANCE, "g", now() + SignedDuration::from_mins(minutes));
    assert_eq!(
        (lag(-5), lag(0), lag(2)),
        (Some(10.0), Some(10.0), Some(130.0))
    );
    assert_eq!(simulator.lag_at(INSTANCE, "unknown", now()), None);
    assert!(simulator.remove_group(INSTANCE, "g"));
    assert_eq!(simulator.lag_at(INSTANCE, "g", now()), None);
}

#[tokio::test]
async fn the_demo_is_lively() {
    let (_simulator, caller) = start(SimConfig::demo().manual_clock(now())).await;
    let points = caller.lag(&[("Dimensions", "{}")]).await.points();
    let groups: std::collections::BTreeSet<_> = points
        .iter()
        .map(|p| p["consumerGroup"].to_string())
        .collect();
    let instances: std::collections::BTreeSet<_> =
        points.iter().map(|p| p["instanceId"].to_string()).collect();
    assert_eq!((groups.len(), instances.len()), (12, 2));
    assert!(groups.contains("\"cust_docking_analog\""));
}

#[tokio::test]
async fn a_handle_shows_no_secret_when_debugged() {
    let (simulator, _caller) =
        start(config().credentials("id", "s3cret-text", Some("t0ken-text"))).await;
    let shown = format!("{simulator:?}");
    assert!(!shown.contains("s3cret-text") && !shown.contains("t0ken-text"));
}

#[tokio::test]
async fn of_a_group_configured_twice_the_last_scenario_counts() {
    let twice = config().group(INSTANCE, "g", Scenario::constant(1)).group(
        INSTANCE,
        "g",
        Scenario::constant(2),
    );
    let (simulator, _caller) = start(twice).await;
    assert_eq!(simulator.lag_at(INSTANCE, "g", now()), Some(2.0));
}
