# LEAVE: ask the sources which updates there are, then say what could be installed, and which units are to be started again. A source that
# does not answer is a failure: what it would have offered may be the update that matters.
LEAVE=$1
command -v apt-get >/dev/null || end failed "there is no apt-get on this host"
half=$(broken | tr '\n' ' ')
[ -z "$half" ] || end failed "half installed: ${half% }; mend it there with dpkg --configure -a"
last=$(($(clock) + 6000))
until said=$(apt-get -q -o APT::Update::Error-Mode=any -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 update 2>&1 9>&-); do
    case $said in
    *"Could not get lock"* | *"Unable to lock"*) [ "$(clock)" -lt "$last" ] || end failed "another apt holds the lock of the lists for 60 s" ;;
    *) end failed "the sources cannot be asked: $(printf '%s\n' "$said" | grep '^[EW]:' | head -n 1 | clean)" ;;
    esac
    sleep 2
done
found=$(say_updates)
printf '%s\n' "$found"
again | sed 's/^/again /'
problem=$(printf '%s\n' "$found" | sed -n 's/^problem //p')
[ -z "$problem" ] || end failed "$problem"
end ok "asked"
