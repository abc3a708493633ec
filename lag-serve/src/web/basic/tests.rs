use super::*;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering::Relaxed},
    mpsc,
};

fn now() -> Now {
    Arc::new(|| Timestamp::from_second(1_000).unwrap())
}

fn users(pairs: &[(&str, &str)]) -> Users {
    let pairs = pairs
        .iter()
        .map(|(name, hash)| ((*name).into(), (*hash).into()));
    Users::new(pairs.collect(), 4)
}

fn claim(user: &str, password: &str) -> HeaderMap {
    let text = STANDARD.encode(format!("{user}:{password}"));
    let value = format!("Basic {text}").parse().unwrap();
    HeaderMap::from_iter([(AUTHORIZATION, value)])
}

/// Compares by equality, and counts.
fn counting() -> (Basic, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let compare = move |password: &[u8], hash: &str| {
        counted.fetch_add(1, Relaxed);
        password == hash.as_bytes()
    };
    (Basic::comparing(Arc::new(compare), now()).unwrap(), runs)
}

const NO: Result<(), StatusCode> = Err(StatusCode::UNAUTHORIZED);

#[tokio::test]
async fn real_hashes_of_each_kind_let_in_their_own_password_alone() {
    let basic = Basic::new(now()).unwrap();
    let made = bcrypt::hash_with_salt("secret", 4, [9; 16]).unwrap();
    for version in [
        bcrypt::Version::TwoA,
        bcrypt::Version::TwoB,
        bcrypt::Version::TwoY,
    ] {
        let hash = made.format_for_version(version);
        let users = users(&[("alice", &hash)]);
        assert_eq!(basic.admit(&claim("alice", "secret"), &users).await, Ok(()));
        assert_eq!(basic.admit(&claim("alice", "Secret"), &users).await, NO);
        assert_eq!(basic.admit(&claim("bob", "secret"), &users).await, NO);
        assert_eq!(basic.admit(&HeaderMap::new(), &users).await, NO);
    }
}

#[tokio::test]
async fn nobody_is_not_let_in_even_with_the_password_of_the_dummy() {
    let basic = Basic::new(now()).unwrap();
    let users = Users::new([("alice".to_owned(), "x".to_owned())].into(), 5);
    // "U*U" is what the salt and hash of the dummy were made from, at cost 5.
    assert!(bcrypt::verify("U*U", &users.nobody).unwrap());
    assert_eq!(basic.admit(&claim("bob", "U*U"), &users).await, NO);
    assert_eq!(basic.admit(&claim("bob", "U*U"), &users).await, NO);
}

#[tokio::test]
async fn the_same_claim_is_compared_once_and_again_when_the_hash_changes() {
    let (basic, runs) = counting();
    let first = users(&[("alice", "one")]);
    for _ in 0..3 {
        assert_eq!(basic.admit(&claim("alice", "one"), &first).await, Ok(()));
        assert_eq!(basic.admit(&claim("alice", "two"), &first).await, NO);
    }
    assert_eq!(runs.load(Relaxed), 2);
    let second = users(&[("alice", "two")]);
    assert_eq!(basic.admit(&claim("alice", "one"), &second).await, NO);
    assert_eq!(basic.admit(&claim("alice", "two"), &second).await, Ok(()));
    assert_eq!(runs.load(Relaxed), 4);
}

#[tokio::test]
async fn an_unknown_user_costs_one_comparison_like_a_known_one() {
    let (basic, runs) = counting();
    let users = users(&[("alice", "one")]);
    assert_eq!(basic.admit(&claim("bob", "one"), &users).await, NO);
    assert_eq!(runs.load(Relaxed), 1);
    assert_eq!(basic.admit(&claim("alice", "x"), &users).await, NO);
    assert_eq!(runs.load(Relaxed), 2);
    assert!(users.nobody.starts_with("$2b$04$"), "of the same cost");
}

#[tokio::test]
async fn one_comparison_runs_at_a_time_and_a_long_queue_is_refused() {
    let (go, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let (running, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let compare = move |_: &[u8], _: &str| {
        seen.fetch_max(running.fetch_add(1, Relaxed) + 1, Relaxed);
        gate.lock().unwrap().recv().unwrap();
        running.fetch_sub(1, Relaxed);
        true
    };
    let basic = Basic::comparing(Arc::new(compare), now()).unwrap();
    let users = users(&[("alice", "one")]);
    let mut waiting = Vec::new();
    for n in 0..MOST_WAITING {
        let (basic, users) = (basic.clone(), users.clone());
        let headers = claim("alice", &n.to_string());
        waiting.push(tokio::spawn(
            async move { basic.admit(&headers, &users).await },
        ));
    }
    while basic.0.waiting.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let refused = basic.admit(&claim("alice", "late"), &users).await;
    assert_eq!(refused, Err(StatusCode::SERVICE_UNAVAILABLE));
    for _ in 0..MOST_WAITING {
        go.send(()).unwrap();
    }
    for one in waiting {
        assert_eq!(one.await.unwrap(), Ok(()));
    }
    assert_eq!(most.load(Relaxed), 1);
}

#[test]
fn debug_output_shows_names_and_no_hash() {
    let shown = format!("{:?}", users(&[("alice", "$2b$marker")]));
    assert!(
        shown.contains("alice") && !shown.contains("marker"),
        "{shown}"
    );
}
