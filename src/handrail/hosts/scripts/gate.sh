# Functions of the gate: what nginx asks the file system on every request. Files on tmpfs are unconfirmed, files on disk confirmed.
settle() { # slot: make it the confirmed one; the file on tmpfs goes last, so that every moment in between says the same slot
    echo "$TOKEN $1" >"$ROOT/gate/.record.new" && mv -T "$ROOT/gate/.record.new" "$ROOT/gate/record"
    if [ "$1" = green ]; then : >"$ROOT/gate/green"; else rm -f "$ROOT/gate/green"; fi
    mkdir -p "$ROOT/gate/decisions"
    rm -f "$ROOT/gate/decisions"/*
    printf confirmed >"$ROOT/gate/decisions/$TOKEN"
    sync "$ROOT/gate"
    rm -f "$RUN/$1"
}
arm() { # seconds: a timer of this host's own goes back unless it is told not to in time
    systemctl stop "$TIMER-$VERB.timer" 2>/dev/null || :
    # shellcheck disable=SC2086  # PEERS is a list of addresses, each checked before it came here
    systemd-run --quiet --collect --unit="$TIMER-$VERB" --on-active="$1" --timer-property=AccuracySec=100ms \
        sh -c "$REVERT" handrail "$ROOT" "$RUN" "$TOKEN" "$RUN_ID" "$NAME" "$ME" "$DECIDER" $PEERS 9>&-
}
disarm() { systemctl stop "$TIMER-$1.timer" 2>/dev/null || :; }
mine() { [ "$(cut -d' ' -f1 "$RUN/$1" 2>/dev/null)" = "$TOKEN" ]; }
