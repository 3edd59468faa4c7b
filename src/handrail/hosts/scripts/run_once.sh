# NAME COMMAND: run one command of the release (a migration) and show what it says.
reason=$(eval "$2" 2>&1 9>&-)
code=$?
echo "log begin"; printf '%s\n' "$reason" | clean | tail -n 20; echo "log end"
note "$1" "exit $code"
[ "$code" = 0 ] || end failed "$1 ended with $code: $(printf %s "$reason" | clean | tail -n 1)"
end ok "$(printf %s "$reason" | clean | tail -n 1)"
