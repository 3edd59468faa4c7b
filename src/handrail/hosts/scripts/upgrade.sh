# LEAVE NAME=VERSION...: install exactly these updates, then start units again that run files which were replaced; not those that LEAVE
# names, as shell patterns with spaces between. Nothing is removed, and a configuration that was changed here stays.
LEAVE=$1; shift
export DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1
said=$(mktemp) && trap 'rm -f "$said"' EXIT || end failed "cannot write to ${TMPDIR:-/tmp}"
# What came along with another package would count as installed by hand from now on, and never go again.
automatic=$(for package; do echo "${package%%=*}"; done | xargs apt-mark showauto)
keep_marks() { [ -z "$automatic" ] || printf '%s\n' "$automatic" | xargs apt-mark auto >/dev/null 2>&1 9>&- || :; }
apt-get -q -y --only-upgrade --no-remove -o DPkg::Lock::Timeout=60 -o Dpkg::Options::=--force-confdef \
    -o Dpkg::Options::=--force-confold install "$@" >"$said" 2>&1 </dev/null 9>&- || {
    code=$?
    keep_marks
    echo "log begin"; clean <"$said" | tail -n 20; echo "log end"
    reason=$(grep -E '^(E|dpkg): ' "$said" | head -n 1 | clean)
    note "update the packages" "failed: $*"
    end failed "apt ended with $code: ${reason:-it does not say why}; packages that are half installed: $(broken | tr '\n' ' ')"
}
keep_marks
note "update the packages" "$*"
left_alone() { # UNIT
    # shellcheck disable=SC2254  # patterns, as meant
    for pattern in $LEAVE; do case $1 in $pattern) return 0 ;; esac; done
    return 1
}
again="" left=""
set -f # the patterns are no files
systemctl daemon-reload 2>/dev/null 9>&- || :
for unit in $(set +f; stale); do
    if left_alone "$unit"; then left="$left $unit"; continue; fi
    timeout 120 systemctl try-restart "$unit" >/dev/null 2>&1 9>&- || end failed "$unit does not start again with its new files"
    again="$again $unit"
done
[ -z "$again" ] || note "start again" "$again"
end ok "$# updated${again:+; started again:$again}${left:+; still on old files:$left}"
