#!/bin/sh
# Installs what the boot test needs of Debian's packages. As root, on Debian 12 or newer.
set -eu
packages="mmdebstrap systemd-container debhelper build-essential dpkg-dev fakeroot zstd iproute2 prometheus"

missing=
for package in $packages; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "missing:$missing; only root can install them" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# The names are to be split into words.
# shellcheck disable=SC2086
apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 $missing
