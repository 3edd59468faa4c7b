# AFTER: put the files of new instances beside those that run.
put_files "$1"
note "ready the instances" ok
end ok "$changed files changed"
