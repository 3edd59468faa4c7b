# Functions for the number of instances of a service: one file, which nginx looks for on every request.
spread() { # SERVICE NUMBER: from now on so many; the new file first, so that there is a number at every moment
    mkdir -p "$ROOT/gate/instances" && chmod 755 "$ROOT/gate/instances" && true >"$ROOT/gate/instances/$1.$2" || return 1
    for path in "$ROOT/gate/instances/$1".*; do
        [ "${path##*.}" = "$2" ] || rm -f "$path"
    done
}
new_to_instances() { # SERVICE NUMBER...: a host that was never told how many there are
    while [ $# -ge 2 ]; do
        ls "$ROOT/gate/instances/$1".* >/dev/null 2>&1 || spread "$1" "$2" || return 1
        shift 2
    done
}
