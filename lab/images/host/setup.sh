#!/bin/sh
# Turn an installed Debian into a lab host: who may log in, what starts, what a container cannot run.
set -eu

useradd --uid 1000 --create-home --shell /bin/bash deploy
chmod 0440 /etc/sudoers.d/deploy
visudo --check --quiet

# Host keys come with each host, made beforehand, so that they can be checked strictly.
rm -f /etc/ssh/ssh_host_*

# Nobody reads a greeting, and each login would start five processes for it.
rm -f /etc/update-motd.d/*

# Nothing but sshd starts by itself; each host enables what its role needs.
systemctl disable nginx.service postgresql.service redis-server.service
rm -f /etc/nginx/sites-enabled/default

# A cluster made without a locale would be SQL_ASCII.
pg_dropcluster 15 main 2>/dev/null || rm -rf /etc/postgresql/15/main /var/lib/postgresql/15/main
pg_createcluster --locale C.UTF-8 --start-conf auto 15 main
cat >/etc/postgresql/15/main/conf.d/lab.conf <<'CONF'
listen_addresses = '*'
password_encryption = 'scram-sha-256'
max_connections = 100
# a lab host is small: the default of 128 MB is a tenth of the whole lab
shared_buffers = 32MB
CONF
echo 'host all all samenet scram-sha-256' >>/etc/postgresql/15/main/pg_hba.conf

# The file with the password comes with the host; the last line wins over Debian's bind.
echo 'include /etc/lab/redis.conf' >>/etc/redis/redis.conf
install -d /etc/lab

# One file instead of two hundred for each client: a start of the lab's application then costs 0.3 s of a processor
# instead of 0.6 s, and the tests start it a thousand times.
cd /usr/share/nodejs
for client in pg redis; do
    file=$(node -p "require.resolve('./$client')")
    esbuild "$file" --bundle --platform=node --external:pg-native --log-level=warning --outfile="/tmp/$client.js"
    mv "/tmp/$client.js" "$file"
done

# No consoles, devices, kernel modules or package timers in a container; each would cost start-up time.
systemctl mask \
    getty.target console-getty.service systemd-udevd.service systemd-udev-trigger.service \
    systemd-udevd-control.socket systemd-udevd-kernel.socket \
    systemd-modules-load.service systemd-remount-fs.service systemd-firstboot.service \
    systemd-journald-audit.socket systemd-machine-id-commit.service \
    dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount \
    sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
    fstrim.timer
systemctl set-default multi-user.target

# An empty file (not a missing one) keeps systemd from treating the start as a first boot, which would enable everything.
: >/etc/machine-id
