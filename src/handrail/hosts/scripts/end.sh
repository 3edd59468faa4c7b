end ok "${WORDS:-surveyed}"
