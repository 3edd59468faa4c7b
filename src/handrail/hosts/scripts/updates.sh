# Functions for packages: what apt could install, and what has been left since it did. They change nothing.
cgroup() { # FILE: the path that systemd knows a process by; with version 1 of cgroups it has a hierarchy of its own
    sed -n 's/^[0-9]*:name=systemd://p; s/^0:://p' "$1" 2>/dev/null | grep -vx / | head -n 1
}
stale() { # units of the host's own system manager whose programs run files that an update has replaced; containers have files of their own
    own=$(cgroup "${PROC:-/proc}/1/cgroup") own="${own%/init.scope}/system.slice/"
    grep -lsE '^[^ ]+ ..x. .* /(usr|lib|lib64|bin|sbin|opt)/.* \(deleted\)$' "${PROC:-/proc}"/[0-9]*/maps | while read -r maps; do
        path=$(cgroup "${maps%maps}cgroup") inside=${path#"$own"}
        case $inside in
        "$path" | *.service/* | *.scope/*) ;;
        *.service) echo "${inside##*/}" ;;
        esac
    done | sort -u
}
left_alone() ( # UNIT: whether it is not to be started again: as LEAVE says, or because it may be another system's
    units=${ETC:-/etc}/systemd/system
    neighbours=$(others)
    set -f # the patterns are no files
    # shellcheck disable=SC2254,SC2086  # patterns, as meant
    for pattern in $LEAVE ${neighbours:+nginx.service}; do
        case $1 in $pattern) return 0 ;; esac
    done
    # Units of services say whose they are, also those that were made from a template, and whatever system's name theirs begins with.
    case $1 in
    *-pm2.service | *@blue.service | *@green.service) ! grep -qsF "$ROOT/" "$units/$1" "$units/${1%%@*}@.service"; return ;;
    esac
    # shellcheck disable=SC2254,SC2086  # likewise
    for pattern in $(printf '%s-*.service ' $neighbours); do
        case $1 in $pattern) return 0 ;; esac
    done
    [ "$1" = nginx.service ] || return 1
    set +f # one that no run has changed since the boot has no lock
    for site in "${ETC:-/etc}"/nginx/conf.d/handrail-*.conf; do
        [ ! -f "$site" ] || [ "${site##*/}" = "handrail-${RUN##*/}.conf" ] || return 0
    done
    return 1
)
again() { # the units that are to be started again
    stale | while read -r unit; do
        left_alone "$unit" || ! systemctl is-active --quiet "$unit" </dev/null || echo "$unit"
    done
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
