# answers KIND PORT USER DATABASE: ask a datastore one question. The password is in $password, never in an argument.
# INSIDE runs the command in "$@" where the datastore's own programs are: on the host, or in its container.
inside() { eval "$INSIDE"; }
answers() {
    export PGPASSWORD="$password" REDISCLI_AUTH="$password" PGCONNECT_TIMEOUT=2
    case $1 in
    postgresql) inside psql -X -w -q -A -t -h 127.0.0.1 -p "$2" -U "$3" -d "$4" -c 'SELECT 1' ;;
    redis) answer=$(inside timeout 2 redis-cli -h 127.0.0.1 -p "$2" ping) && [ "$answer" = PONG ] || { echo "$answer"; return 1; } ;;
    *) echo "nobody knows how to ask a $1"; return 1 ;;
    esac
}
