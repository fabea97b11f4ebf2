#!/bin/sh
# Makes what docker-compose.yml needs and what must not be in version control: .env with random secrets, and Mosquitto's
# accounts under deploy/secrets. Run again it changes nothing that exists. To renew a secret see docs/operations.md.
set -eu
umask 077
cd "$(dirname "$0")/.."

secrets=deploy/secrets

random() { od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n'; }

if [ ! -f .env ]; then
  cat >.env.new <<EOF
# Made by deploy/setup.sh. Secrets: keep this file at mode 600 and out of version control.
INFLUX_ADMIN_PASSWORD=$(random)
INFLUX_TOKEN=$(random)
GRAFANA_ADMIN_PASSWORD=$(random)
QUANTRAC_BOOTSTRAP_TOKEN=$(random)
QUANTRAC_BROKER_PASSWORD=$(random)
# Where people open the page. Alerts link to it.
QUANTRAC_PUBLIC_URL=http://localhost:8080
# Which addresses of this host the ports are bound to.
HTTP_BIND=127.0.0.1
GRAFANA_BIND=127.0.0.1
MQTT_BIND=127.0.0.1
EOF
  mv .env.new .env
  echo "made .env"
fi

# The folder is closed to others on this host; the files in it are readable because the broker in its container is
# another user. Mosquitto 2.0 warns about that and goes on.
mkdir -p "$secrets"
chmod 700 "$secrets"

if [ ! -f "$secrets/mosquitto_passwd" ]; then
  printf 'quantrac:%s\n' "$(sed -n 's/^QUANTRAC_BROKER_PASSWORD=//p' .env)" >"$secrets/passwd.new"
  deploy/hash-passwords.sh passwd.new
  chmod 644 "$secrets/passwd.new"
  mv "$secrets/passwd.new" "$secrets/mosquitto_passwd"
  echo "made $secrets/mosquitto_passwd"
fi

if [ ! -f "$secrets/mosquitto_acl" ]; then
  cat >"$secrets/acl.new" <<'EOF'
# Who may do what. deploy/add-gateway.sh adds gateways.
user quantrac
topic read quantrac/#
EOF
  chmod 644 "$secrets/acl.new"
  mv "$secrets/acl.new" "$secrets/mosquitto_acl"
  echo "made $secrets/mosquitto_acl"
fi
