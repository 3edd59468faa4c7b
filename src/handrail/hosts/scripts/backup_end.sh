# End a dump of DATABASE that is still being written, and remove what there is of it.
flock -n 8 && busy="" || busy=yes
[ -z "$busy" ] || end_other || end failed "the dump of $DATABASE does not end; its deadline ends it"
remove_leftovers
[ -n "$busy" ] || end unchanged "no dump of $DATABASE is being written"
note "end the dump of $DATABASE" ok
end ok "the dump of $DATABASE is ended, and what was written of it is gone"
