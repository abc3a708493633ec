#!/usr/bin/env python3
"""Measures what autoscalers read, over TLS, at 20,000 groups: requests a second on one core, latency, memory.

    cargo build --release -p kafka-lag-exporter -p cms-sim -p kube-sim -p kafka-lag
    python3 tests/bench/feeds.py [GROUPS]        (default: 20000)

Needs wrk (the Debian package "wrk"), h2load ("nghttp2-client") and taskset ("util-linux"). The exporter has one core to
itself, the load another. The floor in the same run is /healthz of the same port: TLS and HTTP without an answer to find.
wrk has no client certificate, so it comes with a bearer token, in the mode `delegated`; the API server's answer about
the token is cached for ten seconds, as always. The aims are 5,000 requests a second, 1 ms at the 99th percentile, and at
most 20 MiB more than the exporter without these faces.
"""

import json
import os
import re
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RELEASE = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release")
GROUPS = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
INSTANCE = "alikafka_pre-cn-sim00000001"
SECONDS = 8
API = "/apis/external.metrics.k8s.io/v1beta1/namespaces/orders/"
GROUP = f"group-{GROUPS // 2 + 1:06}_docking_analog"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, data=None, method=None):
    request = urllib.request.Request(url, data=data, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def until(what, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := what():
                return found
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit("it did not come true in time")
        time.sleep(0.1)


def memory_mib(pid, key):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(rf"{key}:\s+(\d+) kB", status.read()).group(1)) / 1024


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stderr=subprocess.DEVNULL)


class World:
    """The cloud, the API server and the exporter, one of each."""

    def __init__(self, work, faces):
        self.processes, self.web = [], free_port()
        sim = free_port()
        self.start("cms-sim", "--listen-address", f"127.0.0.1:{sim}", "--groups", str(GROUPS), "--rate-limit", "0",
                   "--publication-delay", "1s")
        until(lambda: get(f"http://127.0.0.1:{sim}/_sim/state"))
        arguments = []
        if faces:
            arguments = self.faces(work)
        self.exporter = self.start(
            "kafka-lag-exporter", "--cms.endpoint", f"http://127.0.0.1:{sim}", "--cms.region", "bench", "--cms.instance",
            INSTANCE, "--web.listen-address", f"127.0.0.1:{self.web}", "--cms.rate-limit", "50",
            "--budget.requests-per-month", "none", "--collect.schedule", "fixed", *arguments, core="0",
        )
        until(lambda: get(f"http://127.0.0.1:{self.web}/readyz"))

    def faces(self, work):
        kube, self.external, self.keda = free_port(), free_port(), free_port()
        kubeconfig = os.path.join(work, "kubeconfig")
        self.start("kube-sim", "--web.listen-address", f"127.0.0.1:{kube}", "--kubeconfig-out", kubeconfig)
        until(lambda: get(f"http://127.0.0.1:{kube}/-sim/state"))
        ca, key = os.path.join(work, "ca.crt"), os.path.join(work, "ca.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=front-proxy-ca", "-keyout", key, "-out", ca)
        with open(ca) as file:
            pem = file.read()
        get(f"http://127.0.0.1:{kube}/-sim/objects", json.dumps({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
            "data": {"client-ca-file": "", "requestheader-client-ca-file": pem,
                     "requestheader-allowed-names": '["front-proxy-client"]',
                     "requestheader-username-headers": '["X-Remote-User"]',
                     "requestheader-group-headers": '["X-Remote-Group"]',
                     "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]'},
        }).encode())
        get(f"http://127.0.0.1:{kube}/-sim/tokens", json.dumps([{"token": "bench-token", "user": "bench"}]).encode(), "PUT")
        serving = os.path.join(work, "serving")
        subprocess.run([os.path.join(RELEASE, "kafka-lag"), "generate", "serving-cert", "--service", "kafka-lag",
                        "--namespace", "bench", "--out-dir", serving], check=True, stdout=subprocess.DEVNULL)
        config = os.path.join(work, "lag.yaml")
        with open(config, "w") as file:
            file.write('recommend:\n  - {groups: ["glob:*"], base: 2, max: 5, back_at: 50000, '
                       "steps: [{above: 100000, add: 1}, {above: 150000, add: 2}]}\n")
        return ["--config.file", config, "--kubeconfig", kubeconfig,
                "--external-metrics.listen-address", f"127.0.0.1:{self.external}",
                "--external-metrics.auth", "delegated",
                "--external-metrics.tls-cert-file", os.path.join(serving, "tls.crt"),
                "--external-metrics.tls-key-file", os.path.join(serving, "tls.key"),
                "--keda.listen-address", f"127.0.0.1:{self.keda}"]

    def start(self, name, *arguments, core=None):
        command = [os.path.join(RELEASE, name), *arguments]
        if core:
            command = ["taskset", "-c", core, *command]
        process = subprocess.Popen(
            command, env={"PATH": os.environ["PATH"], "ALIBABA_CLOUD_ACCESS_KEY_ID": "sim-key-id",
                          "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "sim-key-secret"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(10)

    def memory(self):
        return memory_mib(self.exporter.pid, "VmRSS"), memory_mib(self.exporter.pid, "VmHWM")


def scrape(world):
    request = urllib.request.Request(f"http://127.0.0.1:{world.web}/metrics", headers={"Accept-Encoding": "gzip"})
    for _ in range(3):
        urllib.request.urlopen(request, timeout=30).read()


def wrk(url, connections):
    said = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency",
         "-H", "Authorization: Bearer bench-token", url],
        check=True, capture_output=True, text=True,
    ).stdout
    if "Non-2xx" in said:
        raise SystemExit(said)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    return rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def field(number, text):
    data = text.encode()
    return bytes([number << 3 | 2, len(data)]) + data


def grpc_body(work):
    pair = lambda key, value: field(1, key) + field(2, value)
    wrap = lambda number, data: bytes([number << 3 | 2]) + bytes([len(data)]) + data
    metadata = b"".join(wrap(3, pair(*entry)) for entry in
                        (("consumerGroup", GROUP), ("instanceId", INSTANCE), ("lagThreshold", "50000")))
    reference = field(1, "consumer") + field(2, "orders") + metadata
    # Above 127 bytes a length takes two.
    length = bytes([len(reference)]) if len(reference) < 128 else bytes([len(reference) & 127 | 128, len(reference) >> 7])
    message = bytes([1 << 3 | 2]) + length + reference
    path = os.path.join(work, "request.bin")
    with open(path, "wb") as file:
        file.write(struct.pack(">BI", 0, len(message)) + message)
    return path


def h2load(world, work, streams):
    said = subprocess.run(
        ["taskset", "-c", "1", "h2load", "-t1", "-c1", f"-m{streams}", f"-n{60000 if streams > 1 else 20000}",
         "-d", grpc_body(work), "-H", "content-type: application/grpc", "-H", "te: trailers", "--log-file", os.path.join(work, "h2.log"),
         f"http://127.0.0.1:{world.keda}/externalscaler.ExternalScaler/GetMetrics"],
        check=True, capture_output=True, text=True,
    ).stdout
    failed = re.search(r"(\d+) failed, (\d+) errored", said).groups()
    if failed != ("0", "0"):
        raise SystemExit(said)
    rate = float(re.search(r"finished in .*?, ([\d.]+) req/s", said).group(1))
    with open(os.path.join(work, "h2.log")) as log:
        times = sorted(int(line.split("\t")[2]) / 1000 for line in log)
    os.remove(os.path.join(work, "h2.log"))
    return rate, times[len(times) * 99 // 100]


def main():
    with tempfile.TemporaryDirectory() as work:
        with World(work, faces=False) as plain:
            scrape(plain)
            plain_rss, plain_peak = plain.memory()
        with World(work, faces=True) as world:
            scrape(world)
            base = f"https://127.0.0.1:{world.external}"
            one = f"{base}{API}kafka_consumer_message_accumulation?labelSelector=consumer_group%3D{GROUP}"
            advice = f"{base}{API}kafka_lag_recommended_replicas?labelSelector=consumer_group%3D{GROUP}"
            print(f"{GROUPS} groups, one core for the exporter, {SECONDS} s each")
            print("| what | requests/s, 8 connections | requests/s, 1 | p99 ms, 1 | ratio to the floor |")
            print("|---|---|---|---|---|")
            floor = None
            for name, url in (("floor: /healthz over TLS", f"{base}/healthz"), ("external metrics, one group", one),
                              ("external metrics, recommended replicas", advice)):
                many, (rate, p99) = wrk(url, 8)[0], wrk(url, 1)
                floor = floor or many
                print(f"| {name} | {many:.0f} | {rate:.0f} | {p99:.2f} | {many / floor:.2f} |", flush=True)
            many, (rate, p99) = h2load(world, work, 8)[0], h2load(world, work, 1)
            print(f"| KEDA GetMetrics, one channel | {many:.0f} (8 streams) | {rate:.0f} | {p99:.2f} | |", flush=True)
            scrape(world)
            rss, peak = world.memory()
            print(f"memory: plain exporter {plain_rss:.1f} MiB (peak {plain_peak:.1f}); all faces, after the load "
                  f"{rss:.1f} (peak {peak:.1f}): {rss - plain_rss:+.1f} MiB")


if __name__ == "__main__":
    main()
