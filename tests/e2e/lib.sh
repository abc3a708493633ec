# What the scripts here share: proofs, processes that end with the script, free ports, tools. Sourced, first thing:
#
#   source "$(dirname "$0")/lib.sh"
#
# After that the script is at the root of the project, and has a folder WORK of its own, which goes with it. Each proof is
# one line; the last statement is `summary`. When a script fails, the ends of the logs in WORK are printed; KEEP=FOLDER keeps
# all of WORK then.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

TARGET=$(realpath -m "${CARGO_TARGET_DIR:-target}")
WORK=$(mktemp -d)
declare -A PID=()
PASSED=0
FAILED=0

finish() {
  local code=$? pid log
  trap - EXIT INT TERM
  for pid in "${PID[@]}"; do kill -CONT "$pid" 2>/dev/null || true; kill "$pid" 2>/dev/null || true; done
  for pid in "${PID[@]}"; do wait "$pid" 2>/dev/null || true; done
  if [ "$code" -ne 0 ]; then
    for log in "$WORK"/*.log; do
      [ -s "$log" ] && { echo "--- last lines of ${log##*/}" >&2; tail -n 15 "$log" >&2; }
    done
    [ -z "${KEEP:-}" ] || cp -r "$WORK" "$KEEP"
  fi
  if declare -F at_end >/dev/null; then at_end || true; fi # the script's own
  rm -rf "$WORK"
  exit "$code"
}
trap finish EXIT
trap 'exit 1' INT TERM

# --- proofs -----------------------------------------------------------------------------------------------------------

proved() { PASSED=$((PASSED + 1)); echo "ok   $*"; }
broken() { FAILED=$((FAILED + 1)); echo "FAIL $*"; }

# check NAME COMMAND...: one proof.
check() {
  local name=$1
  shift
  if "$@" >"$WORK/check.out" 2>&1; then proved "$name"; else broken "$name"; cat "$WORK/check.out"; fi
}

# within SECONDS NAME COMMAND...: one proof that may take a while to come true.
within() {
  local deadline=$((SECONDS + $1)) name=$2 from=$SECONDS
  shift 2
  until "$@" >"$WORK/check.out" 2>&1; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      broken "$name (waited $((SECONDS - from)) s)"
      cat "$WORK/check.out"
      return
    fi
    sleep 0.2
  done
  proved "$name (after $((SECONDS - from)) s)"
}

# The last line, and the exit code.
summary() {
  echo "$PASSED passed, $FAILED failed"
  [ "$FAILED" = 0 ]
}

# --- processes --------------------------------------------------------------------------------------------------------

# run NAME COMMAND...: in the background, with the log NAME.log. Ends with the script, or by `ended`.
run() {
  local name=$1
  shift
  "$@" >>"$WORK/$name.log" 2>&1 &
  PID[$name]=$!
}

# ended NAME [SIGNAL]: ends it; ENDED is its exit code.
ended() {
  ENDED=0
  kill -s "${2:-TERM}" "${PID[$1]}"
  wait "${PID[$1]}" 2>/dev/null || ENDED=$?
  unset "PID[$1]"
}

# free_ports COUNT: one a line. Scripts run beside each other: a connection that was closed on this side keeps the system
# from handing the port out again for a minute, while a server may take it.
free_ports() {
  python3 -c '
import socket, sys
for _ in range(int(sys.argv[1])):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.listen(1)
        with socket.create_connection(listener.getsockname()):
            listener.accept()[0].close()
        print(listener.getsockname()[1])' "$1"
}

# get OPTIONS... URL: fails when the answer is not a good one, and never hangs.
get() { curl -sSf --noproxy '*' --max-time 5 "$@"; }

# --- tools ------------------------------------------------------------------------------------------------------------

# need COMMAND PACKAGE
need() {
  command -v "$1" >/dev/null || { echo "$1 is needed: apt-get install $2" >&2; exit 1; }
}
need python3 python3
need curl curl

# programs VARIABLE=PROGRAM...: paths of our programs. What no variable of the caller names is built, without optimisation.
programs() {
  local pair variable wanted=()
  for pair; do
    variable=${pair%%=*}
    [ -n "${!variable:-}" ] || wanted+=(-p "${pair#*=}")
  done
  [ "${#wanted[@]}" = 0 ] || cargo build --quiet "${wanted[@]}"
  for pair; do
    variable=${pair%%=*}
    declare -g "$variable=$(realpath "${!variable:-$TARGET/debug/${pair#*=}}")"
  done
}

# venv NAME PACKAGE...: VENV is a Python environment with these packages, kept in target/ for the next run.
venv() {
  local wanted
  VENV=$TARGET/$1
  shift
  wanted=$(printf '%s\n' "$(python3 --version)" "$@")
  [ "$(cat "$VENV/installed" 2>/dev/null)" != "$wanted" ] || return 0
  rm -rf "$VENV"
  python3 -m venv "$VENV" >"$WORK/venv.log" 2>&1 ||
    { echo "python3 cannot make a virtual environment: apt-get install python3-venv" >&2; exit 1; }
  "$VENV/bin/pip" install --quiet --disable-pip-version-check "$@" >"$WORK/pip.log" 2>&1 ||
    { echo "pip cannot install $*; nothing was tested" >&2; exit 1; }
  # Last, so that an interrupted installation is not taken for a whole one.
  printf '%s\n' "$wanted" >"$VENV/installed"
}
