# Put the files of a datastore or an edge in place; its start takes them in.
put_files :
[ "$changed" -gt 0 ] || end unchanged "the files are as described"
end ok "$changed files changed"
