#!/usr/bin/env python3
"""Starts containers as rendered objects say, with the real programs, for tests/e2e/chart.sh.

Runs in a network namespace of its own, so that ports are those of the objects. What differs from a pod: folders of volumes
lie below a folder of this run, sources ask cms-sim, and the cluster is kube-sim. One line per proof, as the script has them.

Usage: chart_pods.py WORK PROGRAMS, where WORK holds the rendered files and certificates, and PROGRAMS the binaries.
"""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import yaml

from chart import fits, grants, load, pod_of

WORK, PROGRAMS = Path(sys.argv[1]), Path(sys.argv[2])
SIM, KUBE = "http://127.0.0.1:18080", "http://127.0.0.1:18081"
INSTANCE = "alikafka_pre-cn-sim00000001"
LAG = "kafka_consumer_message_accumulation"
ROBOT = "https://oapi.dingtalk.com/robot/send?access_token=sim-robot"
RUNNING = []
FAILED = False


def proof(name, truth, detail=""):
    global FAILED
    FAILED |= not truth
    print(f"{'ok   ' if truth else 'FAIL '}{name}{'' if truth or not detail else f': {detail}'}", flush=True)
    return truth


def ask(url, method="GET", data=None, headers=None, context=None):
    """(status, text); (0, why) without an answer."""
    data = data.encode() if isinstance(data, str) else data
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (OSError, ssl.SSLError) as error:
        return 0, str(error)


def within(seconds, what):
    """What `what` says at last: as soon as it says something, or after the time."""
    end = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def start(name, argv, env):
    log = open(WORK / f"{name}.log", "ab")
    one = subprocess.Popen(argv, env=env, stdout=log, stderr=log)
    RUNNING.append(one)
    return one


def stop(one):
    one.send_signal(signal.SIGTERM)
    code = one.wait(20)
    RUNNING.remove(one)
    return code


class Pod:
    """The first container of a workload, ready to run."""

    def __init__(self, objects, kind, name, secrets, edit=lambda config: None):
        one = next(one for one in objects if one["kind"] == kind and one["metadata"]["name"] == name)
        self.edit = edit
        self.objects, (self.meta, self.spec) = objects, pod_of(one)
        self.name, self.container = f"{kind}-{name}", self.spec["containers"][0]
        self.root = WORK / "pods" / self.name
        maps = {o["metadata"]["name"]: o["data"] for o in objects if o["kind"] == "ConfigMap"}
        volumes = {volume["name"]: volume for volume in self.spec.get("volumes", [])}
        mounts = self.container.get("volumeMounts", [])
        self.folders = {mount["mountPath"]: str(self.root / mount["mountPath"].lstrip("/")) for mount in mounts}
        for mount in mounts:
            volume = volumes[mount["name"]]
            files = {}
            if "configMap" in volume:
                files = maps[volume["configMap"]["name"]]
            elif "secret" in volume:
                files = secrets[volume["secret"]["secretName"]]
                if items := volume["secret"].get("items"):
                    files = {item["path"]: files[item["key"]] for item in items}
            place = Path(self.folders[mount["mountPath"]])
            if sub := mount.get("subPath"):
                files, place = {place.name: files[sub]}, place.parent
            place.mkdir(parents=True, exist_ok=True)
            for file, text in files.items():
                (place / file).write_text(self.moved(self.pointed(text) if file.endswith(".yaml") else text))
        self.env = {"KAFKA_LAG_KUBECONFIG": str(WORK / "kubeconfig")}
        for variable in self.container.get("env", []):
            value = variable.get("value")
            if source := variable.get("valueFrom", {}).get("secretKeyRef"):
                value = secrets[source["name"]][source["key"]]
            elif source := variable.get("valueFrom", {}).get("fieldRef"):
                value = {"status.podIP": "127.0.0.1"}[source["fieldPath"]]
            self.env[variable["name"]] = self.moved(value)
        command = self.container.get("command", ["/usr/bin/kafka-lag-exporter"])  # the image's entrypoint
        self.argv = [str(PROGRAMS / Path(command[0]).name), *command[1:], *map(self.moved, self.container.get("args", []))]
        assert command[0].startswith("/usr/bin/"), command

    def moved(self, text):
        for there, here in sorted(self.folders.items(), reverse=True):
            text = re.sub(rf"(?<![\w/.-]){re.escape(there)}\b", here, text)
        return text

    def pointed(self, text):
        """The file with cms-sim in place of the cloud and of robots."""
        config = yaml.safe_load(text)
        self.edit(config)
        for source in config.get("sources", []):
            source["endpoint"] = SIM
        for notifier in config.get("notifiers", []):
            notifier["endpoint"] = SIM
        return yaml.safe_dump(config, allow_unicode=True)

    def start(self, **env):
        return start(self.name, self.argv, self.env | env)

    def run(self, **env):
        """(code, what it said)."""
        done = subprocess.run(self.argv, env=self.env | env, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def port(self, port):
        names = {one["name"]: one["containerPort"] for one in self.container.get("ports", [])}
        if isinstance(port, int):
            assert port in names.values(), f"no container port {port}"
            return port
        return names[port]

    def probe(self, key, context=None):
        get = self.container[key]["httpGet"]
        scheme = get.get("scheme", "HTTP").lower()
        return ask(f"{scheme}://127.0.0.1:{self.port(get['port'])}{get['path']}", context=context)

    def through(self, service, port):
        """Address of a container port as a Service leads to it."""
        spec = next(o["spec"] for o in self.objects if o["kind"] == "Service" and o["metadata"]["name"] == service)
        assert fits(spec["selector"], self.meta["labels"]), f"{service} selects other pods"
        entry = next(one for one in spec["ports"] if one["port"] == port)
        return f"127.0.0.1:{self.port(entry['targetPort'])}"


def unverified(cert=None):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if cert:
        context.load_cert_chain(WORK / f"{cert}.crt", WORK / f"{cert}.key")
    return context


def pem(name):
    return (WORK / name).read_text()


def lag(group, value, instance=INSTANCE):
    ask(f"{SIM}/_sim/groups/{instance}/{group}", "PUT", json.dumps({"scenario": "constant", "lag": value}))


def asked_within(rendered, since):
    """Requests to kube-sim that no rendered Role allows."""
    allowed = {right[:1] + right[2:] for right in grants(rendered)}
    verbs = {"PUT": "update", "PATCH": "patch", "POST": "create", "DELETE": "delete"}
    missing, count = set(), 0
    for one in json.loads(ask(f"{KUBE}/-sim/requests")[1])[since:]:
        if one["path"].startswith("/-sim/"):
            continue
        path = one["path"].split("?")[0]
        found = re.match(r"/apis?/(?:[^/]+/)?v[^/]+/namespaces/([^/]+)/([^/]+)(?:/([^/]+))?(?:/([^/]+))?$", path)
        if not found:
            assert "selfsubjectaccessreviews" in path, one
            continue
        namespace, resource, name, sub = found.groups()
        resource += f"/{sub}" if sub else ""
        verb = verbs.get(one["method"]) or ("get" if name else "list")
        count += 1
        if not {(namespace, resource, name, verb), (namespace, resource, None, verb)} & allowed:
            missing.add((namespace, resource, name, verb))
    return missing, count


def requests():
    return len(json.loads(ask(f"{KUBE}/-sim/requests")[1]))


# --- scenes ----------------------------------------------------------------------------------------------------------------

KEYS = {"accessKeyID": "sim-key-id", "accessKeySecret": "sim-key-secret"}


def minimal():
    objects = load(WORK / "minimal.yaml")
    pod = Pod(objects, "Deployment", "kafka-lag", {"aliyun-secrets": KEYS})
    one = pod.start()
    proof("minimal: its readiness probe answers", within(15, lambda: pod.probe("readinessProbe")[0] == 200))
    proof("minimal: its liveness probe answers", pod.probe("livenessProbe")[0] == 200)
    page = within(15, lambda: (p := ask(f"http://{pod.through('kafka-lag', 9876)}/metrics")[1]) and f"{LAG}{{" in p and p)
    proof("minimal: the Service leads to metrics with lag", page)
    code, said = Pod(objects, "Pod", "kafka-lag-test-doctor", {"aliyun-secrets": KEYS}).run()
    proof("minimal: the pod of helm test ends well", code == 0, said)
    code, said = Pod(objects, "Pod", "kafka-lag-test-doctor", {"aliyun-secrets": KEYS | {"accessKeyID": "other"}}).run()
    proof("minimal: with a wrong key it does not, and says why", code == 1 and "key" in said.lower(), said)
    proof("minimal: it ends with 0", stop(one) == 0)


def keda():
    objects = load(WORK / "keda.yaml")
    secrets = {
        "ram-user": {"id": "sim-key-id", "secret": "sim-key-secret", "token": ""},
        "kafka-lag-keda-tls": {"tls.crt": pem("serving/tls.crt"), "tls.key": pem("serving/tls.key"), "ca.crt": pem("client-ca.crt")},
    }
    pod = Pod(objects, "Deployment", "kafka-lag", secrets)
    one = pod.start()
    proof("keda: its probes answer at the port of the file", within(15, lambda: pod.probe("readinessProbe")[0] == 200))
    page = within(15, lambda: (p := ask(f"http://{pod.through('kafka-lag', 9876)}/lag")[1]) and f"{LAG}{{" in p and p)
    proof("keda: port 9876 of the Service leads to /lag on 19876", page)
    host, port = pod.through("kafka-lag", 6000).split(":")
    def hello(context):
        import socket
        context.set_alpn_protocols(["h2"])
        try:
            with context.wrap_socket(socket.create_connection((host, int(port)), 5), server_hostname="kafka-lag") as tls:
                tls.settimeout(2)
                tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
                return tls.recv(9)[3:4] == b"\4"  # a SETTINGS frame
        except OSError:
            return False
    proof("keda: port 6000 speaks HTTP/2 to a client with a certificate", hello(unverified("keda-client")))
    proof("keda: and to nobody without one", not hello(unverified()))
    proof("keda: it ends with 0", stop(one) == 0)


def ha():
    objects = load(WORK / "ha.yaml")
    secrets = {"kafka-lag-metrics-tls": {"tls.crt": pem("serving/tls.crt"), "tls.key": pem("serving/tls.key")}}
    pod = Pod(objects, "Deployment", "kafka-lag", secrets)
    keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "sim-key-id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "sim-key-secret"}
    proof("ha: keys are those of RRSA only", pod.env.get("KAFKA_LAG_CREDENTIALS_PROVIDER") == "oidc" and "ACCESS_KEY_ID" not in pod.env)
    del pod.env["KAFKA_LAG_CREDENTIALS_PROVIDER"]  # the simulator's cluster gives no token
    since = requests()
    one = pod.start(**keys)
    proof("ha: its readiness probe answers over TLS, on the port of external metrics", within(15, lambda: pod.probe("readinessProbe", unverified())[0] == 200))
    where = pod.through("kafka-lag-metrics", 443)
    lag("cust_docking_analog", 120000)
    path = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/orders/{LAG}?labelSelector=consumer_group%3Dcust_docking_analog"
    headers = {"X-Remote-User": "system:serviceaccount:kube-system:horizontal-pod-autoscaler", "X-Remote-Group": "system:masters"}
    read = lambda: ask(f"https://{where}{path}", headers=headers, context=unverified("proxy"))
    proof("ha: the API server reads a lag through the APIService's Service", within(90, lambda: read()[0] == 200 and '"value":"120000"' in read()[1]), read()[1])
    proof("ha: nobody without its certificate does", ask(f"https://{where}{path}", headers=headers, context=unverified())[0] in (401, 403))
    leads = within(15, lambda: "kafka_lag_leader 1" in ask(f"http://{pod.through('kafka-lag', 9876)}/metrics")[1])
    proof("ha: it has taken the Lease", leads)
    reader = {("kube-system", "configmaps", "extension-apiserver-authentication", "get")}
    missing, count = asked_within(WORK / "ha.yaml", since)
    missing = {right for right in missing if right not in reader and right[:3] != ("kube-system", "configmaps", None)}
    proof("ha: it has asked the cluster for nothing that its Roles do not allow", count > 3 and not missing, f"{count} requests, {missing}")
    proof("ha: it ends with 0", stop(one) == 0)
    test = Pod(objects, "Pod", "kafka-lag-test-doctor", secrets)
    del test.env["KAFKA_LAG_CREDENTIALS_PROVIDER"]
    code, said = test.run(**keys)
    proof("ha: the pod of helm test ends well", code == 0, said)


def check():
    objects = load(WORK / "check.yaml")
    secrets = {"aliyun-secrets": KEYS, "kafka-lag-robot": {"url": ROBOT, "secret": "SEC0"}}
    for group in ("cust_docking_analog", "cd_docking_analog"):
        lag(group, 160000)
    two = {"include": ["exact:cust_docking_analog", "exact:cd_docking_analog"]}  # the simulator has further groups
    manifest = "deploy/manifests/check-cronjob.yaml"
    for group in two["include"]:
        lag(group.removeprefix("exact:"), 160000, "alikafka_pre-cn-xxx")
    for title, looked in (("the chart's", load(WORK / "check-dry.yaml")), (manifest, load(manifest))):
        dry = Pod(looked, "CronJob", "kafka-lag-check", secrets, lambda config: config.update(group=two))
        code, said = within(90, lambda: (done := dry.run()) and ("CRITICAL" in done[1] or done[0] not in (0, 3)) and done) or (9, "never")
        proof(f"check: {title} dry run sees that lag is high, and the Job succeeds", code == 0 and "--dry-run" in dry.argv, said)
    pod = Pod(objects, "CronJob", "kafka-lag-check", secrets, lambda config: config.update(group=two))
    since = requests()
    code, said = within(90, lambda: (done := pod.run()) and ("restarted" in done[1] or done[0] != 0) and done) or (9, "never")
    proof("check: a run restarts what is too far behind, and the Job succeeds", code == 0 and said.count("restarted") >= 2, said)
    missing, count = asked_within(WORK / "check.yaml", since)
    proof("check: it has asked the cluster for nothing that its Roles do not allow", count > 5 and not missing, f"{count} requests, {missing}")
    told = ask(f"{SIM}/_sim/robots/sim-robot/messages")[1]
    proof("check: people were told", "cust" in told, told)


def scaler():
    objects = load(WORK / "scaler.yaml")
    pod = Pod(objects, "Deployment", "kafka-lag-scaler", {"kafka-lag-scaler": {"token": "a-token"}})
    since = requests()
    one = pod.start()
    proof("scaler: its probes answer", within(15, lambda: pod.probe("readinessProbe")[0] == 200) and pod.probe("livenessProbe")[0] == 200)
    url = f"http://{pod.through('kafka-lag-scaler', 9877)}/hpa"
    body = json.dumps({"version": "4", "status": "firing", "alerts": [{
        "status": "firing", "annotations": {}, "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "labels": {"alertname": "A", "action": "scale-out", "namespace": "orders", "deployment": "cust"},
        "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "00000000000000aa"}]})
    json_type = {"Content-Type": "application/json"}
    proof("scaler: without the Secret's token it takes no alert", ask(url, "POST", body, json_type)[0] == 401)
    status, answer = ask(url, "POST", body, json_type | {"Authorization": "Bearer a-token"})
    proof("scaler: with it an alert is a step", status == 200 and "scaled from 2 to 3 replicas" in answer, answer)
    missing, count = asked_within(WORK / "scaler.yaml", since)
    proof("scaler: it has asked the cluster for nothing that its Roles do not allow", count > 3 and not missing, f"{count} requests, {missing}")
    proof("scaler: it ends with 0", stop(one) == 0)


def scaler_tls():
    """Alertmanager shows a certificate in place of a token; the kubelet needs none for its probes."""
    web = "tls_server_config: {cert_file: tls.crt, key_file: tls.key, %s}\n"
    secret = {"tls.crt": pem("serving/tls.crt"), "tls.key": pem("serving/tls.key"), "ca.crt": pem("client-ca.crt")}
    json_type = {"Content-Type": "application/json"}
    token = json_type | {"Authorization": "Bearer a-token"}
    for title, values, auth, headers in (("a token over TLS", "scaler-tls.yaml", "", token),
                                         ("client certificates", "scaler-certificates.yaml",
                                          "client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert", json_type)):
        objects = load(WORK / values)
        pod = Pod(objects, "Deployment", "kafka-lag-scaler", {"web": secret | {"web-config.yml": web % auth}, "kafka-lag-scaler": {"token": "a-token"}})
        one = pod.start()
        where = pod.through("kafka-lag-scaler", 9877)
        shown = unverified("keda-client")
        if "tcpSocket" in pod.container["readinessProbe"]:
            up = within(15, lambda: ask(f"https://{where}/readyz", context=shown)[0] == 200)
            proof(f"scaler, {title}: nobody without a certificate gets in", up and ask(f"https://{where}/metrics", context=unverified())[0] == 0)
        else:
            up = within(15, lambda: pod.probe("readinessProbe", unverified())[0] == 200)
            proof(f"scaler, {title}: its probes answer over TLS", up and pod.probe("livenessProbe", unverified())[0] == 200)
        status, answer = ask(f"https://{where}/hpa", "POST", '{"version": "4", "status": "firing", "alerts": []}', headers, shown)
        proof(f"scaler, {title}: it takes an alert", status == 200, answer)
        proof(f"scaler, {title}: it ends with 0", stop(one) == 0)


def drop_in(title, deployment, services, instance="alikafka_pre-cn-xxx"):
    """Deployment and Service with only the image changed; the simulator's address is the one further variable."""
    objects = [one for file in {deployment, services} for one in load(file)]
    lag("cust_docking_analog", 150001, instance)
    pod = Pod(objects, "Deployment", "aliyun-kafka-exporter", {"aliyun-secrets": KEYS})
    one = pod.start(KAFKA_LAG_CMS_ENDPOINT=SIM)
    began = time.monotonic()
    probe = pod.container["readinessProbe"]
    first = max(probe.get("initialDelaySeconds", 0), 1)
    ready = within(first + probe["periodSeconds"] * probe.get("failureThreshold", 3), lambda: pod.probe("readinessProbe")[0] == 200)
    took = time.monotonic() - began
    proof(f"{title}: the readiness probe is answered before it first asks ({first} s)", ready and took < first, f"after {took:.1f} s")
    proof(f"{title}: the liveness probe is answered", pod.probe("livenessProbe")[0] == 200)
    where = pod.through("aliyun-kafka-exporter-service", 9876)
    scrape = load("tests/fixtures/post/scrape.yml")[0]["scrape_configs"][0]
    series = f'{LAG}{{instance_id="{instance}",consumer_group="cust_docking_analog"}} 150001'
    page = within(90, lambda: (p := ask(f"http://{where}{scrape['metrics_path']}")[1]) and series in p and p)
    proof(f"{title}: the post's scrape job reads the post's metric with the post's labels, through the Service", page)
    info = f'kafka_lag_instance_info{{instance_id="{instance}",region_id="cn-hangzhou"}} 1'
    proof(f"{title}: region and instance are those of its variables", info in (page or ""))
    proof(f"{title}: ends with 0", stop(one) == 0)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what runs is ended, too
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    start("cms-sim", [PROGRAMS / "cms-sim", "--listen-address", SIM.removeprefix("http://"), "--publication-delay", "1s",
                      "--robot", "dingtalk:sim-robot,secret=SEC0,keyword=Kafka"], {})
    start("kube-sim", [PROGRAMS / "kube-sim", "--web.listen-address", KUBE.removeprefix("http://"), "--kubeconfig-out", WORK / "kubeconfig",
                       "--deployment", "orders/cust=2", "--deployment", "orders/cd=2"], {})
    proof("the simulated cloud answers", within(10, lambda: ask(f"{SIM}/_sim/state")[0] == 200))
    proof("the simulated API server answers", within(10, lambda: ask(f"{KUBE}/-sim/requests")[0] == 200))
    ask(f"{KUBE}/-sim/objects", "POST", json.dumps({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
        "data": {
            "client-ca-file": pem("client-ca.crt"), "requestheader-client-ca-file": pem("front-proxy-ca.crt"),
            "requestheader-allowed-names": '["front-proxy-client"]', "requestheader-username-headers": '["X-Remote-User"]',
            "requestheader-group-headers": '["X-Remote-Group"]', "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]'}}))
    post, ours = "tests/fixtures/post", "deploy/manifests/exporter.yaml"
    for scene in (minimal, keda, ha, check, scaler, scaler_tls, drop_in):
        try:
            if scene is drop_in:
                scene("the post's own YAML", f"{post}/deploy.yaml", f"{post}/svc.yaml")
                scene(ours, ours, ours)
            else:
                scene()
        except (AssertionError, KeyError, StopIteration, subprocess.SubprocessError) as error:
            proof(f"{scene.__name__}: goes to its end", False, repr(error))
        for left in RUNNING[2:]:
            stop(left)
    for one in RUNNING[:2]:
        stop(one)


if __name__ == "__main__":
    try:
        main()
    finally:
        for left in RUNNING:
            left.kill()
    sys.exit(FAILED)
