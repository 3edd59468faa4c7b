others() { # the other systems of handrail on this host: each that a run has changed since the boot has its lock here
    for path in "${RUN%/*}"/*/lock; do
        name=${path%/lock} name=${name##*/}
        [ ! -f "$path" ] || [ "$name" = "${RUN##*/}" ] || echo "$name"
    done
}
