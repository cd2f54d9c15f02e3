"""The providers of secrets, one file each."""
