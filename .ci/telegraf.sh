#!/usr/bin/env bash
# Builds Telegraf with only the plugins that the load test configures. Does nothing when it is there. It is built from its
# own module and never becomes a dependency of ours.
set -euo pipefail
cd "$(dirname "$0")/.."

version=v1.37.2
plugins=inputs.mqtt_consumer,outputs.influxdb,parsers.json
out=$PWD/.tools/bin/telegraf-$version
[ ! -x "$out" ] || exit 0

command -v go >/dev/null || { echo "Go 1.26 or newer is needed: https://go.dev/dl/" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "building Telegraf $version ($plugins); this takes some minutes"
cd "$work"
go mod init scratch 2>/dev/null
source_dir=$(go mod download -json "github.com/influxdata/telegraf@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
# The module cache is read-only, and its own go.sum must hold.
cp -r --no-preserve=mode "$source_dir" src
cd src
mkdir -p "$(dirname "$out")"
go build -trimpath -tags "custom,$plugins" -ldflags "-s -w" -o "$out.part" ./cmd/telegraf
mv "$out.part" "$out"
