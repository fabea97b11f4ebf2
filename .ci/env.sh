# Sourced by scripts and the Makefile: where the outside programs are that the tests talk to. A test that is told where one
# is fails when it does not work; without the variable it looks in PATH and skips.
PATH="$PATH:/usr/sbin"
export PATH

if [ -z "${QUANTRAC_INFLUXD:-}" ] && [ -x "$PWD/.tools/bin/influxd" ]; then
  export QUANTRAC_INFLUXD="$PWD/.tools/bin/influxd"
fi
if [ -z "${QUANTRAC_MOSQUITTO:-}" ] && command -v mosquitto >/dev/null; then
  QUANTRAC_MOSQUITTO=$(command -v mosquitto)
  export QUANTRAC_MOSQUITTO
fi
# MQTT.js, a client of another make, is installed by "make tools"; its test fails without it then.
if [ -d "$PWD/ingest/broker/testdata/mqttjs/node_modules" ]; then
  export QUANTRAC_NEED_NODE=1
fi
if [ -d "$PWD/alerts/webhook/testdata/standardwebhooks/node_modules" ]; then
  export QUANTRAC_NEED_STANDARDWEBHOOKS=1
fi
if command -v promtool >/dev/null; then
  export QUANTRAC_NEED_PROMTOOL=1
fi
# Built by "make telegraf" only; without it the comparison is not tested.
if [ -z "${QUANTRAC_TELEGRAF:-}" ]; then
  for candidate in "$PWD"/.tools/bin/telegraf-*; do
    [ ! -x "$candidate" ] || export QUANTRAC_TELEGRAF="$candidate"
  done
fi
# The plain binary is preferred to Debian's wrapper script, which adds flags of its own.
for candidate in "${CHROMIUM:-}" /usr/lib/chromium/chromium chromium chromium-browser google-chrome; do
  if [ -n "$candidate" ] && command -v "$candidate" >/dev/null; then
    CHROMIUM=$(command -v "$candidate")
    export CHROMIUM
    break
  fi
done
unset candidate
