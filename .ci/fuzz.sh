#!/usr/bin/env bash
# Runs every fuzz target for FUZZTIME (default 10s). A finding is written to the package's testdata/fuzz and fails the run.
set -euo pipefail
cd "$(dirname "$0")/.."

# Go can end a fuzz run that found nothing with "context deadline exceeded" (golang/go#75804). Only that is tried again.
fuzz() {
  local log=$1 try
  shift
  for try in 1 2 3; do
    if go test -run '^$' -fuzztime "${FUZZTIME:-10s}" -fuzzminimizetime 10x "$@" 2>&1 | tee "$log"; then
      return 0
    fi
    if grep -q 'Failing input written' "$log" || ! grep -q '^    context deadline exceeded$' "$log"; then
      return 1
    fi
    echo "no finding: the run was ended late by Go; try $try of 3"
  done
  return 1
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
count=0
# Only packages with a fuzz target are built.
mapfile -t packages < <(git grep -lE --untracked '^func Fuzz' -- '*_test.go' | xargs -r -n1 dirname | sort -u)
for dir in "${packages[@]}"; do
  mapfile -t targets < <(go test -list '^Fuzz' "./$dir" | grep '^Fuzz')
  for target in "${targets[@]}"; do
    printf '\n==> %s %s\n' "./$dir" "$target"
    fuzz "$log" -fuzz "^$target\$" "./$dir"
    count=$((count + 1))
  done
done
printf '\nfuzz: %d passed, 0 failed\n' "$count"
