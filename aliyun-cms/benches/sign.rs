//! What one signature costs.

use std::hint::black_box;

use aliyun_cms::sign::{acs3, rpc};
use criterion::{Criterion, criterion_group, criterion_main};
use secrecy::SecretString;

const PARAMS: [(&str, &str); 12] = [
    ("AccessKeyId", "dummy-key-id-for-tests"),
    ("Action", "DescribeMetricList"),
    ("Dimensions", r#"{"instanceId":"i-0123456789"}"#),
    ("EndTime", "1768465800000"),
    ("Length", "1440"),
    ("MetricName", "CPUUtilization"),
    ("Namespace", "acs_ecs_dashboard"),
    ("Period", "60"),
    ("SignatureMethod", "HMAC-SHA1"),
    ("SignatureNonce", "8f0b5f2c-7c1e-4d0a-9a55-3c7e0f4b2d11"),
    ("StartTime", "1768465500000"),
    ("Timestamp", "2026-01-15T08:30:00Z"),
];

fn sign(c: &mut Criterion) {
    let secret = SecretString::from("dummy-secret-for-tests");
    c.bench_function("v1", |b| {
        b.iter(|| {
            let canonical = rpc::canonical_query(black_box(PARAMS));
            rpc::signature(&secret, &rpc::string_to_sign("POST", &canonical))
        });
    });
    let headers = [
        ("host", "metrics.cn-hangzhou.aliyuncs.com"),
        ("x-acs-action", "DescribeMetricList"),
        ("x-acs-version", "2019-01-01"),
        ("x-acs-date", "2026-01-15T08:30:00Z"),
        (
            "x-acs-signature-nonce",
            "8f0b5f2c-7c1e-4d0a-9a55-3c7e0f4b2d11",
        ),
    ];
    c.bench_function("v3", |b| {
        b.iter(|| {
            let payload = acs3::hashed_payload(b"");
            let query = acs3::canonical_query(black_box(PARAMS));
            let request = acs3::canonical_request("POST", "/", &query, headers, &payload);
            acs3::signature(&secret, &acs3::string_to_sign(&request))
        });
    });
}

criterion_group!(benches, sign);
criterion_main!(benches);
