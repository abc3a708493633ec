#!/usr/bin/env bash
# Fills a directory with everything that is in the image.
#
# Usage: deploy/docker/rootfs.sh DIR
#   BIN_DIR=PATH     take the three programs from there; without it, deploy/docker/build.sh makes them
#   CA_BUNDLE=PATH   certificates to trust; without it, those of this machine (Debian's ca-certificates)
#
# Needs python3, and cargo with the sources of the dependencies, for the SBOM and the licences.
set -euo pipefail
[ "$#" = 1 ] || { sed -n '4p' "$0" >&2; exit 1; }
ROOTFS=$(realpath -m "$1")
[ -z "${BIN_DIR:-}" ] || BIN_DIR=$(realpath "$BIN_DIR")
cd "$(dirname "$0")/../.."

CA_BUNDLE=${CA_BUNDLE:-/etc/ssl/certs/ca-certificates.crt}
[ -s "$CA_BUNDLE" ] || { echo "no CA certificates at $CA_BUNDLE: install the package ca-certificates, or set CA_BUNDLE" >&2; exit 1; }
BIN_DIR=${BIN_DIR:-$(deploy/docker/build.sh)}

put() { install -D -m "$1" "$2" "$ROOTFS/$3"; }

rm -rf "$ROOTFS"
install -d -m 0755 "$ROOTFS"
for program in kafka-lag-exporter kafka-lag kafka-lag-scaler; do put 0755 "$BIN_DIR/$program" "usr/bin/$program"; done
put 0644 "$CA_BUNDLE" etc/ssl/certs/ca-certificates.crt
put 0644 /dev/stdin etc/passwd <<<'nonroot:x:65532:65532:nonroot:/nonexistent:/nonexistent'
put 0644 /dev/stdin etc/group <<<'nonroot:x:65532:'
# A Pod's hostAliases come before DNS.
put 0644 /dev/stdin etc/nsswitch.conf <<<'hosts: files dns'
put 0644 LICENSE usr/share/doc/kafka-lag/LICENSE
python3 deploy/docker/contents.py "$ROOTFS/usr/bin" "$ROOTFS/usr/share/doc/kafka-lag"
