# AFTER: install the edge's configuration; it holds both slots, so that it changes only when the system's description does.
put_files "$1"
[ "$changed" -gt 0 ] || end unchanged "the edge is as described"
note "ready the edge" ok
end ok "configuration installed and taken in"
