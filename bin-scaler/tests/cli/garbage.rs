//! A hundred clients that send what nobody wants, and one that is served all the while.

use crate::{
    harness::{CONFIG, World, alert},
    http,
};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

const CLIENTS: u32 = 100;
const FOR: Duration = Duration::from_secs(4);
const GOOD: &str = "Bearer good-TESTonly";
/// In a debug build, with all else that runs on the machine.
const SLOWEST: Duration = Duration::from_secs(10);
const MOST_MEMORY: u64 = 256 << 20;

/// One connection of the kind that goes with its number.
fn garbage(address: SocketAddr, number: u32, over: &AtomicBool) {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(2)) else {
        return;
    };
    let pause = Some(Duration::from_millis(100));
    let _ = stream.set_write_timeout(pause);
    let _ = stream.set_read_timeout(pause);
    let head = |token: &str, length: u64| {
        format!(
            "POST /webhook/alertmanager HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: \
             {token}\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let noise: Vec<u8> = (0..4096_u32)
        .map(|n| {
            u8::try_from((n.wrapping_mul(2_654_435_761_u32.wrapping_add(number))) >> 24)
                .unwrap_or(0)
        })
        .collect();
    match number % 5 {
        // Random bytes.
        0 => while !over.load(Relaxed) && stream.write_all(&noise).is_ok() {},
        // A body of somebody unknown that never comes.
        1 => {
            let _ = stream.write_all(head("Bearer wrong", 1_000_000).as_bytes());
            let mut answer = [0; 64];
            let _ = stream.read(&mut answer);
        }
        // A head that never ends.
        2 => {
            let _ = stream.write_all(b"POST /hpa HTTP/1.1\r\nx: ");
            while !over.load(Relaxed) && stream.write_all(b"y").is_ok() {
                thread::park_timeout(Duration::from_millis(50));
            }
        }
        // 100 MiB by somebody unknown, and by somebody known, both announced.
        3 => {
            let _ = stream.write_all(head("Bearer wrong", 100 << 20).as_bytes());
            while !over.load(Relaxed) && stream.write_all(&noise).is_ok() {}
        }
        _ => {
            let _ = stream.write_all(head(GOOD, 100 << 20).as_bytes());
            while !over.load(Relaxed) && stream.write_all(&noise).is_ok() {}
        }
    }
}

#[test]
fn garbage_takes_nothing_from_those_who_may() {
    let world = World::new("");
    let token = world.write("token", "good-TESTonly");
    let webhook = format!(
        "  webhook:\n    bearer_token_files: [{}]\n",
        token.display()
    );
    world.write("scaler.yaml", &format!("{CONFIG}{webhook}"));
    let running = world.start();
    let address = running.address;
    let (over, body) = (AtomicBool::new(false), alert("Lag", "firing"));
    let mut slowest = Duration::ZERO;
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let over = &over;
            scope.spawn(move || {
                while !over.load(Relaxed) {
                    garbage(address, number, over);
                }
            });
        }
        let begin = Instant::now();
        let mut served = 0;
        while begin.elapsed() < FOR || served < 3 {
            let asked = Instant::now();
            let headers = [("authorization", GOOD)];
            let reply = http::post(address, "/webhook/alertmanager", &headers, &body);
            slowest = slowest.max(asked.elapsed());
            served += 1;
            if reply.status != 200 || slowest > SLOWEST {
                over.store(true, Relaxed);
                panic!(
                    "number {served}: {} after {:?}: {}",
                    reply.status,
                    asked.elapsed(),
                    reply.text()
                );
            }
        }
        over.store(true, Relaxed);
        println!(
            "{served} served, the slowest in {slowest:?}, peak {} MiB",
            running.peak() >> 20
        );
    });
    assert_eq!(world.steps(), 1);
    let peak = running.peak();
    assert!(peak < MOST_MEMORY, "{peak} bytes");
}
