# INSIDE: certificates of this edge. ROOT/tls/NAME is a symbolic link to ROOT/tls/.kept/NAME/ID, a folder with a certificate and its
# key; nginx follows the link at each handshake. Folders are never altered, and older ones are kept to go back to.
INSIDE=$1; shift
TLS=$ROOT/tls
KEEP=3 # beside the one that is served
inside() (set -- "$@"; eval "$INSIDE") </dev/null
# nginx's workers read keys as their user: a master of root alone reads what the configuration names.
worker_group() {
    user=$(inside nginx -T 2>/dev/null | sed -n 's/^ *user  *\([^ ;]*\).*/\1/p' | head -n 1)
    [ -n "$user" ] || user=$(inside nginx -V 2>&1 | sed -n 's/.*--user=\([^ ]*\).*/\1/p' | head -n 1)
    inside id -g "${user:-root}" | tr -d '\r'
}
hide() { # NAME: an empty folder for a certificate on its way, which root alone may enter
    NEW=$TLS/.kept/$1/.new.$TOKEN
    mkdir -p "$TLS/.kept/$1" && rm -rf "$NEW" && mkdir -m 700 "$NEW"
}
keep() { # NAME ID: what was hidden is whole now, and nginx may read it
    group=$(worker_group) && [ -n "$group" ] || { echo "cannot tell as whom nginx runs: does it run?"; return 1; }
    chmod 644 "$NEW/fullchain.pem" && chmod 640 "$NEW/key.pem" && chgrp "$group" "$NEW" "$NEW/key.pem" && chmod 750 "$NEW" || return 1
    if [ -d "$TLS/.kept/$1/$2" ]; then rm -rf "$NEW"; else mv -T "$NEW" "$TLS/.kept/$1/$2"; fi
    touch "$TLS/.kept/$1/$2" && sync "$TLS/.kept/$1"
}
serve() { # NAME ID: from the next handshake on
    rm -f "$TLS/.$1.$TOKEN" && ln -s ".kept/$1/$2" "$TLS/.$1.$TOKEN" && mv -T "$TLS/.$1.$TOKEN" "$TLS/$1" && sync "$TLS"
}
served() { basename "$(readlink "$TLS/$1" || echo)"; } # NAME: the ID that is served; empty if none is
