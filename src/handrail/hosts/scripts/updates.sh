# Functions for packages: what apt could install, and what has been left since it did. They change nothing.
stale() { # units whose programs run files that an update has replaced; containers, whose files are their own, are none of them
    grep -lsE '^[^ ]+ ..x. .* /(usr|lib|lib64|bin|sbin|opt)/.* \(deleted\)$' /proc/[0-9]*/maps | while read -r maps; do
        sed -n 's|^0::.*/\([^/]*\.service\)$|\1|p; s|^1:name=systemd:.*/\([^/]*\.service\)$|\1|p' "${maps%maps}cgroup" 2>/dev/null | head -n 1
    done | sort -u
}
broken() { # packages that dpkg began with and did not finish; deb(5), dpkg-query(1)
    # shellcheck disable=SC2016  # for dpkg-query
    dpkg-query -W -f='${db:Status-Abbrev}|${binary:Package}\n' | awk -F'|' 'substr($1, 2, 1) ~ /[HUFWt]/ || substr($1, 3, 1) == "R" { print $2 }'
}
lists_age() { # since apt asked last: it writes into one of these each time, also when nothing is new
    newest=$(stat -c %Z /var/lib/apt/lists/partial /var/lib/apt/periodic/update-success-stamp 2>/dev/null | sort -n | tail -n 1)
    [ -z "$newest" ] || [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*_*' -print -quit 2>/dev/null)" ] || echo "lists $(($(date +%s) - newest))"
}
say_updates() { # with the new packages that an update brings along, as a kernel does; what is held back stays out of it
    command -v apt-get >/dev/null || { echo "problem there is no apt-get"; return; }
    if simulated=$(timeout 60 apt-get -s -o Debug::NoLocking=true --with-new-pkgs upgrade 2>&1); then
        echo "packages begin"; printf '%s\n' "$simulated" | grep '^Inst' | clean; echo "packages end"
    else
        echo "problem $(printf '%s\n' "$simulated" | grep . | tail -n 1 | clean)"
    fi
    lists_age
    broken | sed 's/^/broken /'
    stale | sed 's/^/stale /'
    [ ! -f /run/reboot-required ] || echo "reboot required"
}
