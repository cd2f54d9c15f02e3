"""Keeping encrypted data: new keys for it, destroying its keys, and looking for what is not encrypted."""
