# SECONDS PORT...: wait until nobody is connected to the old slot any more, at most that long.
last=$(($(clock) + $1 * 100)); shift
filter=""
for port; do filter="$filter${filter:+ or }sport = :$port"; done
while :; do
    open=$(ss -Htn state established "( $filter )" | wc -l)
    [ "$open" -gt 0 ] && [ "$(clock)" -lt "$last" ] || break
    sleep 0.2
done
end ok "$open connections left"
