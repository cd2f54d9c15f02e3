"""An append-only ledger of measures."""
