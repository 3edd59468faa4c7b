# AUDIT SECONDS then pairs: SERVICE INSIDE: what this host could update. INSIDE runs the command in "$@" where a service is; AUDIT is the
# text that asks there about its dependencies, all services at once. Changes nothing.
AUDIT=$1 SECONDS_=$2; shift 2
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT || end failed "cannot write to ${TMPDIR:-/tmp}"
audit() { # SERVICE INSIDE
    service=$1 INSIDE=$2
    set -- timeout "$((SECONDS_ + 5))" sh -c "$AUDIT" handrail "$service" "$SECONDS_"
    eval "$INSIDE" </dev/null 2>"$folder/$service.err" || echo "audit $service $? npm audit
said $service npm audit begin
$(tail -n 1 "$folder/$service.err")
said $service npm audit end"
}
names=""
while [ $# -ge 2 ]; do
    audit "$1" "$2" >"$folder/$1" &
    names="$names $1"
    shift 2
done
say_updates
wait
for name in $names; do clean <"$folder/$name"; done
end ok "asked"
