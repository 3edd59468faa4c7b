# SECONDS: keep the lease for that long from now; the fence was checked before.
[ -f "$RUN/lease" ] || end refused "the lease is gone from this host (rebooted?)"
IFS='	' read -r _ _ owner holder <"$RUN/lease"
printf '%s\t%s\t%s\t%s\n' "$TOKEN" "$(($(clock) + $1 * 100))" "$owner" "$holder" >"$RUN/lease.$TOKEN" && mv -T "$RUN/lease.$TOKEN" "$RUN/lease"
end ok
