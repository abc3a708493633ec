"""The vendor's SDKs as clients of the simulator. Run by official_sdk.sh:

    official_sdk.py ADDRESS HARDENED_ADDRESS SCRATCH_FOLDER

ADDRESS is a cms-sim, HARDENED_ADDRESS one with --imds-v2-only. One line per proof, and the first mismatch ends it.

    official_sdk.py chain ADDRESS

prints the provider and the key that the default chain finds in the environment of this process.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
import warnings

warnings.filterwarnings("ignore", category=DeprecationWarning)

from Tea.core import TeaCore
from alibabacloud_alikafka20190916.client import Client as KafkaClient
from alibabacloud_alikafka20190916 import models as kafka
from alibabacloud_cms20190101.client import Client as CmsClient
from alibabacloud_cms20190101 import models as cms
from alibabacloud_credentials import models as credential_models
from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_credentials.provider import (
    DefaultCredentialsProvider,
    EcsRamRoleCredentialsProvider,
    OIDCRoleArnCredentialsProvider,
    RamRoleArnCredentialsProvider,
    URLCredentialsProvider,
)
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_sts20150401 import models as sts
from alibabacloud_tea_openapi import utils_models

INSTANCE = "alikafka_pre-cn-sim00000001"
ROLE = "acs:ram::1234567890123456:role/kafka-lag"
LOCKED = "acs:ram::1234567890123456:role/kafka-lag-locked"
PROVIDER = "acs:ram::1234567890123456:oidc-provider/ack-rrsa-sim"
TOKEN = "sim.oidc.token"
REGION = "cn-hangzhou"
CHINESE = "订单 对接+analog*~/%=&"
MODES = {"V1": "v2", "V3": None}  # what the SDK calls "v2" is the RPC signature, SignatureVersion 1.0

PASSED = 0


def proved(name, *facts):
    """Prints one proof, or ends everything: every one of the facts must be true."""
    global PASSED
    for fact in facts:
        if not fact:
            raise AssertionError(f"{name}: {facts}")
    PASSED += 1
    print(f"ok   {name}", flush=True)


def patch(address):
    """Leads the credentials library to the simulator."""
    send = TeaCore.do_action

    # The library calls STS by https and cannot be told otherwise; the simulator speaks http. Only the scheme changes.
    def plain(request, *rest):
        if request.headers.get("host") == address:
            request.protocol = "http"
        return send(request, *rest)

    TeaCore.do_action = staticmethod(plain)

    # The address of the metadata service is a constant that every provider copies when it is made.
    make = EcsRamRoleCredentialsProvider.__init__

    def make_here(self, **options):
        make(self, **options)
        self._EcsRamRoleCredentialsProvider__metadata_service_host = address

    EcsRamRoleCredentialsProvider.__init__ = make_here


class Control:
    """The control API of a simulator."""

    def __init__(self, address):
        self.base = f"http://{address}/_sim/"

    def __call__(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def counters(self):
        return self("GET", "state")["counters"]


def config(address, mode="V3", key=None, **more):
    """A client's configuration; `key` is a set of the credentials library."""
    if key is None:
        more.update(access_key_id="sim-key-id", access_key_secret="sim-key-secret")
    else:
        more.update(
            access_key_id=key.get_access_key_id(),
            access_key_secret=key.get_access_key_secret(),
            security_token=key.get_security_token(),
        )
    return utils_models.Config(
        endpoint=address, protocol="http", region_id=REGION, signature_algorithm=MODES[mode], **more
    )


def refusal(name, code, call):
    """Proves that the SDK raises the vendor's code; the credentials library has it in its text only."""
    try:
        call()
    except Exception as error:  # every SDK has exceptions of its own
        found = getattr(error, "code", None)
        if code != found and f'"Code":"{code}"' not in str(error):
            raise AssertionError(f"{name}: {code} expected, {found}: {error}") from error
        proved(f"{name}: {code}")
        return
    raise AssertionError(f"{name}: nothing was raised, {code} expected")


def failure(name, text, call):
    """Proves that the credentials library notices a failure and speaks of it."""
    try:
        call()
    except CredentialException as error:
        proved(name, text in str(error))
        return
    raise AssertionError(f"{name}: nothing was noticed")


def metric(client, **parameters):
    """One page of lag, with points as the SDK hands them out."""
    request = cms.DescribeMetricListRequest(
        namespace="acs_kafka", metric_name="message_accumulation", period="60", **parameters
    )
    body = client.describe_metric_list(request).body
    assert (body.code, body.success) == ("200", True), body.to_map()
    return json.loads(body.datapoints), body.next_token


def pages(client, **parameters):
    token, found = None, []
    while True:
        points, token = metric(client, next_token=token, **parameters)
        found.append(points)
        if not token:
            return found
        assert len(found) < 1000, "endless"


def works(address, name, key):
    """Proves that a set is good for a call of CloudMonitor in both modes."""
    for mode in MODES:
        points, _ = metric(CmsClient(config(address, mode, key)), dimensions=json.dumps({"instanceId": INSTANCE}))
        assert points, f"{name}: no points in {mode}"
    proved(
        f"{name}: the set works for CloudMonitor, V1 and V3",
        key.get_access_key_id().startswith("STS.sim"),
        key.get_security_token(),
    )


def cloudmonitor(address, control):
    """Lists, pages, dimensions in both forms, names that need encoding."""
    control("PUT", f"groups/{INSTANCE}/{urllib.request.quote(CHINESE, safe='')}", {"scenario": "constant", "lag": 4711})
    control("PUT", f"groups/{INSTANCE}/caught-up", {"scenario": "zero"})
    known = {known["instance"]: known["groups"] for known in control("GET", "state")["instances"]}
    groups = known[INSTANCE]
    end = int(time.time()) // 60 * 60_000 - 120_000
    window = {"start_time": str(end - 10 * 60_000), "end_time": str(end)}
    for mode in MODES:
        client = CmsClient(config(address, mode))
        whole = json.dumps({"instanceId": INSTANCE})
        found = pages(client, dimensions=whole, length="9", **window)
        points = [point for page in found for point in page]
        keys = {(point["consumerGroup"], point["timestamp"]) for point in points}
        proved(
            f"{mode}: {len(points)} points of {groups} groups over {len(found)} pages, none twice, none missing",
            groups == 14,
            len(found) > 3,
            len(points) == len(keys) == groups * 10,
            all(len(page) == 9 for page in found[:-1]),
        )
        by_group = collections.defaultdict(set)
        for point in points:
            by_group[point["consumerGroup"]].add(point["Value"])
        proved(f"{mode}: zeros and Chinese names arrive", by_group["caught-up"] == {0}, by_group[CHINESE] == {4711})
        proved(
            f"{mode}: timestamps are milliseconds within the window, open on the left",
            all(end - 10 * 60_000 < point["timestamp"] <= end for point in points),
        )

        named = {"instanceId": INSTANCE, "consumerGroup": CHINESE}
        spaced, compact = json.dumps(named, ensure_ascii=False), json.dumps(named, separators=(",", ":"))
        for form, text in [("object", spaced), ("escaped object", compact), ("array", f"[{spaced}]")]:
            points, token = metric(client, dimensions=text, **window)
            proved(
                f"{mode}: dimensions as {form} find the Chinese group",
                [point["consumerGroup"] for point in points] == [CHINESE] * 10,
                token is None,
            )
        several = json.dumps([named, {"instanceId": INSTANCE, "consumerGroup": "caught-up"}], ensure_ascii=False)
        points, _ = metric(client, dimensions=several, **window)
        proved(f"{mode}: an array of two groups finds both", len(points) == 20)
        points, _ = metric(client, dimensions=json.dumps([{"instanceId": name} for name in known]), **window)
        proved(
            f"{mode}: an array of {len(known)} instances finds both",
            len(known) == 2,
            {point["instanceId"] for point in points} == set(known),
            len(points) == sum(known.values()) * 10,
        )

        request = cms.DescribeMetricLastRequest(
            namespace="acs_kafka", metric_name="message_accumulation", period="60", dimensions=spaced
        )
        body = client.describe_metric_last(request).body
        points = json.loads(body.datapoints)
        proved(f"{mode}: DescribeMetricLast", body.code == "200", points[-1]["Value"] == 4711, len(points) <= 2)

        request = cms.DescribeMetricMetaListRequest(namespace="acs_kafka", page_number=1, page_size=100)
        body = client.describe_metric_meta_list(request).body
        metrics = {resource.metric_name: resource for resource in body.resources.resource}
        proved(
            f"{mode}: DescribeMetricMetaList has {body.total_count} metrics",
            metrics["message_accumulation"].statistics == "Value",
            metrics["instance_disk_capacity"].statistics == "Maximum",
            int(body.total_count) == len(metrics),
        )

        wrong = config(address, mode)
        wrong.access_key_secret = "wrong"
        refusal(f"{mode}: a wrong secret", "SignatureDoesNotMatch", lambda: metric(CmsClient(wrong)))
        refusal(f"{mode}: a period that is none", "InvalidParameter", lambda: client.describe_metric_list(
            cms.DescribeMetricListRequest(namespace="acs_kafka", metric_name="message_accumulation", period="61")))


def assumed(address):
    """AssumeRole and AssumeRoleWithOIDC through the SDK of STS."""
    for mode in MODES:
        client = StsClient(config(address, mode))
        policy = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["cms:Query*"], "Resource": "*"}]}
        request = sts.AssumeRoleRequest(
            role_arn=ROLE,
            role_session_name="kafka-lag",
            duration_seconds=900,
            policy=json.dumps(policy),
            external_id="tenant=1",
        )
        body = client.assume_role(request).body
        proved(
            f"{mode}: STS AssumeRole",
            body.assumed_role_user.arn == f"{ROLE}/kafka-lag",
            body.credentials.access_key_id.startswith("STS.sim"),
            body.credentials.expiration.endswith("Z"),
        )
        request = sts.AssumeRoleRequest(role_arn=LOCKED, role_session_name="kafka-lag")
        refusal(f"{mode}: STS AssumeRole of a locked role", "NoPermission", lambda: client.assume_role(request))
        request = sts.AssumeRoleRequest(role_arn=ROLE + "-none", role_session_name="kafka-lag")
        refusal(f"{mode}: STS AssumeRole of no role", "EntityNotExist.Role", lambda: client.assume_role(request))
        request = sts.AssumeRoleRequest(role_arn=ROLE, role_session_name="kafka-lag", duration_seconds=60)
        refusal(
            f"{mode}: STS AssumeRole for a minute", "InvalidParameter.DurationSeconds", lambda: client.assume_role(request)
        )

        wish = dict(role_arn=ROLE, oidcprovider_arn=PROVIDER, role_session_name="kafka-lag", duration_seconds=900)
        body = client.assume_role_with_oidc(sts.AssumeRoleWithOIDCRequest(oidctoken=TOKEN, **wish)).body
        proved(
            f"{mode}: STS AssumeRoleWithOIDC",
            body.credentials.access_key_id.startswith("STS.sim"),
            body.oidctoken_info.client_ids == "sts.aliyuncs.com",
        )
        refusal(
            f"{mode}: STS AssumeRoleWithOIDC with a wrong token",
            "AuthenticationFail.OIDCToken.Invalid",
            lambda: client.assume_role_with_oidc(sts.AssumeRoleWithOIDCRequest(oidctoken="a.b.c", **wish)),
        )


def ram_role(address, **more):
    return RamRoleArnCredentialsProvider(
        access_key_id="sim-key-id",
        access_key_secret="sim-key-secret",
        role_arn=ROLE,
        role_session_name="kafka-lag",
        sts_endpoint=address,
        **more,
    )


def libraries(address, control, scratch):
    """Every source of sets that the credentials library has and the simulator serves."""
    policy = json.dumps({"Version": "1", "Statement": []}, separators=(",", ":"))
    key = ram_role(address, duration_seconds=900, policy=policy, external_id="tenant=1").get_credentials()
    works(address, "library: AssumeRole", key)
    proved("library: AssumeRole tells the expiry", 890 < key.get_expiration() - time.time() < 905)
    chained = RamRoleArnCredentialsProvider(
        access_key_id=key.get_access_key_id(),
        access_key_secret=key.get_access_key_secret(),
        security_token=key.get_security_token(),
        role_arn=ROLE,
        role_session_name="chained",
        sts_endpoint=address,
    )
    works(address, "library: AssumeRole with a temporary set", chained.get_credentials())

    file = scratch / "token"
    file.write_text(TOKEN)

    def oidc():
        return OIDCRoleArnCredentialsProvider(
            role_arn=ROLE,
            oidc_provider_arn=PROVIDER,
            oidc_token_file_path=str(file),
            role_session_name="kafka-lag",
            sts_endpoint=address,
        ).get_credentials()

    works(address, "library: AssumeRoleWithOIDC", oidc())
    control("PUT", "oidc-token", {"token": "rotated.oidc.token"})
    refusal("library: the token before a rotation", "AuthenticationFail.OIDCToken.Expired", oidc)
    file.write_text("rotated.oidc.token")
    works(address, "library: AssumeRoleWithOIDC after a rotation", oidc())
    control("PUT", "oidc-token", {"token": TOKEN})

    def ecs(**more):
        return EcsRamRoleCredentialsProvider(async_update_enabled=False, **more).get_credentials()

    works(address, "library: metadata, version 2", ecs(disable_imds_v1=True))
    works(address, "library: metadata, with the role's name", ecs(role_name="kafka-lag-ecs-role"))
    control("POST", "faults", {"fault": "imds_v2_refused"})
    failure("library: metadata that refuses version 2", "HttpCode=405", lambda: ecs(disable_imds_v1=True))
    works(address, "library: metadata, back to version 1", ecs())
    control("DELETE", "faults")
    def uri():
        return URLCredentialsProvider(uri=f"http://{address}/credentials").get_credentials()

    works(address, "library: credentials URI", uri())
    for fault, source, text in [
        ("metadata_failed", ecs, "Failed to get RAM session credentials"),
        ("metadata_no_role", ecs, "HttpCode=404"),
        ("credentials_uri_failed", uri, "error retrieving credentials"),
        ("credentials_uri_without_code", uri, "error retrieving credentials"),
        ("sts_html_502", lambda: ram_role(address).get_credentials(), "http_code: 502"),
        ("sts_throttling", lambda: ram_role(address).get_credentials(), "Throttling.User"),
        ("role_denied", oidc, "AuthenticationFail.NoPermission"),
    ]:
        control("POST", "faults", {"fault": fault})
        failure(f"library: notices {fault}", text, source)
        control("DELETE", "faults")

    # A client that is given a source instead of a set, and asks it by itself.
    source = CredentialClient(credential_models.Config(
        type="ram_role_arn",
        access_key_id="sim-key-id",
        access_key_secret="sim-key-secret",
        role_arn=ROLE,
        role_session_name="kafka-lag",
        role_session_expiration=900,
        sts_endpoint=address,
    ))
    for mode in MODES:
        client = CmsClient(utils_models.Config(
            endpoint=address, protocol="http", region_id=REGION, signature_algorithm=MODES[mode], credential=source
        ))
        points, _ = metric(client, dimensions=json.dumps({"instanceId": INSTANCE}))
        proved(f"{mode}: a client of CloudMonitor that assumes the role itself", points)
    return key


def hardened_metadata(hardened):
    """A service that knows version 2 only, asked by both versions."""
    patched = EcsRamRoleCredentialsProvider(async_update_enabled=False)
    patched._EcsRamRoleCredentialsProvider__metadata_service_host = hardened
    key = patched.get_credentials()
    works(hardened, "library: hardened metadata, version 2", key)
    try:
        urllib.request.urlopen(f"http://{hardened}/latest/meta-data/ram/security-credentials/", timeout=10)
        raise AssertionError("version 1 was answered")
    except urllib.error.HTTPError as error:
        proved("hardened metadata refuses version 1", error.code == 403)


def chains(address, scratch):
    """The default chain, in processes of their own: it reads its environment when it is imported."""
    file = scratch / "chain-token"
    file.write_text(TOKEN)
    metadata_off = {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}
    for name, provider, environment in [
        ("keys in the environment", "env", {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": "sim-key-id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "sim-key-secret"}),
        ("OIDC as in a pod", "oidc_role_arn", {
            "ALIBABA_CLOUD_ROLE_ARN": ROLE,
            "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": PROVIDER,
            "ALIBABA_CLOUD_OIDC_TOKEN_FILE": str(file)}),
        ("metadata", "ecs_ram_role", {}),
        ("credentials URI", "credential_uri", {
            **metadata_off, "ALIBABA_CLOUD_CREDENTIALS_URI": f"http://{address}/credentials"}),
    ]:
        run = subprocess.run(
            [sys.executable, __file__, "chain", address],
            env={**os.environ, **environment}, capture_output=True, text=True, timeout=60,
        )
        assert run.returncode == 0, f"{name}: {run.stderr}"
        found = json.loads(run.stdout)
        proved(
            f"default chain: {name}",
            provider in found["provider"],
            found["id"] == "sim-key-id" or found["id"].startswith("STS.sim"),
            found["points"] > 0,
        )


def chain(address):
    patch(address)
    # The chain has no setting for the address of STS. The name it would take is the only one replaced.
    send = TeaCore.do_action

    def here(request, *rest):
        if request.headers.get("host") == "sts.aliyuncs.com":
            request.headers["host"] = address
        return send(request, *rest)

    TeaCore.do_action = staticmethod(here)
    key = DefaultCredentialsProvider().get_credentials()
    points, _ = metric(CmsClient(config(address, "V3", key)), dimensions=json.dumps({"instanceId": INSTANCE}))
    print(json.dumps({"provider": key.get_provider_name(), "id": key.get_access_key_id(), "points": len(points)}))


def expired(address, control, key):
    client = {mode: CmsClient(config(address, mode, key)) for mode in MODES}
    proved("before: the set is good", all(metric(client[mode])[0] for mode in MODES))
    proved("everything issued expires", control("POST", "credentials/expire")["expired"] > 5)
    for mode in MODES:
        refusal(f"{mode}: an expired set", "InvalidSecurityToken.Expired", lambda: metric(client[mode]))
    fresh = ram_role(address).get_credentials()
    works(address, "a set issued afterwards", fresh)
    control("POST", "faults", {"fault": "security_token_expired", "times": 1})
    refusal("a young set that expires at once", "InvalidSecurityToken.Expired",
            lambda: metric(CmsClient(config(address, "V3", fresh))))


def kafka_service(address, control):
    for mode in MODES:
        client = KafkaClient(config(address, mode))
        body = client.get_instance_list(kafka.GetInstanceListRequest(region_id=REGION)).body
        found = body.instance_list.instance_vo
        proved(
            f"{mode}: GetInstanceList names {', '.join(instance.name for instance in found)}",
            (body.code, body.success) == (200, True),
            all(instance.service_status == 5 for instance in found),
            all(instance.end_point and instance.vpc_id and instance.spec_type for instance in found),
            [instance.instance_id for instance in found][0] == INSTANCE,
            found[1].name == "订单中心-生产",
        )
        request = kafka.GetInstanceListRequest(region_id=REGION, instance_id=[INSTANCE, "other"])
        found = client.get_instance_list(request).body.instance_list.instance_vo
        proved(f"{mode}: GetInstanceList by id", [instance.instance_id for instance in found] == [INSTANCE])
        request = kafka.GetInstanceListRequest(region_id="eu-central-1")
        proved(f"{mode}: GetInstanceList of another region is empty",
               client.get_instance_list(request).body.instance_list.instance_vo == [])
        control("POST", "faults", {"fault": "kafka_forbidden", "times": 1})
        refusal(f"{mode}: GetInstanceList without permission", "Forbidden.RAM",
                lambda: client.get_instance_list(kafka.GetInstanceListRequest(region_id=REGION)))


def expect_outcomes(control):
    """Nothing was refused that was not meant to be: the counters know every call."""
    counters = control.counters()
    meant = {
        "OK", "SignatureDoesNotMatch", "InvalidParameter", "NoPermission", "EntityNotExist.Role",
        "InvalidParameter.DurationSeconds", "AuthenticationFail.OIDCToken.Invalid",
        "AuthenticationFail.OIDCToken.Expired", "InvalidSecurityToken.Expired", "imds_v2_refused", "metadata_failed",
        "metadata_no_role", "credentials_uri_failed", "credentials_uri_without_code", "sts_html_502", "sts_throttling",
        "role_denied", "kafka_forbidden",
    }
    found = set(counters["by_outcome"])
    proved(f"the simulator counted {counters['calls']} calls and no refusal that was not meant", found == meant)
    actions = set(counters["by_action"])
    proved("every action was called and no other", actions == {
        "AssumeRole", "AssumeRoleWithOIDC", "CredentialsUri", "DescribeMetricLast", "DescribeMetricList",
        "DescribeMetricMetaList", "GetInstanceList", "Metadata",
    })


def main(address, hardened, scratch):
    control, scratch = Control(address), pathlib.Path(scratch)
    patch(address)
    cloudmonitor(address, control)
    assumed(address)
    key = libraries(address, control, scratch)
    hardened_metadata(hardened)
    chains(address, scratch)
    kafka_service(address, control)
    expired(address, control, key)
    expect_outcomes(control)


if __name__ == "__main__":
    if sys.argv[1] == "chain":
        chain(sys.argv[2])
        sys.exit(0)
    try:
        main(*sys.argv[1:])
    except BaseException:
        traceback.print_exc()
        print("FAIL after the last line above")
        print(f"{PASSED} passed, 1 failed")
        sys.exit(1)
    print(f"{PASSED} passed, 0 failed")
