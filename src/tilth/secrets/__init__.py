"""Secrets: references to passwords, tokens and keys, resolved when a connection is made, and never shown."""

from tilth.secrets.credentials import Access, Credentials, parts_of
from tilth.secrets.hiding import hidden
from tilth.secrets.references import AuthenticationFailed, Reference, renewing, resolve
from tilth.secrets.secret import Secret

__all__ = ["Access", "AuthenticationFailed", "Credentials", "Reference", "Secret", "hidden", "parts_of", "renewing", "resolve"]
