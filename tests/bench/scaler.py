#!/usr/bin/env python3
"""Measures kafka-lag-scaler before kube-sim: a webhook with one alert, repeats a second on one core, and a minute of garbage.

    cargo build --release -p kafka-lag-scaler -p kube-sim
    python3 tests/bench/scaler.py [SECONDS OF GARBAGE]        (default: 60)

Needs wrk (the Debian package "wrk") and taskset ("util-linux"). The scaler has one core to itself, everything else another.
The aims: p99 of a webhook with one alert at most 5 ms plus the API server's time; 2,000 deliveries a second of repeats; in the
minute of garbage no failed legitimate request. The API server's time is taken by a proxy in front of it, from the last byte of a
request to the first of its answer; what the proxy itself takes counts as the scaler's. On a machine that does other things as well
the times of the clock say little: the processor time of the scaler is printed beside them.
"""

import asyncio
import datetime
import http.client
import json
import multiprocessing
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RELEASE = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release")
GARBAGE = int(sys.argv[1]) if len(sys.argv) > 1 else 60
WORKLOADS, CLIENTS, WRK_SECONDS = 200, 100, 10
TOKEN = "bench-token"
HEADERS = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
PATH = "/webhook/alertmanager"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def until(what, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := what():
                return found
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit("it did not come true in time")
        time.sleep(0.05)


STARTED = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1)


def body(name):
    alert = {"status": "firing", "startsAt": STARTED.isoformat().replace("+00:00", "Z"), "endsAt": "0001-01-01T00:00:00Z",
             "labels": {"alertname": "Lag", "action": "scale-out", "namespace": "orders", "deployment": name},
             "annotations": {"value": "1.5e+05"}}
    return json.dumps({"version": "4", "status": "firing", "groupKey": "{}:{}", "alerts": [alert]})


class Client:
    """One connection that stays open."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def post(self, text):
        begin = time.perf_counter()
        self.connection.request("POST", PATH, text, HEADERS)
        answer = self.connection.getresponse()
        document = answer.read()
        return answer.status, json.loads(document), (time.perf_counter() - begin) * 1000


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def peak_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) / 1024


def processor_ms(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def proxy(port, behind, spent):
    """Passes bytes on, and adds up in `spent` how long the other side lets wait for its answers, in milliseconds."""

    async def serve(reader, writer):
        there, here = await asyncio.open_connection("127.0.0.1", behind)
        asked = [None]

        async def pass_on(source, sink, is_request):
            while piece := await source.read(1 << 20):
                if is_request:
                    asked[0] = time.perf_counter()
                elif asked[0]:
                    with spent.get_lock():
                        spent.value += (time.perf_counter() - asked[0]) * 1000
                    asked[0] = None
                sink.write(piece)
                await sink.drain()
            sink.close()

        await asyncio.gather(pass_on(reader, here, True), pass_on(there, writer, False), return_exceptions=True)

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(run())


def meter(middle, spent):
    """What eight calls cost beyond the API server's time when no scaler makes them: the proxy's own part of what `acting` prints."""
    request, rest = b"GET /version HTTP/1.1\r\nHost: sim\r\n\r\n", []
    with socket.create_connection(("127.0.0.1", middle)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(WORKLOADS):
            before, begin = spent.value, time.perf_counter()
            for _ in range(8):
                line.sendall(request)
                line.recv(1 << 16)
            took = (time.perf_counter() - begin) * 1000
            time.sleep(0.02)
            rest.append(took - (spent.value - before))
    print(f"the proxy's own part of eight calls: p50 {percentile(rest, .5):.2f} ms, p99 {percentile(rest, .99):.2f} ms")


def requests(sim):
    """How many requests kube-sim has had."""
    seen = json.loads(get(f"http://127.0.0.1:{sim}/-sim/requests"))
    return len(seen["requests"] if isinstance(seen, dict) else seen)


def acting(port, sim, pid, spent):
    """A new alert each time, each for a workload of its own, so that each acts."""
    client, times, rest = Client(port), [], []
    worked, earlier = processor_ms(pid), requests(sim)
    for number in range(WORKLOADS):
        before = spent.value
        status, document, took = client.post(body(f"w{number}"))
        assert status == 200 and document["results"][0]["result"] == "done", document
        times.append(took)
        time.sleep(0.02)
        rest.append(took - (spent.value - before))
    worked = (processor_ms(pid) - worked) / WORKLOADS
    calls = (requests(sim) - earlier) / WORKLOADS
    print(f"webhook with one alert that acts: {WORKLOADS} deliveries of {calls:.1f} calls, p50 {percentile(times, .5):.2f} ms, "
          f"p99 {percentile(times, .99):.2f} ms; beyond the API server's time p50 {percentile(rest, .5):.2f} ms, p99 "
          f"{percentile(rest, .99):.2f} ms; processor {worked:.2f} ms each")


def repeats(port, pid):
    """What was handled already, as fast as one core answers it."""
    script = os.path.join(WORK, "repeat.lua")
    text = body("w0")
    _, document, _ = Client(port).post(text)
    assert document["results"][0]["result"] == "repeat", document
    with open(script, "w") as out:
        out.write('wrk.method = "POST"\n')
        for name, value in HEADERS.items():
            out.write(f'wrk.headers["{name}"] = "{value}"\n')
        out.write(f"wrk.body = [[{text}]]\n")
    command = ["taskset", "-c", "1", "wrk", "-t1", "-c16", f"-d{WRK_SECONDS}s", "--latency", "-s", script,
               f"http://127.0.0.1:{port}{PATH}"]
    worked = processor_ms(pid)
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in said, said
    answered = int(re.search(r"(\d+) requests in", said).group(1))
    worked = (processor_ms(pid) - worked) / answered
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))
    slow = re.search(r"99%\s+(\S+)", said).group(1)
    print(f"repeats ({document['results'][0]['result']}): {rate:.0f} deliveries/s on one core, 16 connections, p99 {slow}, {WRK_SECONDS} s; processor "
          f"{worked * 1000:.0f} us each, so {1000 / worked:.0f}/s on a core of its own")


def garbage(port, seed, over):
    """A hundred clients: random bytes, slow heads and bodies, 100 MiB from strangers and from friends."""
    random.seed(seed)
    noise = random.randbytes(65536)
    clients = {}

    def start(kind):
        client = socket.create_connection(("127.0.0.1", port), timeout=1)
        client.setblocking(False)
        token = TOKEN if kind == 4 else "wrong"
        head = (f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\n"
                f"content-length: {100 << 20}\r\n\r\n").encode()
        if kind in (1, 3, 4):
            client.send(head)
        return client

    while not over.is_set():
        for number in range(CLIENTS):
            kind = number % 5
            try:
                client = clients.get(number)
                if client is None:
                    client = clients[number] = start(kind)
                piece = {0: noise[:4096], 1: b" ", 2: b"y"}.get(kind, noise)
                client.send(piece)
                if client.recv(4096) == b"":
                    raise OSError("closed")
            except BlockingIOError:
                pass
            except OSError:
                if client := clients.pop(number, None):
                    client.close()
        time.sleep(0.005)


def under_garbage(port, pid):
    over = multiprocessing.Event()
    worker = multiprocessing.Process(target=garbage, args=(port, 1, over))
    worker.start()
    times, failed, begin = [], 0, time.monotonic()
    text = body("w1")
    while time.monotonic() - begin < GARBAGE:
        try:
            # Each on a connection of its own, as one who has just come.
            status, _, took = Client(port).post(text)
            failed += status != 200
            times.append(took)
        except OSError as error:
            failed += 1
            print("failed:", error)
        time.sleep(0.02)
    over.set()
    worker.join()
    print(f"garbage of {CLIENTS} clients for {GARBAGE} s: {len(times)} legitimate requests, {failed} failed, p50 {percentile(times, .5):.2f} ms, "
          f"p99 {percentile(times, .99):.2f} ms, slowest {max(times):.0f} ms; peak memory of the scaler {peak_mib(pid):.1f} MiB")


def main():
    global WORK
    processes = []
    with tempfile.TemporaryDirectory() as WORK:
        sim, middle, port, spent = free_port(), free_port(), free_port(), multiprocessing.Value("d", 0)
        between = multiprocessing.Process(target=proxy, args=(middle, sim, spent), daemon=True)
        between.start()
        kubeconfig, config, token = (os.path.join(WORK, name) for name in ("kubeconfig", "scaler.yaml", "token"))
        deployments = ",".join(f"orders/w{number}=2" for number in range(WORKLOADS))
        processes.append(subprocess.Popen(
            ["taskset", "-c", "1", os.path.join(RELEASE, "kube-sim"), "--web.listen-address", f"127.0.0.1:{sim}", "--kubeconfig-out",
             kubeconfig, "--deployment", deployments], stdout=subprocess.DEVNULL))
        with open(token, "w") as out:
            out.write(TOKEN)
        with open(config, "w") as out:
            out.write(f"log: {{level: warn}}\nscaler:\n  ledger: {{configmap: ops/ledger}}\n  webhook: {{bearer_token_files: [{token}]}}\n  targets:\n")
            for number in range(WORKLOADS):
                out.write(f"    - {{namespace: orders, kind: Deployment, name: w{number}, max_replicas: 10, cooldown: 1h}}\n")
        try:
            until(lambda: os.path.exists(kubeconfig) and get(f"http://127.0.0.1:{sim}/-sim/changes"))
            with open(kubeconfig) as file:
                text = file.read().replace(f":{sim}", f":{middle}")
            with open(kubeconfig, "w") as file:
                file.write(text)
            log = open(os.path.join(WORK, "log"), "w")
            scaler = subprocess.Popen(["taskset", "-c", "0", os.path.join(RELEASE, "kafka-lag-scaler"), "--config.file", config, "--kubeconfig",
                                       kubeconfig, "--web.listen-address", f"127.0.0.1:{port}"], stderr=log)
            processes.append(scaler)
            until(lambda: get(f"http://127.0.0.1:{port}/readyz"))
            os.sched_setaffinity(0, {1})
            print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors before the start")
            meter(middle, spent)
            acting(port, sim, scaler.pid, spent)
            repeats(port, scaler.pid)
            under_garbage(port, scaler.pid)
        finally:
            for process in processes:
                process.terminate()
                process.wait()


if __name__ == "__main__":
    main()
