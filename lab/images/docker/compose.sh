# Both Composes, as hosts have them: Debian 12's package is docker-compose 1.29. `docker compose` is Debian 13's, and runs here.
set -eu
newer=/etc/apt/sources.list.d/newer.list
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Created-By: Packages' | head -n 1)
echo "deb $mirror trixie main" >$newer
apt-get update -qq
cd "$(mktemp -d)"
apt-get download -qq docker-compose/trixie
dpkg-deb --extract docker-compose_*.deb .
cp -r usr/libexec/docker /usr/libexec/
rm -r "$PWD" $newer
