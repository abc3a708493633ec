#!/usr/bin/env bash
# End to end: the container image, built offline and run under the restrictions of the manifests.
#
# Root file system read-only, no capability, no new privileges, uid 65532. It proves:
#   - all three programs start from nothing but the image, and it has no shell;
#   - the exporter shows the simulated cloud's numbers, writes its state to a mounted directory, and ends at once on SIGTERM;
#   - names are found in /etc/hosts and by DNS, an authority of one's own is believed when it is mounted, and the
#     bundle of the image is there and does not believe it;
#   - the SBOM fits its schema, Cargo.lock, the programs' bytes, and the packages that the programs name, and the text of
#     every licence is there;
#   - the image is at most 15 MiB to pull, and packed once more it has the same digest.
#
# Usage: tests/e2e/image.sh [--twice]
#   BIN_DIR=PATH    static programs to put into the image; without it, deploy/docker/build.sh makes them
#   CMS_SIM=PATH    use this binary; without it, a debug binary is built
#   --twice         build the programs again from a copy of the sources elsewhere, and compare the bytes (takes long)
#
# Leaves the image in target/image (kafka-lag.tar, digest) and its programs in target/image/rootfs/usr/bin.
# Installs buildah, podman, runc and dnsmasq-base where they are missing (Debian, as root). Everything listens on 127.0.0.0/8
# and ends with the script. One line per proof; the last line is "N passed, M failed", and the exit code is 0 when M is 0.
source "$(dirname "$0")/lib.sh"

# What has to be pulled, all three programs together.
MOST=$((15 * 1024 * 1024))
PACKAGES=("cyclonedx-python-lib[json-validation]==11.12.0")
INSTANCE=alikafka_pre-cn-sim00000001
OUT=$TARGET/image
STARTED=()

# Names of containers are of this run only; runc's state and podman's storage are in OUT.
podman_() {
  podman --runtime runc --cgroup-manager=cgroupfs --root "$OUT/storage" --runroot "$OUT/run" --storage-driver vfs "$@"
}

at_end() { for name in "${STARTED[@]}"; do podman_ kill "$name" >/dev/null 2>&1 || true; done; }


# --- tools ------------------------------------------------------------------------------------------------------------

missing=()
for pair in buildah:buildah podman:podman runc:runc dnsmasq:dnsmasq-base curl:curl openssl:openssl python3:python3; do
  command -v "${pair%:*}" >/dev/null || missing+=("${pair#*:}")
done
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
if [ "${#missing[@]}" -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$WORK/apt.log" 2>&1 ||
    { echo "needed: apt-get install ${missing[*]}" >&2; exit 1; }
fi
venv sbom "${PACKAGES[@]}"
programs CMS_SIM=cms-sim

# --- the image --------------------------------------------------------------------------------------------------------

began=$SECONDS
OUT=$OUT deploy/docker/image.sh kafka-lag:test >"$WORK/build.log" 2>&1 || { FAILED=1; echo "FAIL the image is built"; exit 1; }
echo "built in $((SECONDS - began)) s: $(cat "$OUT/digest")"

cat >"$WORK/layers.py" <<'PY'
"""What a registry stores and a node pulls: the layers of an OCI archive, compressed, and the file names within."""
import io, json, sys, tarfile

def blob(archive, digest):
    return archive.extractfile("blobs/" + digest.replace(":", "/")).read()

with tarfile.open(sys.argv[1]) as archive:
    index = json.load(archive.extractfile("index.json"))
    manifest = json.loads(blob(archive, index["manifests"][0]["digest"]))
    files, pulled = {}, manifest["config"]["size"]
    for layer in manifest["layers"]:
        pulled += layer["size"]
        with tarfile.open(fileobj=io.BytesIO(blob(archive, layer["digest"]))) as content:
            files.update({member.name: member for member in content if member.isfile()})
if sys.argv[2:] == ["files"]:
    print("\n".join(sorted(files)))
elif sys.argv[2:] == ["owners"]:
    sys.exit(any(member.uid or member.gid or member.mode & 0o022 for member in files.values()))
else:
    print("| file | bytes | MiB |\n|---|---|---|")
    for name, member in sorted(files.items(), key=lambda item: -item[1].size):
        print(f"| {name} | {member.size} | {member.size / 2**20:.2f} |")
    total = sum(member.size for member in files.values())
    print(f"| all, unpacked | {total} | {total / 2**20:.2f} |")
    print(f"| all, to pull | {pulled} | {pulled / 2**20:.2f} |")
    sys.exit(pulled > int(sys.argv[2]))
PY
python3 "$WORK/layers.py" "$OUT/kafka-lag.tar" "$MOST" || true
check "the image is at most $((MOST / 1024 / 1024)) MiB to pull" python3 "$WORK/layers.py" "$OUT/kafka-lag.tar" "$MOST"
# stated: the page says the same to half a MiB.
stated() {
  python3 "$WORK/layers.py" "$OUT/kafka-lag.tar" "$MOST" | awk -F'|' '
    FNR == NR && / all, to pull / { page = $3 }
    FNR != NR && / all, to pull / { found = $4 }
    END { print "the page says " page ", found " found; exit !(page && found && page - found <= 0.5 && found - page <= 0.5) }
  ' docs/howto/image.md -
}
check "and docs/howto/image.md tells its size" stated
cat >"$WORK/expected" <<'TXT'
etc/group
etc/nsswitch.conf
etc/passwd
etc/ssl/certs/ca-certificates.crt
usr/bin/kafka-lag
usr/bin/kafka-lag-exporter
usr/bin/kafka-lag-scaler
usr/share/doc/kafka-lag/LICENSE
usr/share/doc/kafka-lag/THIRD-PARTY.txt.gz
usr/share/doc/kafka-lag/sbom.cdx.json
TXT
contents() { diff "$WORK/expected" <(python3 "$WORK/layers.py" "$OUT/kafka-lag.tar" files); }
check "nothing else is in it: no shell, no package manager" contents
check "all of it belongs to root, and nobody else may write it" python3 "$WORK/layers.py" "$OUT/kafka-lag.tar" owners
again() {
  # In a directory of its own, with the programs that are there.
  BIN_DIR="$OUT/rootfs/usr/bin" OUT="$WORK/again" deploy/docker/image.sh kafka-lag:test && diff "$OUT/digest" "$WORK/again/digest"
}
check "packed once more it has the same digest" again

# --- SBOM -------------------------------------------------------------------------------------------------------------

cat >"$WORK/sbom.py" <<'PY'
"""Judges the SBOM: sbom.py schema|lock|bytes|named|identity|licences ROOTFS"""
import glob, gzip, hashlib, json, os, re, sys, tomllib

what, rootfs = sys.argv[1:]
doc = os.path.join(rootfs, "usr/share/doc/kafka-lag")
text = open(os.path.join(doc, "sbom.cdx.json"), encoding="utf-8").read()
bom = json.loads(text)
parts = {(part["name"], part["version"]): part for part in bom["components"]}
programs = glob.glob(os.path.join(rootfs, "usr/bin/*"))

def fail_if(wrong):
    sys.exit("\n".join(map(str, wrong)) if wrong else 0)

if what == "schema":
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
    references = {part["bom-ref"] for part in bom["components"]} | {"image"}
    dangling = [ref for edge in bom["dependencies"] for ref in edge["dependsOn"] if ref not in references]
    fail_if(([error] if error else []) + dangling)
elif what == "lock":
    lock = {(entry["name"], entry["version"]): entry for entry in tomllib.load(open("Cargo.lock", "rb"))["package"]}
    wrong = []
    for name, part in parts.items():
        if part["purl"].startswith("pkg:cargo/") and part["type"] == "library":
            entry = lock.get(name)
            hashes = [entry_hash["content"] for entry_hash in part.get("hashes", [])]
            if entry is None or hashes != [entry["checksum"]]:
                wrong.append(name)
    fail_if(wrong)
elif what == "bytes":
    fail_if([path for path in programs if next(part for part in bom["components"] if part["name"] == os.path.basename(path))
             ["hashes"][0]["content"] != hashlib.sha256(open(path, "rb").read()).hexdigest()])
elif what == "named":
    # Panics name the source file they come from, and so the package.
    named = set()
    for path in programs:
        found = re.findall(rb"/cargo/registry/src/[^/]+/([A-Za-z0-9_-]+?)-(\d+\.\d+\.\d+[A-Za-z0-9.+-]*)/", open(path, "rb").read())
        named |= {(name.decode(), version.decode()) for name, version in found}
    print(f"{len(named)} packages are named in the programs, {len(parts)} are in the SBOM")
    fail_if(sorted(named - set(parts)) or ([] if len(named) > 40 else ["too few are named for a proof"]))
elif what == "identity":
    # Who reads pkg:cargo takes the code of the public registry for what is here.
    lock = {(entry["name"], entry["version"]) for entry in tomllib.load(open("Cargo.lock", "rb"))["package"] if "source" in entry}
    own = [part for part in bom["components"] if part.get("group") == "kafka-lag"]
    fail_if([part["purl"] for part in bom["components"] if part["purl"].startswith("pkg:cargo/") and (part["name"], part["version"]) not in lock]
            + [part["purl"] for part in own if not part["purl"].startswith("pkg:generic/kafka-lag/") or not part.get("description")]
            + ([] if "jsonpath-rust" in {part["name"] for part in own} else ["jsonpath-rust is not ours"]))
elif what == "licences":
    # A licence is there when words of its text stand below the name and version of the package.
    words = {
        "MIT": "permission is hereby granted, free of charge", "ISC": "permission to use, copy, modify, and",
        "Apache-2.0": "terms and conditions for use, reproduction, and distribution", "LLVM-exception": "llvm exceptions to the apache 2.0",
        "BSD-3-Clause": "redistribution and use in source and binary forms", "Unicode-3.0": "unicode license v3",
        "Unlicense": "this is free and unencumbered software", "BSL-1.0": "boost software license", "Zlib": "this software is provided",
        "LGPL-2.1-or-later": "gnu lesser general public license version 2.1", "GPL-3.0-or-later": "gnu general public license version 3",
        "GCC-exception-3.1": "gcc runtime library exception version 3.1", "MPL-2.0": "mozilla public license version 2.0",
    }
    with gzip.open(os.path.join(doc, "THIRD-PARTY.txt.gz"), "rt", encoding="utf-8") as file:
        _, *sections = re.split(r"\n={100}\n", file.read())
    texts = {}
    for owners, text in zip(sections[::2], sections[1::2]):
        for owner in owners.split(", "):
            texts[owner] = texts.get(owner, "") + " ".join(text.lower().split()) + "\n"
    def there(part):
        text = texts.get(f"{part['name']} {part['version']}", "")
        has = lambda found: str(words[found[0]] in text)
        terms = re.sub(r"\b(?!(?:OR|AND|WITH)\b)[A-Za-z][\w.-]*", has, part["licenses"][0]["expression"])
        return eval(terms.replace("WITH", "and").replace("AND", "and").replace("OR", "or"))
    others = [part for part in bom["components"] if part.get("group") != "kafka-lag"]
    print(f"{len(others)} packages of others")
    fail_if([f"{part['purl']}: {part['licenses']}" for part in others if not there(part)])
PY
sbom() { "$VENV/bin/python" "$WORK/sbom.py" "$1" "$OUT/rootfs"; }
check "the SBOM fits the schema of CycloneDX 1.5, and refers to nothing that is not in it" sbom schema
check "the SBOM has the versions and checksums of Cargo.lock" sbom lock
check "the SBOM has the checksums of the three programs" sbom bytes
check "every package that the programs name is in the SBOM" sbom named
check "what is not from the registry has no name of the registry's" sbom identity
check "whatever is not ours has the text of its licence in THIRD-PARTY.txt.gz" sbom licences
no_paths() { ! grep -aoE "($PWD|${CARGO_HOME:-$HOME/.cargo}|$HOME/)[^\x00 ]{0,60}" "$OUT"/rootfs/usr/bin/* | head -n 3 | grep .; }
check "the programs name no path of this machine" no_paths

# --- running it -------------------------------------------------------------------------------------------------------

mapfile -t PORTS < <(free_ports 3)
SIM_PORT=${PORTS[0]} WEB=127.0.0.1:${PORTS[1]} TLS_PORT=${PORTS[2]}
# Another loopback address, because port 53 of the first may be taken.
DNS=127.87.65.$((RANDOM % 250 + 2))
# runc passes on no limits that are higher than those of the container it may be in.
LIMITS=(--ulimit nofile=1024:1024 --ulimit nproc=4096:4096)
KEYS=(-e ALIBABA_CLOUD_ACCESS_KEY_ID=sim-key-id -e ALIBABA_CLOUD_ACCESS_KEY_SECRET=sim-key-secret)
contained() {
  podman_ run --rm --read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges --network=host \
    "${LIMITS[@]}" "${KEYS[@]}" "$@"
}
program() { contained --entrypoint "/usr/bin/$1" kafka-lag:test "$2"; }
# show URL FLAG...: what the one-shot program sees there, with a container's flags.
show() {
  local url=$1 flags=()
  shift
  [ -z "${CA:-}" ] || flags=(--cms.ca-file="$CA")
  contained --entrypoint /usr/bin/kafka-lag "$@" kafka-lag:test show --cms.region=cn-hangzhou --cms.instance="$INSTANCE" \
    --cms.endpoint="$url" --cms.timeout=3s --cms.max-attempts=1 "${flags[@]}" >"$WORK/show" 2>&1
}
sees() { show "$@" || { cat "$WORK/show"; return 1; }; cat "$WORK/show"; grep -qF 150,001 "$WORK/show"; }
# refused TEXT URL FLAG...: it fails, and says TEXT.
refused() {
  local text=$1
  shift
  ! show "$@" || { echo "it did not fail"; return 1; }
  cat "$WORK/show"
  grep -qiE "$text" "$WORK/show"
}

run cms-sim env -i "$CMS_SIM" --listen-address "127.0.0.1:$SIM_PORT" --groups 3 --publication-delay 1s
sim() { get -X "$1" "http://127.0.0.1:$SIM_PORT/_sim/$2" ${3:+-d "$3"}; }
within 10 "the simulated cloud answers" sim GET state
sim PUT "groups/$INSTANCE/busy" '{"scenario":"constant","lag":150001}' >/dev/null
sim PUT "groups/$INSTANCE/caught-up" '{"scenario":"zero"}' >/dev/null

version() { program "$1" --version | grep -E "^$1 [0-9]+\.[0-9]+\.[0-9]+ "; }
for each in kafka-lag-exporter kafka-lag kafka-lag-scaler; do
  check "$each --version" version "$each"
  check "$each is linked statically" bash -c "! readelf -lW '$OUT/rootfs/usr/bin/$each' | grep -q INTERP"
done
no_shell() { ! program sh -c && ! contained --entrypoint /bin/sh kafka-lag:test -c true; }
check "there is no shell to start" no_shell

STARTED+=("kafka-lag-$$")
run exporter contained --name "kafka-lag-$$" --tmpfs /state:rw,mode=1777 kafka-lag:test \
  --web.listen-address="$WEB" --cms.region=cn-hangzhou --cms.instance="$INSTANCE" \
  --cms.endpoint="http://127.0.0.1:$SIM_PORT" --state.directory=/state
shows() { get "http://$WEB/metrics" | grep -F "kafka_consumer_message_accumulation{instance_id=\"$INSTANCE\",consumer_group=\"$1\"} $2"; }
within 15 "/metrics has the number" shows busy 150001
check "/metrics has the zero" shows caught-up 0
INNER=$(podman_ inspect -f '{{.State.Pid}}' "kafka-lag-$$" || echo 0)
status() { grep -E "^$1:[[:space:]]+$2" "/proc/$INNER/status"; }
check "it runs as uid 65532" status Uid $'65532\t65532\t65532\t65532'
check "and gid 65532" status Gid $'65532\t65532\t65532\t65532'
check "without any capability" status CapEff 0000000000000000
check "and can get none" status NoNewPrivs 1
read_only() { grep -E '^[^ ]+ / [^ ]+ ro[, ]' "/proc/$INNER/mounts"; }
check "its root is read-only" read_only
within 10 "its state is in the mounted directory" test -s "/proc/$INNER/root/state/api-calls.json"
ends() { podman_ kill -s TERM "kafka-lag-$$" && wait "${PID[exporter]}"; }
check "SIGTERM ends it with 0" ends

# --- names and authorities --------------------------------------------------------------------------------------------

run dnsmasq dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --port=53 --listen-address="$DNS" --bind-interfaces \
  --user=root --pid-file="$WORK/dnsmasq.pid" --host-record=cms.by-dns.test,127.0.0.1 --local=/test/
echo "nameserver $DNS" >"$WORK/resolv.conf"
RESOLVER=(-v "$WORK/resolv.conf:/etc/resolv.conf:ro")

check "a name of /etc/hosts" sees "http://cms.by-hosts.test:$SIM_PORT" "${RESOLVER[@]}" --add-host cms.by-hosts.test:127.0.0.1
within 5 "a name that only DNS knows" sees "http://cms.by-dns.test:$SIM_PORT" "${RESOLVER[@]}"
check "a name that nobody knows is an error that says so" \
  refused "resolve|lookup|name" "http://cms.nowhere.test:$SIM_PORT" "${RESOLVER[@]}"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=test authority" \
  -keyout "$WORK/ca.key" -out "$WORK/ca.crt" 2>"$WORK/openssl.log"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=cms.by-dns.test" \
  -keyout "$WORK/tls.key" -out "$WORK/tls.csr" 2>>"$WORK/openssl.log"
openssl x509 -req -in "$WORK/tls.csr" -CA "$WORK/ca.crt" -CAkey "$WORK/ca.key" -CAcreateserial -days 2 \
  -extfile <(echo "subjectAltName=DNS:cms.by-dns.test") -out "$WORK/tls.crt" 2>>"$WORK/openssl.log"
chmod 0755 "$WORK"; chmod 0644 "$WORK/ca.crt" "$WORK/resolv.conf"
run tls python3 tests/e2e/tls_front.py "$WORK/tls.crt" "$WORK/tls.key" "127.0.0.1:$TLS_PORT=127.0.0.1:$SIM_PORT"
CA=/ca.crt within 10 "an authority of one's own, mounted, is believed" \
  sees "https://cms.by-dns.test:$TLS_PORT" "${RESOLVER[@]}" -v "$WORK/ca.crt:/ca.crt:ro"
check "the bundle of the image is found, and does not know that authority" \
  refused "certificate|UnknownIssuer" "https://cms.by-dns.test:$TLS_PORT" "${RESOLVER[@]}"
empty() { refused "no CA certificates" "https://cms.by-dns.test:$TLS_PORT" "${RESOLVER[@]}" -v /dev/null:/etc/ssl/certs/ca-certificates.crt:ro; }
check "without a bundle it says what is missing" empty

# --- once more, elsewhere ---------------------------------------------------------------------------------------------

if [ "${1:-}" = --twice ]; then
  began=$SECONDS
  mkdir "$WORK/sources"
  git ls-files -z | tar cf - --null -T - | tar xf - -C "$WORK/sources"
  elsewhere() {
    # No .git there: what the programs say of themselves is handed over.
    CARGO_TARGET_DIR="$WORK/other-target" KAFKA_LAG_BUILD_REVISION=$(git rev-parse --short=12 HEAD) \
      KAFKA_LAG_BUILD_BRANCH=$(git rev-parse --abbrev-ref HEAD) "$WORK/sources/deploy/docker/build.sh" >"$WORK/where" 2>"$WORK/second.log" || return 1
    for name in kafka-lag-exporter kafka-lag kafka-lag-scaler; do
      cmp "$(cat "$WORK/where")/$name" "$OUT/rootfs/usr/bin/$name" || return 1
    done
  }
  check "the programs, built in another place, are the same bytes" elsewhere
  echo "took $((SECONDS - began)) s"
fi

summary
