# LINES: the last records of this host's journal, and the beginnings of runs.
[ -f "$ROOT/journal" ] || end ok "no journal yet"
grep -E '"record":|: take the lease"' "$ROOT/journal" | tail -n "$(($1 * 2))" | clean | sed 's/^/entry /'
end ok "read"
