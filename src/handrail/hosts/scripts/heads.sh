# The heads of journals that this host was given.
[ -f "$ROOT/heads" ] || end ok "none yet"
clean <"$ROOT/heads" | sed 's/^/head /'
end ok "read"
