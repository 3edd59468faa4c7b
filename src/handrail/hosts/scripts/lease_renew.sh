# SECONDS HOLDER: keep the lease for that long from now. The fence was checked before: nobody else took it, even if a reboot forgot it.
owner=$RUN_ID holder=$2
printf '%s\t%s\t%s\t%s\n' "$TOKEN" "$(($(clock) + $1 * 100))" "$owner" "$holder" >"$RUN/lease.$TOKEN" && mv -T "$RUN/lease.$TOKEN" "$RUN/lease"
end ok
