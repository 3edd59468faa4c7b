# AFTER then pairs: SERVICE NUMBER: install the edge's configuration; it holds both slots and every instance that there may be, so
# that it changes only when the system's description does. An edge that is new learns how many instances there are.
AFTER=$1; shift
new_to_instances "$@"
put_files "$AFTER"
[ "$changed" -gt 0 ] || end unchanged "the edge is as described"
note "ready the edge" ok
end ok "configuration installed and taken in"
