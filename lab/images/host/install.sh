#!/bin/sh
# Install packages.txt, unless the base image was made with it.
set -eu
cd "$(dirname "$0")"
if xargs dpkg-query --show >/dev/null 2>&1 <packages.txt; then
    echo "packages are there already"
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
xargs apt-get install -y --no-install-recommends <packages.txt
apt-get clean
rm -rf /var/lib/apt/lists/*
