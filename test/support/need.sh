#!/bin/sh
# need.sh PACKAGE...: installs those of Debian's packages that are missing, and removes none for it.
# As root, on Debian 12 or newer. PRESEED may hold an answer for debconf-set-selections(1).
set -eu

missing() {
  for package; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

# apt waits for dpkg's lock, and neither for that of its lists (apt-daily.service fetches them after
# a boot) nor for debconf's.
patiently() {
  tries=0
  # Whatever a package starts must not keep our own lock.
  while ! said=$(LC_ALL=C "$@" 2>&1 9>&-); do
    tries=$((tries + 1))
    case $said in
      *"Could not get lock"* | *"is locked by another process"*) [ "$tries" -lt 150 ] || break ;;
      *) break ;;
    esac
    sleep 2
    said=
  done
  [ -z "$said" ] || printf '%s\n' "$said" >&2
}

[ -n "$(missing "$@")" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "missing: $(missing "$@" | xargs); only root can install them" >&2
  exit 1
fi
# Two test files may need the same ones at the same moment: who comes second finds them there.
exec 9>/run/pve-entra-agent-packages.lock
flock 9
packages=$(missing "$@")
[ -n "$packages" ] || exit 0
export DEBIAN_FRONTEND=noninteractive
if [ -n "${PRESEED:-}" ]; then
  answer=$(mktemp)
  printf '%s\n' "$PRESEED" >"$answer"
  patiently debconf-set-selections "$answer"
  rm -f "$answer"
fi
patiently apt-get update -q
# The names are to be split into words.
# shellcheck disable=SC2086
patiently apt-get install -q -y --no-install-recommends --no-remove \
  -o DPkg::Lock::Timeout=300 $packages
packages=$(missing "$@")
[ -z "$packages" ] || { echo "still missing: $packages" >&2; exit 1; }
