# NAME COMMAND SECONDS: run one command of the release (a migration), which ends after SECONDS by itself, and show what it says.
began=$(clock)
reason=$(eval "$2" 2>&1 9>&-)
code=$?
spent=$((($(clock) - began) / 100))
echo "log begin"; printf '%s\n' "$reason" | clean | tail -n 20; echo "log end"
note "$1" "exit $code"
words=$(printf %s "$reason" | clean | tail -n 1)
[ "$code" = 0 ] || [ "$spent" -lt "$3" ] || end failed "$1 ended after $3 s, which is all the time that it has: $words"
[ "$code" = 0 ] || end failed "$1 ended with $code: $words"
end ok "$words"
