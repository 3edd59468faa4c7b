# INSIDE KIND PORT USER DATABASE: does the datastore answer? Changes nothing.
IFS= read -r password || :
INSIDE=$1; shift
began=$(clock)
reason=$(answers "$@" 2>&1) || end failed "$1 does not answer: $(printf %s "$reason" | tail -n 1 | clean)"
end ok "answers in $((($(clock) - began) * 10)) ms"
