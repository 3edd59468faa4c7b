# SERVICE SECONDS: ask npm and pip about the dependencies in this directory; run as the service's own user, perhaps in its container.
# Each answer is `audit SERVICE CODE KIND`, and what the program printed as a block.
service=$1 seconds=$2
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT || exit 1
export HOME="$work" npm_config_cache="$work" npm_config_update_notifier=false PIP_DISABLE_PIP_VERSION_CHECK=1
asked=""
ask() { # KIND COMMAND...
    kind=$1 asked=yes; shift
    timeout "$seconds" "$@" >"$work/out" 2>"$work/err"
    code=$?
    [ "$code" != 124 ] || echo "no answer within $seconds s" >"$work/out"
    [ -s "$work/out" ] || cat "$work/err" >"$work/out"
    printf 'audit %s %s %s\nsaid %s %s begin\n' "$service" "$code" "$kind" "$service" "$kind"
    cat "$work/out"
    printf '\nsaid %s %s end\n' "$service" "$kind"
}
missing() { asked=yes; echo "audit $service missing $1"; }
if [ -f package-lock.json ] || [ -f npm-shrinkwrap.json ]; then
    if command -v npm >/dev/null; then ask "npm audit" npm audit --json --omit=dev; else missing "npm audit"; fi
fi
for venv in .venv venv; do
    [ -x "$venv/bin/python" ] || continue
    ask "pip check" "$venv/bin/python" -m pip check
    if [ -x "$venv/bin/pip-audit" ]; then
        ask pip-audit "$venv/bin/pip-audit" --format json --progress-spinner off
    elif command -v pip-audit >/dev/null; then
        export PIPAPI_PYTHON_LOCATION="$PWD/$venv/bin/python"
        ask pip-audit pip-audit --format json --progress-spinner off
    else
        missing pip-audit
    fi
    break
done
[ -n "$asked" ] || echo "audit $service none dependencies"
exit 0
