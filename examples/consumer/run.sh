#!/usr/bin/env bash
# Deploys the library's artefacts to a folder, builds this project against them alone in a fresh local repository, runs
# it, and prints how long it takes from java -jar to the first prediction. Needs a built tree (mvn verify).
#
#   examples/consumer/run.sh              libtorch of this machine
#   examples/consumer/run.sh -Pbytedeco   libtorch from Maven Central (about 105 MB when it is not in ~/.m2 yet)
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
work="$root/target/consumer"
seed="${MAVEN_REPO:-${HOME:-/root}/.m2/repository}"

say() { printf 'consumer: %s\n' "$*"; }

rm -rf "$work"
mkdir -p "$work"
say "deploying the artefacts to $work/deployed"
(cd "$root" && mvn -B -ntp -q deploy -pl bom,.,viking-native,bindings,viking-api -DskipTests -Dmaven.test.skip=true \
  -Dviking.javadoc.skip=true -Dviking.format.skip=true "-DaltDeploymentRepository=deployed::file://$work/deployed")

# What other builds on this machine have downloaded is taken from there; the rest comes from Maven Central.
cat >"$work/settings.xml" <<EOF
<settings>
  <localRepository>$work/repository</localRepository>
  <profiles>
    <profile>
      <id>consumer</id>
      <repositories>
        <repository><id>deployed</id><url>file://$work/deployed</url></repository>
        <repository><id>seed</id><url>file://$seed</url><snapshots><enabled>false</enabled></snapshots></repository>
      </repositories>
      <pluginRepositories>
        <pluginRepository><id>seed</id><url>file://$seed</url><snapshots><enabled>false</enabled></snapshots></pluginRepository>
      </pluginRepositories>
    </profile>
  </profiles>
  <activeProfiles><activeProfile>consumer</activeProfile></activeProfiles>
</settings>
EOF
say "building against them in a fresh local repository"
mvn -B -ntp -q -s "$work/settings.xml" -f "$here/pom.xml" clean package "$@"

java=''
for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/java/* /opt/jdk*; do
  [[ -x $candidate/bin/java ]] || continue
  major="$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$candidate/release" 2>/dev/null || true)"
  if [[ -n $major ]] && ((major >= 25)); then
    java="$candidate/bin/java"
    break
  fi
done
[[ -n $java ]] || { say "ERROR: no JDK 25 in JAVA_HOME, /usr/lib/jvm or /opt" >&2; exit 1; }

milliseconds() { # of a command's whole run, the best of three
  local best='' started took i
  for i in 1 2 3; do
    started=$(date +%s%N)
    "$@" >"$work/output" 2>&1 || { cat "$work/output" >&2; return 1; }
    took=$((($(date +%s%N) - started) / 1000000))
    if [[ -z $best ]] || ((took < best)); then best=$took; fi
  done
  echo "$best"
}

run=("$java" -XX:TieredStopAtLevel=1 -jar "$here/target/consumer.jar" "$here/moons.safetensors")
whole="$(milliseconds "${run[@]}")"
cat "$work/output"
grep -q 'first prediction after' "$work/output"
say "java -jar, whole run, best of three: $whole ms"
for python in python3 python; do
  if "$python" -c 'import importlib.util as u, sys; sys.exit(u.find_spec("torch") is None)' 2>/dev/null; then
    say "$python -c 'import torch', best of three: $(milliseconds "$python" -c 'import torch') ms"
    exit 0
  fi
done
say "no Python with torch here to compare with"
