#!/usr/bin/env bash
# End to end: clients that none of us wrote, against the real cms-sim.
#
# The vendor's Python SDKs and its credentials library sign, page, assume roles and parse. Every request of theirs must
# be accepted and every answer understood: the judge of the simulator, and through it of our own client.
#
# Usage: tests/e2e/official_sdk.sh
#   CMS_SIM=PATH   use this binary; without it, a debug binary is built
#
# Needs python3 with venv, curl, and a package index that pip reaches as it is configured; the packages stay in target/
# for the next run. Everything listens on 127.0.0.1 at ports that are free at that moment, and ends with the script.
#
# One line per proof; the first mismatch ends it. The last line is "N passed, M failed", and the exit code is 0 when M
# is 0.
source "$(dirname "$0")/lib.sh"

# The four that are judged, and the two that do their work. What those need in turn may be of any fitting version.
PACKAGES=(
  alibabacloud-cms20190101==4.0.10
  alibabacloud-credentials==1.0.12
  alibabacloud-alikafka20190916==2.16.0
  alibabacloud-sts20150401==1.2.0
  alibabacloud-tea-openapi==0.4.6
  darabonba-core==1.0.9
)

# --- packages ---------------------------------------------------------------------------------------------------------

venv official-sdk "${PACKAGES[@]}"
programs CMS_SIM=cms-sim

# --- start ------------------------------------------------------------------------------------------------------------

# start NAME FLAG...: a simulator on a port that is free; its first line says where.
start() {
  local name=$1
  shift
  run "$name" env -i "$CMS_SIM" --listen-address 127.0.0.1:0 --publication-delay 0s --rate-limit 0 "$@"
  local deadline=$((SECONDS + 10))
  until grep -q '^cms-sim listening on ' "$WORK/$name.log"; do
    kill -0 "${PID[$name]}" 2>/dev/null || { echo "cms-sim has ended" >&2; exit 1; }
    [ "$SECONDS" -lt "$deadline" ] || { echo "cms-sim does not start" >&2; exit 1; }
    sleep 0.1
  done
}
address() { sed -n 's#^cms-sim listening on http://##p' "$WORK/$1.log"; }
start cms-sim --groups 24 --instances 2
start hardened --demo --imds-v2-only

# --- the judge --------------------------------------------------------------------------------------------------------

# A home and an environment of its own: no key, profile or proxy of whoever runs this may take part. The libraries write
# every failure they notice to standard error, also those that are asked for here; it is shown when something is wrong.
mkdir "$WORK/home"
env -i PATH="$PATH" HOME="$WORK/home" LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
  "$VENV/bin/python" tests/e2e/official_sdk.py "$(address cms-sim)" "$(address hardened)" "$WORK/home" \
  2>"$WORK/judge.log"
