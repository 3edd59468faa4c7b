# Functions of the gate: what nginx asks the file system on every request. Files on tmpfs are unconfirmed, files on disk confirmed.
on_disk() { # slot: what an edge serves that knows nothing else
    if [ "$1" = green ]; then true >"$ROOT/gate/green"; else rm -f "$ROOT/gate/green"; fi
}
recorded() { cut -d' ' -f2 "$ROOT/gate/record" 2>/dev/null | grep . || echo blue; }
settle() { # slot: make it the confirmed one. The record is what counts; the file on tmpfs goes last, so that traffic never moves
    # Edges that have not heard yet still ask for an earlier cutover; its answer stands as long as the slot does.
    [ "$(recorded)" = "$1" ] || rm -f "$ROOT/gate/decisions"/*
    echo "$TOKEN $1" >"$ROOT/gate/.record.new" && on_disk "$1" || return 1
    mv -T "$ROOT/gate/.record.new" "$ROOT/gate/record" || return 1
    sync "$ROOT/gate"
    rm -f "$RUN/$1"
}
decide() { # slot: the cutover of this token to this slot is confirmed, and whoever asks hears so
    mkdir -p "$ROOT/gate/decisions" && printf confirmed >"$ROOT/gate/.decision.new" || return 1
    settle "$1" || return 1
    mv -T "$ROOT/gate/.decision.new" "$ROOT/gate/decisions/$TOKEN"
    sync "$ROOT/gate/decisions"
}
arm() { # seconds: a timer of this host's own goes back unless it is told not to in time
    systemctl stop "$TIMER-$VERB.timer" 2>/dev/null || :
    # From a file: of words systemd would take ${NAME} for variables of its own.
    printf '%s\n' "$REVERT" >"$RUN/.revert.new" && mv -T "$RUN/.revert.new" "$RUN/.revert.$TOKEN" || return 1
    # shellcheck disable=SC2086  # PEERS is a list of addresses, each checked before it came here
    systemd-run --quiet --collect --unit="$TIMER-$VERB" --on-active="$1" --timer-property=AccuracySec=100ms \
        sh "$RUN/.revert.$TOKEN" "$ROOT" "$RUN" "$TOKEN" "$RUN_ID" "$NAME" "$SERVER" "$ME" "$DECIDER" $PEERS 9>&-
}
disarm() { systemctl stop "$TIMER-$1.timer" 2>/dev/null || :; }
mine() { [ "$(cut -d' ' -f1 "$RUN/$1" 2>/dev/null)" = "$TOKEN" ]; }
