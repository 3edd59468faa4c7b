"""What handrail costs, beside a good Ansible playbook and beside the least that anything can do: `python -m bench`."""
