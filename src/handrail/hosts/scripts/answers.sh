# answers KIND PORT USER DATABASE: ask a datastore one question. The password is in $password, never in an argument.
answers() {
    case $1 in
    postgresql) PGPASSWORD=$password PGCONNECT_TIMEOUT=2 psql -X -w -q -A -t -h 127.0.0.1 -p "$2" -U "$3" -d "$4" -c 'SELECT 1' ;;
    redis) [ "$(REDISCLI_AUTH=$password timeout 2 redis-cli -h 127.0.0.1 -p "$2" ping)" = PONG ] ;;
    *) echo "nobody knows how to ask a $1"; return 1 ;;
    esac
}
