#!/usr/bin/env python3
"""Measures `kafka-lag show` as a whole process against the simulator with 1,000 groups.

Usage: cargo build --release -p kafka-lag -p cms-sim && tests/bench/show.py [TARGET/release]

Needs /usr/bin/time (the Debian package "time"). Prints the median and the largest wall time of 20 runs, and the largest peak memory. The aim is 50 ms and 15 MiB.
"""

import socket
import statistics
import subprocess
import sys
import time
import urllib.request

RELEASE = sys.argv[1] if len(sys.argv) > 1 else "target/release"
GROUPS, RUNS = 1000, 20

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % probe.getsockname()[1]

cloud = subprocess.Popen(
    [RELEASE + "/cms-sim", "--listen-address", address, "--groups", str(GROUPS), "--rate-limit", "0"],
    env={}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
)
try:
    for _ in range(100):
        try:
            urllib.request.urlopen("http://%s/_sim/state" % address).read()
            break
        except OSError:
            time.sleep(0.05)
    environment = {
        "HOME": "/nonexistent",
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "sim-key-id",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "sim-key-secret",
        "KAFKA_LAG_CMS_ENDPOINT": "http://" + address,
        "KAFKA_LAG_CMS_REGION": "cn-hangzhou",
        "KAFKA_LAG_CMS_INSTANCE": "alikafka_pre-cn-sim00000001",
    }
    walls = []
    for _ in range(RUNS):
        before = time.perf_counter()
        subprocess.run([RELEASE + "/kafka-lag", "show"], env=environment, stdout=subprocess.DEVNULL, check=True)
        walls.append(time.perf_counter() - before)
    # A child of Python's own would start with the memory of Python.
    peaks = [
        int(subprocess.run(
            ["/usr/bin/time", "-f", "%M", RELEASE + "/kafka-lag", "show"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True, text=True,
        ).stderr)
        for _ in range(3)
    ]
finally:
    cloud.terminate()
    cloud.wait()

print("groups            %d" % GROUPS)
print("wall, median      %.1f ms" % (statistics.median(walls) * 1000))
print("wall, largest     %.1f ms" % (max(walls) * 1000))
print("peak memory       %.1f MiB" % (max(peaks) / 1024))
