#!/usr/bin/env bash
# End to end: the status page in a real browser. The real cms-sim and kafka-lag-exporter, Debian's chromium, axe.
#
# It proves, without a script (curl, and a browser that runs none) and with one:
#   - the table is complete and its links and its form work without JavaScript; both languages; nothing loads from elsewhere;
#   - a change of the lag appears by itself, and focus, typed text, scroll position and what is open stay;
#   - search answers while one types, and sorting and paging are the server's, with 20,000 groups too;
#   - the keyboard reaches search, headers and rows; axe finds nothing serious, in both themes and languages, wide and narrow;
#   - a name that is markup is shown as text; behind a password the page is live as well;
#   - nothing is wider than the window, from 1536 to 360, calm and in an outage; there the reason and the worst come first;
#   - a hanging exporter is noticed within seconds;
#   - a killed exporter: the page says since when, its ages go on, numbers that got too old vanish; it recovers by itself.
#
# Usage: tests/e2e/status_page.sh [--screenshots DIR]
#   EXPORTER=PATH CMS_SIM=PATH   use these binaries; without them, debug binaries are built
#   --screenshots DIR            only make the pictures of docs/images, from lag-serve's example `status`
#
# Needs chromium, npm, curl and python3 (Debian packages of these names); npm fetches playwright-core and axe-core into target/.
# Everything listens on 127.0.0.1 at ports that are free at that moment, and ends with the script. It takes two minutes.
#
# One line per proof; the last line is "N passed, M failed", and the exit code is 0 when M is 0.
source "$(dirname "$0")/lib.sh"

need chromium chromium
need npm npm

export NODE_PATH=$TARGET/status-page/node_modules CHROMIUM
CHROMIUM=$(command -v chromium)
if [ ! -e "$NODE_PATH/playwright-core/package.json" ] || [ ! -e "$NODE_PATH/axe-core/axe.min.js" ]; then
  mkdir -p "$TARGET/status-page"
  npm install --silent --no-audit --no-fund --prefix "$TARGET/status-page" playwright-core@1.56.1 axe-core@4.11.0
fi

if [ "${1:-}" = --screenshots ]; then
  mkdir -p "${2:?a directory for the pictures}"
  cargo build --quiet -p lag-serve --example status
  run calm "$TARGET/debug/examples/status"
  run outage "$TARGET/debug/examples/status" outage
  for name in calm outage; do within 10 "the invented board is served: $name" grep -q http "$WORK/$name.log"; done
  node tests/e2e/status_page.cjs pictures "$(head -n 1 "$WORK/calm.log")" "$(head -n 1 "$WORK/outage.log")" "$2"
  exit
fi

programs EXPORTER=kafka-lag-exporter CMS_SIM=cms-sim
mapfile -t PORTS < <(free_ports 7)
SIM=127.0.0.1:${PORTS[0]} WEB=127.0.0.1:${PORTS[1]} MANY_SIM=127.0.0.1:${PORTS[2]} MANY=127.0.0.1:${PORTS[3]}
LOCKED=127.0.0.1:${PORTS[4]} OUT_SIM=127.0.0.1:${PORTS[5]} OUT=127.0.0.1:${PORTS[6]}
INSTANCE=alikafka_pre-cn-statuspage1

sim() { get -X "$1" "http://$SIM/_sim/$2" ${3:+-d "$3"}; }

# exporter NAME ADDRESS SIMULATOR FURTHER...
exporter() {
  local name=$1 address=$2 cloud=$3
  shift 3
  run "$name" env -i ALIBABA_CLOUD_ACCESS_KEY_ID=sim-key-id ALIBABA_CLOUD_ACCESS_KEY_SECRET=sim-key-secret "$EXPORTER" \
    --web.listen-address="$address" --cms.region=cn-hangzhou --cms.endpoint="http://$cloud" \
    --collect.schedule=fixed --budget.requests-per-month=none "$@"
}
small() {
  exporter exporter "$WEB" "$SIM" --cms.instance="$INSTANCE" --collect.interval=1s --lag.threshold=100000 --group.expect=settlement
}

run cms-sim env -i "$CMS_SIM" --listen-address "$SIM" --publication-delay 1s
run many-sim env -i "$CMS_SIM" --listen-address "$MANY_SIM" --groups 20000
within 10 "the simulated cloud answers" sim GET state
set_group() { sim PUT "groups/$INSTANCE/$1" "$2" >/dev/null; }
set_group cust_docking_analog '{"scenario":"constant","lag":70000}'
set_group order_docking_analog '{"scenario":"constant","lag":250000}'
set_group caught-up '{"scenario":"zero"}'
set_group '%3Cscript%3Ealert(1)%3C%2Fscript%3E' '{"scenario":"constant","lag":7}'
for n in $(seq 10 39); do set_group "filler-$n" '{"scenario":"constant","lag":1'"$n"'}'; done
small
# The password's hash is that of "U*U", a published vector of bcrypt.
printf 'basic_auth_users:\n  alice: $2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n' >"$WORK/web.yml"
exporter locked "$LOCKED" "$SIM" --cms.instance="$INSTANCE" --collect.interval=1s --web.config.file="$WORK/web.yml"
mapfile -t MANY_IDS < <(get "http://$MANY_SIM/_sim/state" | grep -o 'alikafka_[a-z0-9_-]*' | sort -u)
exporter many "$MANY" "$MANY_SIM" --cms.instance="$(IFS=,; echo "${MANY_IDS[*]}")" --collect.interval=60s --cms.rate-limit=50

# One that is read for a while, and then no more: its numbers get too old while the other proofs run.
run out-sim env -i "$CMS_SIM" --listen-address "$OUT_SIM" --publication-delay 1s
within 10 "the cloud that will fail answers" get "http://$OUT_SIM/_sim/state"
out_group() { get -X PUT "http://$OUT_SIM/_sim/groups/$INSTANCE/$1" -d '{"scenario":"constant","lag":'"$2"'}' >/dev/null; }
out_group order_docking_analog 250000
out_group huge 4000000000
for n in 1 2 3 4 5 6 7; do out_group "consumer-of-the-warehouse-with-a-long-name-$n" "1234$n"; done
exporter out "$OUT" "$OUT_SIM" --cms.instance="$INSTANCE" --collect.interval=1s --lag.threshold=100000 --lag.max-age=150s \
  --cms.max-attempts=1
out_rows() { get "http://$OUT/" | grep -F '<b>250,000</b>'; }
within 20 "that cloud is read" out_rows
get -X POST "http://$OUT_SIM/_sim/faults" -d '{"fault":"throttling"}' >/dev/null

# --- without a script -------------------------------------------------------------------------------------------------

page() { get -H "Accept-Language: ${2:-en}" "http://$WEB/$1"; }
says() { page "$1" "$2" | grep -F -- "$3"; }
lacks() { ! page "$1" en | grep -F -- "$2"; }
rows() { page "$1" en | grep -c '<tr data-key="alikafka_[^"]* '; }
has_rows() { local found; found=$(rows "$1"); echo "rows: $found"; [ "$found" = "$2" ]; }
within 20 "the page shows a lag that was read" says "" en '<b>250,000</b>'
check "every group is a row: those there are, and the expected one" has_rows "" 35
check "the verdict is in words" says "" en '1 group is over its limit. 1 of 35 groups has no fresh number.'
check "in Chinese by Accept-Language" says "" "zh-CN,zh;q=0.9,en;q=0.8" '1 个消费组超过上限。'
check "and by the address, which wins" says "?lang=zh" en '<html lang="zh-CN">'
check "what is expected and not there has no number" says "?q=settlement" en 'expected, no data'
check "a search is a link" has_rows "?q=filler-1" 10
check "a name that is markup is text" says "?q=alert" en '<bdi>&#60;script&#62;alert(1)&#60;/script&#62;</bdi>'
check "and no markup" lacks "" '<script>alert'
check "one group alone" says "?instance=$INSTANCE&group=order_docking_analog" en 'kafka_consumer_message_accumulation{instance_id='
check "the threshold is a metric" says metrics en 'kafka_consumer_message_accumulation_threshold{instance_id="'$INSTANCE'",consumer_group="settlement"} 100000'
locked() { local found; found=$(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' "http://$LOCKED/"); echo "answered $found"; [ "$found" = 401 ]; }
check "with --web.config.file it wants a password, too" locked
many_rows() { get "http://$MANY/" | grep -F '20,000'; }
within 90 "20,000 groups are read" many_rows

# --- in a browser -----------------------------------------------------------------------------------------------------

# Asks for the exporter to be killed and started by a line on its output; answers come through a pipe.
mkfifo "$WORK/answers"
exec 3<>"$WORK/answers"
coproc BROWSER { node tests/e2e/status_page.cjs prove "http://$WEB/" "http://$SIM/_sim" "$INSTANCE" "http://$MANY/" "http://$LOCKED/" "http://$OUT/" 0<"$WORK/answers" 2>"$WORK/browser.log"; }
BROWSER_ID=$BROWSER_PID
while read -r line; do
  case $line in
    "ok "*) PASSED=$((PASSED + 1)); echo "$line" ;;
    "FAIL "*) FAILED=$((FAILED + 1)); echo "$line" ;;
    "please kill") kill -KILL "${PID[exporter]}"; wait "${PID[exporter]}" 2>/dev/null || true; unset "PID[exporter]"; echo killed >&3 ;;
    "please stop") kill -STOP "${PID[exporter]}"; echo stopped >&3 ;;
    "please continue") kill -CONT "${PID[exporter]}"; echo continued >&3 ;;
    "please start") small; echo started >&3 ;;
    *) echo "$line" ;;
  esac
done <&"${BROWSER[0]}"
if wait "$BROWSER_ID"; then proved "the browser came to the end"; else broken "the browser came to the end"; fi
exec 3>&-

summary
