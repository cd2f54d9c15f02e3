"""Encryption under one key: key references, derived keys, sealed files, encrypted Parquet."""
