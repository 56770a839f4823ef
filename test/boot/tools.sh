#!/bin/sh
# Installs what the boot test needs of Debian's packages. As root, on Debian 12 or newer.
exec sh "$(dirname "$0")/../support/need.sh" \
  mmdebstrap systemd-container debhelper build-essential dpkg-dev fakeroot zstd iproute2 prometheus
