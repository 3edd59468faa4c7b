"""Docker's daemon on a host: whether it answers, and its start."""

# A daemon that hangs must not hang whoever looks.
USABLE = """
command -v docker >/dev/null || { echo "docker is not installed"; exit 1; }
said=$(timeout --kill-after=1 5 docker version --format '{{.Server.Version}}' 2>&1) && exit 0
[ $? != 124 ] || said="no answer within 5 s"
printf '%s\\n' "$said" | tail -n 1
exit 1
"""
# A host whose Docker was stopped is started up with it.
WAKE = """
docker version >/dev/null 2>&1 || systemctl start docker
"""
