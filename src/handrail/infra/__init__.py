"""Terraform and the account that it works in: how a plan is made, kept and applied. Imported when AWS is used."""
