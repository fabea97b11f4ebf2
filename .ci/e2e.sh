#!/usr/bin/env bash
# Starts a demo of its own on free ports with a fresh data directory, runs the browser tests against it, and checks that it
# then stops cleanly. bin/quantrac must have been built.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/env.sh
: "${CHROMIUM:?no Chromium found; run make tools}"

work=$(mktemp -d)
log=$work/demo.log
demo=""

cleanup() {
  local status=$?
  if [ -n "$demo" ]; then
    kill -KILL "$demo" 2>/dev/null || true
    wait "$demo" 2>/dev/null || true
  fi
  if [ "$status" -ne 0 ] && [ -f "$log" ]; then
    printf '\nthe last lines of the demo:\n'
    tail -n 40 "$log"
  fi
  rm -rf "$work"
}
trap cleanup EXIT

# The sockets are open at once, so that the ports differ.
read -r http mqtt SMTP_PORT < <(python3 - <<'PY'
import socket
free = [socket.socket() for _ in range(3)]
for s in free:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in free))
PY
)
export BASE_URL=http://127.0.0.1:$http
# An administrator's token of this run alone: the pages for administrators are tested with it.
QUANTRAC_BOOTSTRAP_TOKEN=$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')
export QUANTRAC_BOOTSTRAP_TOKEN SMTP_PORT
# The tests are the recipients, of webhooks and of e-mails.
cat >"$work/quantrac.yaml" <<YAML
webhooks:
  allow_private: [127.0.0.0/8]
smtp:
  address: 127.0.0.1:$SMTP_PORT
  tls: none
  from: quantrac@example.vn
YAML

bin/quantrac demo --config "$work/quantrac.yaml" --data "$work/data" --http "127.0.0.1:$http" --mqtt "127.0.0.1:$mqtt" >"$log" 2>&1 &
demo=$!

deadline=$((SECONDS + 60))
until python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)' "$BASE_URL/readyz" 2>/dev/null; do
  kill -0 "$demo" 2>/dev/null || { echo "the demo ended by itself" >&2; exit 1; }
  [ "$SECONDS" -lt "$deadline" ] || { echo "the demo was not ready within 60 s" >&2; exit 1; }
  sleep 0.2
done
echo "demo at $BASE_URL, ready"

npm --prefix web/ui run e2e

# SIGTERM has to end it by itself, with status 0, within the 10 s that it is given.
kill -TERM "$demo"
for _ in $(seq 100); do
  kill -0 "$demo" 2>/dev/null || break
  sleep 0.1
done
if kill -0 "$demo" 2>/dev/null; then
  echo "the demo did not stop within 10 s" >&2
  exit 1
fi
status=0
wait "$demo" || status=$?
demo=""
if [ "$status" -ne 0 ]; then
  echo "the demo stopped with status $status" >&2
  exit 1
fi
echo "demo stopped cleanly"
