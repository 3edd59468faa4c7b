# Is no package being installed here by a run that is over? What is checked meanwhile may be another program a moment later.
flock -n "$RUN/packages" true 9>&- || end failed "packages are still being installed here for an earlier run"
end ok "at rest"
