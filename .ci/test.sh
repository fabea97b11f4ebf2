#!/usr/bin/env bash
# Every test, in order of how soon it can fail. Stops at the first step that does.
set -euo pipefail
cd "$(dirname "$0")/.."

passed=0
current=""
began=0

step() {
  finish
  current=$1
  began=$SECONDS
  printf '\n==> %s\n' "$current"
}

finish() {
  [ -n "$current" ] || return 0
  passed=$((passed + 1))
  printf '    ok: %s (%d s)\n' "$current" $((SECONDS - began))
  current=""
}

report() {
  local status=$?
  if [ "$status" -ne 0 ]; then
    printf '\nFAILED: %s\nsteps: %d passed, 1 failed\n' "${current:-set-up}" "$passed"
  fi
}
trap report EXIT

step "test tools: mosquitto, chromium, influxd, MQTT.js"
make tools
. .ci/env.sh
: "${QUANTRAC_INFLUXD:?}" "${QUANTRAC_MOSQUITTO:?}" "${CHROMIUM:?}"
echo "influxd    $QUANTRAC_INFLUXD"
echo "mosquitto  $QUANTRAC_MOSQUITTO"
echo "chromium   $CHROMIUM"

step "gofmt"
mapfile -t sources < <(git ls-files -co --exclude-standard -- '*.go' | while read -r f; do [ ! -f "$f" ] || echo "$f"; done)
unformatted=$(gofmt -l "${sources[@]}")
if [ -n "$unformatted" ]; then
  printf 'not gofmt-clean:\n%s\n' "$unformatted"
  exit 1
fi

step "UI: types, lint, unit tests"
make web/ui/node_modules/.stamp
npm --prefix web/ui run typecheck
npm --prefix web/ui run lint
npm --prefix web/ui test

step "page and binary"
make build
bin/quantrac version

step "Go: vet, unit, race and integration tests, in random order"
make race

step "fuzz targets, ${FUZZTIME:=1s} each"
FUZZTIME=$FUZZTIME .ci/fuzz.sh > .tools/fuzz.log 2>&1 || { tail -n 60 .tools/fuzz.log; exit 1; }
tail -n 1 .tools/fuzz.log

step "browser tests against a demo"
.ci/e2e.sh

finish
printf '\nsteps: %d passed, 0 failed\n' "$passed"
