#!/usr/bin/env bash
# Loads the serving example over loopback: steadily, then with three times what it can do. Writes
# docs/benchmarks/<date>-load. Run with --help for the options.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<HELP
Usage: benchmarks/load.sh [options]

Builds what is missing, starts the serving example on a free port of loopback, finds its capacity, loads it with half of
that and then with three times as much, ends it, and writes JSON and Markdown. Fails when an answer is neither a result nor
a rejection, or the server does not end well.

  --network NAME   lenet or mlp, untrained (default: lenet)
  --steady S       seconds of steady load (default: 15)
  --overload S     seconds of overload (default: 60)
  --connections N  kept-alive connections (default: 256)
  --out PATH       the report, without extension (default: docs/benchmarks/<year>-<month>-load)
  -h, --help       this text
HELP
}

shown="$*" network=lenet steady=15 overload=60 connections=256 out="$ROOT/docs/benchmarks/$(date +%Y-%m)-load"
while (($# > 0)); do
  case "$1" in
    --network | --steady | --overload | --connections | --out)
      need_value "$@"
      printf -v "${1#--}" '%s' "$2"
      shift
      ;;
    *) help_or_fail "$1" ;;
  esac
  shift
done
case "$network" in
  lenet) features=784 ;;
  mlp) features=32 ;;
  *) fail "--network is '$network'; lenet or mlp is needed" ;;
esac

find_jdk
build_serving
log="$BUILD/serving.log"
start_server "$log" --demo "$network"

rc=0
"$jdk/bin/java" -Xmx1g -cp "$BUILD/classes:$BUILD/lib/*" dev.viking.benchmarks.LoadGenerator "$port" "$server" \
  "$features" "$steady" "$overload" "$connections" "$out" "$shown" || rc=$?
stop_server "$log"
exit $rc
