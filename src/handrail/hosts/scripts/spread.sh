# WAY SERVICE NUMBER: so many instances of a service are to have traffic; they are all healthy by now. WAY is on, or back to as many
# as before: what is on its way on when this run goes back must not happen any more, should it arrive late.
case $1 in
back) true >"$RUN/.gone.$TOKEN" ;;
*) [ ! -f "$RUN/.gone.$TOKEN" ] || end failed "this run has gone back already" ;;
esac
spread "$2" "$3" || end failed "cannot write to $ROOT/gate"
note "spread $2" "$3"
end ok "$3 of $2 have the traffic of this host"
