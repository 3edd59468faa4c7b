"""A system on AWS ECS: what is asked of AWS in the place of a host's shell."""
