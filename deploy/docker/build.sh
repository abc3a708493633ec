#!/usr/bin/env bash
# Builds the three programs as the image carries them and prints the directory that holds them.
#
# Usage: deploy/docker/build.sh
#
# Static, so that they need no base image; optimised as [profile.dist] of Cargo.toml says; the same bytes wherever the
# sources and the target directory lie. Needs Rust, a C compiler with its linker, and the static glibc of Debian's libc6-dev.
# With CARGO, that program is called in cargo's place.
set -euo pipefail
cd "$(dirname "$0")/../.."

HOST=$(rustc -vV | sed -n 's/^host: //p')
COMMIT=$(rustc -vV | sed -n 's/^commit-hash: //p')
TARGET=$(realpath -m "${CARGO_TARGET_DIR:-target}")
HOME_OF_CARGO=$(realpath -m "${CARGO_HOME:-$HOME/.cargo}")

FLAGS=(
  -C target-feature=+crt-static
  # Panics name a source file: no path of the machine that built it. Of several that fit, the last one counts.
  "--remap-path-prefix=$HOME_OF_CARGO=/cargo"
  "--remap-path-prefix=$PWD=/src"
  "--remap-path-prefix=$TARGET=/target"
  "--remap-path-prefix=$(rustc --print sysroot)/lib/rustlib/src/rust=/rustc/$COMMIT"
)
# Identical functions once; relocations as bits. Options of lld, which Rust links with by itself on this one alone; the C
# compiler's linker, which does it elsewhere, does not know them.
[ "$HOST" != x86_64-unknown-linux-gnu ] || FLAGS+=(-C link-arg=-Wl,--icf=all,--pack-dyn-relocs=relr)
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${FLAGS[*]}")
export CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL=0

# With a target named, the flags are for what is shipped and not for what runs while building. One call for the three, so
# that they share what can be shared; the exporter has everything but --demo.
${CARGO:-cargo} build --locked --profile dist --target "$HOST" \
  -p kafka-lag-exporter -p kafka-lag -p kafka-lag-scaler --no-default-features \
  --features kafka-lag-exporter/external-metrics,kafka-lag-exporter/keda,kafka-lag-exporter/ha >&2

echo "$TARGET/$HOST/dist"
