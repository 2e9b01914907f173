#!/bin/sh
# Starts tm from a clone whatever Node is there: fetches the pinned Node 24 and the packages when they are missing.
# `tm @FILE ARGS` runs FILE of this checkout with the same Node instead of the command line.
set -eu

version=24.21.0
root=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/tunnelmesh

fail() {
  printf 'tm: %s\n' "$1" >&2
  printf 'Try this: %s\n' "$2" >&2
  exit 1
}

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) platform=linux-x64 sum=de750bb336795f47dc898a46d2de93add029273027f3e16520d3fa3a2317ed5f07aefa404cf37ddfa5352e545e389ae22d16b87bcc84a900580a72f23cd02ced ;;
  Linux-aarch64) platform=linux-arm64 sum=1692513c4cf63afbd32df8c83a5346158f492cf30a825e66f9de2819804b836e242759a6bcdd5997f1cf2601781c3689e752127afd65d5c459fc333e91e5d6e6 ;;
  *) platform='' sum='' ;;
esac

# One start at a time prepares the cache and the packages; a lock whose owner is dead is taken over.
lock() {
  mkdir -p "$cache"
  tries=0
  while ! mkdir "$1" 2>/dev/null; do
    owner=$(cat "$1/pid" 2>/dev/null || true)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then rm -rf "$1"; continue; fi
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || fail "another start has held $1 for 10 minutes" "rm -r $1, then run it again"
    sleep 1
  done
  echo $$ > "$1/pid"
  trap 'rm -rf "$1"' EXIT INT TERM
}
unlock() { rm -rf "$1"; trap - EXIT INT TERM; }

need_npm() {
  command -v npm >/dev/null 2>&1 || fail "npm is not installed, and it is needed once to fetch Node $version and the packages" "apt-get install -y npm (Debian, Ubuntu), dnf install -y npm (Fedora), or brew install node (macOS)"
}

fetch_node() {
  need_npm
  lock "$cache/node.lock"
  if [ ! -x "$node" ]; then
    printf 'tm: fetching Node %s for this clone (once, about 55 MB)\n' "$version" >&2
    work=$(mktemp -d "$cache/fetch.XXXXXX")
    (cd "$work" && npm pack --silent "node-$platform@$version" >/dev/null) || { rm -rf "$work"; fail "Node $version could not be fetched from the npm registry" "check the network and npm's registry setting, then run it again"; }
    archive=$work/node-$platform-$version.tgz
    got=$(sha512sum "$archive" | cut -d' ' -f1)
    [ "$got" = "$sum" ] || { rm -rf "$work"; fail "the Node $version that the registry sent is not the pinned one (sha512 $got)" "check npm's registry setting: what it serves has been altered"; }
    tar -xzf "$archive" -C "$work" package/bin/node
    mkdir -p "$(dirname "$node")"
    mv "$work/package/bin/node" "$node.new" && mv "$node.new" "$node"
    rm -rf "$work"
  fi
  unlock "$cache/node.lock"
}

if [ -n "$platform" ]; then
  node=$cache/node-$version-$platform/bin/node
  [ -x "$node" ] || fetch_node
else
  node=$(command -v node || true)
  [ -n "$node" ] || fail "there is no Node on this machine" "install Node 24 (brew install node@24 on macOS), then run it again"
  case "$("$node" -p 'var v = process.versions.node.split(".").map(Number); v[0] > 23 || (v[0] === 22 && v[1] >= 18) || (v[0] === 23 && v[1] >= 6)')" in
    true) ;;
    *) fail "the Node on this machine is $("$node" --version), and tm needs 22.18 or newer" "install Node 24 (brew install node@24 on macOS), then run it again" ;;
  esac
fi

# npm itself may need a newer Node than the machine's: it is run with ours.
stamp=$root/node_modules/.tunnelmesh-lock
if ! cmp -s "$root/package-lock.json" "$stamp" 2>/dev/null; then
  need_npm
  key=$(printf '%s' "$root" | cksum | cut -d' ' -f1)
  lock "$cache/packages-$key.lock"
  if ! cmp -s "$root/package-lock.json" "$stamp" 2>/dev/null; then
    printf 'tm: installing the packages of this clone (once)\n' >&2
    (cd "$root" && PATH="$(dirname "$node"):$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) || fail "the packages could not be installed" "read npm's message above; then run it again"
    cp "$root/package-lock.json" "$stamp"
  fi
  unlock "$cache/packages-$key.lock"
fi

entry=$root/cli/bin.ts
case "${1:-}" in
  @*) entry=$root/${1#@}; shift ;;
esac
export TUNNELMESH_CLONE="$root"
exec "$node" --conditions=tunnelmesh-source --disable-warning=ExperimentalWarning "$entry" "$@"
