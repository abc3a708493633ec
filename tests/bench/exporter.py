#!/usr/bin/env python3
"""Measures the whole exporter against the simulated cloud: calls, CPU and memory per cycle, time of a scrape.

    cargo build --release -p kafka-lag-exporter -p cms-sim
    python3 tests/bench/exporter.py [GROUPS ...]        (default: 10 1000 20000)

Needs Linux (/proc) and nothing but the standard library. Both programs run on loopback. A cycle is one collection; its
CPU is what the kernel accounts to the exporter between two collections, so it includes HTTP, JSON and the board, and,
in the rows "scraped", one gzip scrape per cycle as Prometheus does it.
"""

import gzip
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(ROOT, "target", "release")
CYCLES = 10
TICK = os.sysconf("SC_CLK_TCK")


def start(name, *args, env=None):
    return subprocess.Popen(
        [os.path.join(BIN, name), *args],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
        env={"PATH": "/usr/bin", **(env or {})},
    )


def wait_for(stream, pattern):
    for line in stream:
        found = re.search(pattern, line)
        if found:
            return found.group(1)
    raise SystemExit(f"ended before it printed {pattern}")


def get(port, path, headers=None, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, headers=headers or {})
    body = connection.getresponse().read()
    connection.close()
    return body


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    # Scheduler time where the kernel has it: finer than clock ticks.
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as schedstat:
            total += int(schedstat.read().split()[0])
    return total / 1e9 if total else (int(fields[11]) + int(fields[12])) / TICK


def memory_mib(pid, key):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(rf"{key}:\s+(\d+) kB", status.read()).group(1)) / 1024


def measure(groups, scraped):
    sim = start("cms-sim", "--listen-address", "127.0.0.1:0", "--groups", str(groups), "--rate-limit", "0",
                "--access-key-id", "id", "--access-key-secret", "secret", "--publication-delay", "1s")
    url = wait_for(sim.stdout, r"listening on (http://\S+)")
    sim_port = int(url.rsplit(":", 1)[1])
    exporter = start(
        "kafka-lag-exporter", "--cms.endpoint", url, "--cms.region", "bench", "--cms.instance",
        "alikafka_pre-cn-sim00000001", "--web.listen-address", "127.0.0.1:0", "--cms.rate-limit", "50",
        "--collect.interval", "4s", "--budget.requests-per-month", "none", "--collect.schedule", "fixed", "--log.level", "debug",
        env={"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"},
    )
    pid = exporter.pid
    try:
        port = int(wait_for(exporter.stderr, r"listening address=127.0.0.1:(\d+)"))
        wait_for(exporter.stderr, r"msg=collected .*points=(\d+)")
        if scraped:
            get(port, "/metrics", {"Accept-Encoding": "gzip"})
        wait_for(exporter.stderr, r"msg=collected .*points=(\d+)")
        if scraped:
            get(port, "/metrics", {"Accept-Encoding": "gzip"})
        cpu, calls, wall, points = [], [], [], 0
        for _ in range(CYCLES):
            before_calls = json.loads(get(sim_port, "/_sim/state"))["counters"]["calls"]
            before = cpu_seconds(pid)
            line = ""
            for line in exporter.stderr:
                if "msg=collected " in line:
                    break
            points = int(re.search(r"points=(\d+)", line).group(1))
            wall.append(int(re.search(r"duration_ms=(\d+)", line).group(1)))
            if scraped:
                get(port, "/metrics", {"Accept-Encoding": "gzip"})
            time.sleep(0.3)  # whatever follows a collection belongs to its cycle
            cpu.append(cpu_seconds(pid) - before)
            calls.append(json.loads(get(sim_port, "/_sim/state"))["counters"]["calls"] - before_calls)
        scrapes = {}
        for name, headers in (("identity", {}), ("gzip", {"Accept-Encoding": "gzip"})):
            if name == "identity" and scraped:
                continue
            if name == "gzip" and not scraped:
                continue
            times = []
            for _ in range(20):
                began = time.perf_counter()
                body = get(port, "/metrics", headers)
                times.append((time.perf_counter() - began) * 1000)
            text = gzip.decompress(body) if name == "gzip" else body
            series = text.count(b"\nkafka_consumer_message_accumulation{")
            assert series == groups, (series, groups)
            scrapes[name] = (times[0], statistics.median(times), max(times), len(body))
        return {
            "groups": groups, "scraped": scraped, "points": points,
            "calls": statistics.median(calls), "cpu": statistics.median(cpu), "wall": statistics.median(wall),
            "peak": memory_mib(pid, "VmHWM"), "rss": memory_mib(pid, "VmRSS"), "scrapes": scrapes,
        }
    finally:
        for process in (exporter, sim):
            process.terminate()
        for process in (exporter, sim):
            process.wait(10)


def main():
    sizes = [int(size) for size in sys.argv[1:]] or [10, 1000, 20000]
    print("| groups | points | calls | CPU s per cycle | collection ms | peak MiB | RSS MiB | scrape ms: first, median, worst (bytes) |")
    print("|---|---|---|---|---|---|---|---|")
    for groups in sizes:
        for scraped in (False, True):
            row = measure(groups, scraped)
            scrapes = "; ".join(
                f"{name} {first:.1f}, {median:.1f}, {worst:.1f} ({size})"
                for name, (first, median, worst, size) in row["scrapes"].items()
            )
            label = f"{groups}, scraped" if scraped else f"{groups}"
            print(f"| {label} | {row['points']} | {row['calls']:.0f} | {row['cpu']:.4f} | {row['wall']:.0f} | "
                  f"{row['peak']:.1f} | {row['rss']:.1f} | {scrapes} |", flush=True)


if __name__ == "__main__":
    main()
