# LEAVE SECONDS NAME=VERSION...: install exactly these updates within SECONDS, then start units again that run files which were replaced; not
# those that LEAVE names, as shell patterns with spaces between. Nothing is removed, and a configuration that was changed here stays.
LEAVE=$1 SECONDS_=$2; shift 2
export DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1
said=$(mktemp) && trap 'rm -f "$said"' EXIT || end failed "cannot write to ${TMPDIR:-/tmp}"
BUSY=75
keep_marks() { [ -z "$automatic" ] || printf '%s\n' "$automatic" | xargs apt-mark auto >/dev/null 2>&1 9>&- || :; }
apt() { # NAME=VERSION...: under a lock of its own, which a run that comes later sees
    flock -n -E "$BUSY" "$RUN/packages" timeout --kill-after=30 "$SECONDS_" \
        apt-get -q -y --only-upgrade --no-remove -o DPkg::Lock::Timeout=60 -o Dpkg::Options::=--force-confdef \
        -o Dpkg::Options::=--force-confold install "$@" >"$said" 2>&1 </dev/null 9>&-
}
failed() { # CODE NAME=VERSION...
    code=$1; shift
    [ "$code" -ne "$BUSY" ] || end failed "packages are being installed here for an earlier run"
    echo "log begin"; clean <"$said" | tail -n 20; echo "log end"
    reason=$(grep -E '^(E|dpkg): ' "$said" | head -n 1 | clean)
    [ "$code" -ne 124 ] && [ "$code" -ne 137 ] || reason="it was not done within $SECONDS_ s"
    note "update the packages" "failed: $*"
    end failed "apt ended with $code: ${reason:-it does not say why}; packages that are half installed: $(broken | tr '\n' ' ')"
}
put() { # NAME=VERSION...
    # What came along with another package would count as installed by hand from now on, and never go again.
    automatic=$(for package; do echo "${package%%=*}"; done | xargs apt-mark showauto 9>&-)
    # Whoever must go back does not wait for apt: it changes nothing that a token guards.
    flock -u 9
    apt "$@"
    code=$?
    keep_marks
    [ "$code" -eq 0 ] || failed "$code" "$@"
    flock -s -w 60 9 || end failed "installed, but the lock of this system is busy: no unit was started again"
    [ "$(fence)" = "$TOKEN" ] || end refused "installed; meanwhile $(cut -f4 "$RUN/lease" 2>/dev/null || echo another run) took the lease, so no unit was started again"
    note "update the packages" "$*"
}
[ $# -eq 0 ] || put "$@"
started="" bad=""
systemctl daemon-reload 2>/dev/null 9>&- || :
for unit in $(again); do
    if timeout 60 systemctl try-restart "$unit" >/dev/null 2>&1 9>&-; then started="$started $unit"; else bad="$bad $unit"; fi
done
[ -z "$started" ] || note "start again" "$started"
left=$(stale | tr '\n' ' ')
words="$# updated${started:+; started again:$started}"
[ -z "$bad" ] || end failed "$words; not started again with their new files:$bad"
end ok "$words${left:+; still on old files: ${left% }}"
