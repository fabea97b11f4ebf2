#!/bin/sh
# Adds a gateway to Mosquitto and prints its password, once.
#
#   deploy/add-gateway.sh gw-amata amata-01 amata-02
#
# The gateway may publish for these stations and nothing else.
set -eu
umask 077
cd "$(dirname "$0")/.."

if [ $# -lt 2 ]; then
  echo "usage: deploy/add-gateway.sh GATEWAY STATION..." >&2
  exit 2
fi
for id in "$@"; do
  case $id in
    '' | -* | *[!a-z0-9-]*)
      echo "\"$id\" is no id: lower-case letters, digits and hyphens" >&2
      exit 2
      ;;
  esac
done

secrets=deploy/secrets
if [ ! -f "$secrets/mosquitto_passwd" ] || [ ! -f "$secrets/mosquitto_acl" ]; then
  echo "run deploy/setup.sh first" >&2
  exit 1
fi
gateway=$1
shift
if grep -q "^$gateway:" "$secrets/mosquitto_passwd"; then
  echo "gateway \"$gateway\" exists" >&2
  exit 1
fi

password=$(od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n')
trap 'rm -f "$secrets/gateway.new"' EXIT
printf '%s:%s\n' "$gateway" "$password" >"$secrets/gateway.new"
deploy/hash-passwords.sh gateway.new

# The files are bind-mounted one by one, so they are appended to in place: a rename would leave the container with the old ones.
{
  printf '\nuser %s\n' "$gateway"
  for station in "$@"; do
    printf 'topic write quantrac/v1/%s/readings\ntopic write quantrac/v1/%s/status\n' "$station" "$station"
  done
} >>"$secrets/mosquitto_acl"
cat "$secrets/gateway.new" >>"$secrets/mosquitto_passwd"

cat <<EOF
gateway:  $gateway
password: $password

Tell Mosquitto:  docker compose kill -s HUP mosquitto
EOF
