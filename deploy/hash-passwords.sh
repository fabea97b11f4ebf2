#!/bin/sh
# Turns the "name:password" lines of a file under deploy/secrets into hashes for Mosquitto, in place. The passwords stay off
# every command line. Used by setup.sh and add-gateway.sh.
set -eu
cd "$(dirname "$0")/.."

if command -v mosquitto_passwd >/dev/null; then
  exec mosquitto_passwd -U "deploy/secrets/$1"
fi
if ! command -v docker >/dev/null; then
  echo "mosquitto_passwd or docker is needed to hash passwords" >&2
  exit 1
fi
image=$(sed -n 's/^ *image: *\(eclipse-mosquitto:[^ ]*\) *$/\1/p' docker-compose.yml)
exec docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD/deploy/secrets:/secrets" --entrypoint mosquitto_passwd \
  "$image" -U "/secrets/$1"
