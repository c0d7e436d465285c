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
      (($# > 1)) || fail "$1 needs a value"
      printf -v "${1#--}" '%s' "$2"
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      fail "unknown option '$1'"
      ;;
  esac
  shift
done
case "$network" in
  lenet) features=784 ;;
  mlp) features=32 ;;
  *) fail "--network is '$network'; lenet or mlp is needed" ;;
esac

find_jdk
mapfile -t sources < <(library_sources)
build latency benchmarks,examples/serving "${sources[@]}" "$HERE/src/main" "$ROOT/examples/serving/src/main"
jar="$(find "$ROOT/examples/serving/target" -maxdepth 1 -name 'viking-serving-example-*.jar' | head -n1)"

log="$BUILD/serving.log"
# A heap of one size, all of it there from the start: what grows is something else.
: >"$log"
"$jdk/bin/java" -Xms256m -Xmx256m -XX:+AlwaysPreTouch -jar "$jar" --demo "$network" --port 0 >"$log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
port=''
for ((i = 0; i < 300; i++)); do
  port="$(sed -n 's|^listening on http://127.0.0.1:\([0-9]*\)$|\1|p' "$log")"
  [[ -z $port ]] || break
  kill -0 $server 2>/dev/null || { cat "$log" >&2; fail "the server did not start"; }
  sleep 0.1
done
[[ -n $port ]] || fail "the server did not start in 30 s"

rc=0
"$jdk/bin/java" -Xmx1g -cp "$BUILD/classes:$BUILD/lib/*" dev.viking.benchmarks.LoadGenerator "$port" "$server" \
  "$features" "$steady" "$overload" "$connections" "$out" "$shown" || rc=$?
kill -TERM $server
ended=0
wait $server || ended=$?
# 143: ended by SIGTERM, after the shutdown hook answered what was under way.
[[ $ended == 143 || $ended == 0 ]] || { cat "$log" >&2; fail "the server ended with $ended"; }
trap - EXIT
say "the server ended as it should ($(grep -c . "$log") lines of log in $log)"
exit $rc
