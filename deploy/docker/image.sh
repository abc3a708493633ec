#!/usr/bin/env bash
# Builds the image without a registry and prints the path of the OCI archive.
#
# Usage: deploy/docker/image.sh [TAG]     (default: kafka-lag:VERSION)
#   BIN_DIR, CA_BUNDLE   as for deploy/docker/rootfs.sh
#   OUT=PATH             where to work (default: target/image); OUT/rootfs, OUT/kafka-lag.tar and OUT/digest are left there
#
# Needs buildah (Debian's), and what deploy/docker/rootfs.sh needs. The same commit gives the same digest.
#
# To load it: podman load -i target/image/kafka-lag.tar, or skopeo copy oci-archive:target/image/kafka-lag.tar docker://...
set -euo pipefail
[ -z "${BIN_DIR:-}" ] || { BIN_DIR=$(realpath -e "$BIN_DIR") && export BIN_DIR; }
[ -z "${OUT:-}" ] || OUT=$(realpath -m "$OUT")
cd "$(dirname "$0")/../.."
command -v buildah >/dev/null || { echo "buildah is needed: apt-get install buildah" >&2; exit 1; }

VERSION=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
TAG=${1:-kafka-lag:$VERSION}
OUT=${OUT:-$(realpath -m "${CARGO_TARGET_DIR:-target}")/image}
REVISION=${KAFKA_LAG_BUILD_REVISION:-$(git rev-parse --short=12 HEAD 2>/dev/null || true)}
# The age of the sources, not of the build.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH

mkdir -p "$OUT"
deploy/docker/rootfs.sh "$OUT/rootfs" >&2

# Storage of its own; a plain directory driver and chroot, so that it works inside a container, too.
image() { buildah --root "$OUT/storage" --runroot "$OUT/run" --storage-driver vfs "$@"; }
image bud --quiet --isolation chroot --no-cache --format oci --timestamp "$SOURCE_DATE_EPOCH" \
  -f deploy/docker/Dockerfile --build-context "build=$OUT" -t "$TAG" \
  --build-arg "VERSION=$VERSION" --build-arg "REVISION=$REVISION" \
  --build-arg "CREATED=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" deploy/docker >&2
rm -f "$OUT/kafka-lag.tar"
image push --quiet --compression-format gzip --compression-level 9 --digestfile "$OUT/digest" "$TAG" "oci-archive:$OUT/kafka-lag.tar:$TAG" >&2
echo "$OUT/kafka-lag.tar"
