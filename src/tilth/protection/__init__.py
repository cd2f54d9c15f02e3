"""Maintenance of encrypted data: renewing and destroying keys, and searching for unencrypted files."""
