"""The runbooks: tables of steps from `model.rollout`, executed by pyinfra on every host of an environment."""
