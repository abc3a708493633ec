#!/usr/bin/env python3
"""Measures `kafka-lag show` and `kafka-lag check --act`, as whole processes, against the simulator with 1,000 groups.

Usage: cargo build --release -p kafka-lag -p cms-sim && tests/bench/kafka_lag.py [TARGET/release]

Needs /usr/bin/time (the Debian package "time"). The check has a policy, a target and a state file, and nothing to do.
Prints for each command the median and the largest wall time of 20 runs, and the largest peak memory. The aims are 50 ms
and 15 MiB for show, 60 ms and 20 MiB for check.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

RELEASE = sys.argv[1] if len(sys.argv) > 1 else "target/release"
GROUPS, RUNS = 1000, 20
COMMANDS = [["show"], ["check", "--act"]]
POLICY = """\
check:
  policy: {breach_above: 4000000000}
targets:
- groups: ["glob:*"]
  namespace: orders
  kind: Deployment
  name: consumer
  min_replicas: 1
  max_replicas: 10
"""

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % probe.getsockname()[1]

work = tempfile.TemporaryDirectory()
policy = os.path.join(work.name, "check.yaml")
with open(policy, "w") as file:
    file.write(POLICY)
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
        "KAFKA_LAG_CONFIG_FILE": policy,
        "KAFKA_LAG_STATE_FILE": os.path.join(work.name, "check.json"),
    }
    for arguments in COMMANDS:
        command = [RELEASE + "/kafka-lag"] + arguments
        walls = []
        for _ in range(RUNS):
            before = time.perf_counter()
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
            walls.append(time.perf_counter() - before)
        # A child of Python's own would start with the memory of Python.
        peaks = [
            int(subprocess.run(
                ["/usr/bin/time", "-f", "%M"] + command,
                env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True, text=True,
            ).stderr)
            for _ in range(3)
        ]
        print("kafka-lag %s, %d groups" % (" ".join(arguments), GROUPS))
        print("  wall, median      %.1f ms" % (statistics.median(walls) * 1000))
        print("  wall, largest     %.1f ms" % (max(walls) * 1000))
        print("  peak memory       %.1f MiB" % (max(peaks) / 1024))
finally:
    cloud.terminate()
    cloud.wait()
    work.cleanup()
