"""The server process: where it listens, and how it ends."""

from __future__ import annotations

from typing import Any

from tilth.errors import MissingExtra

GRACE = 25  # seconds for accepted requests after SIGTERM; a container is killed after 30


def run(app: Any, host: str, port: int) -> None:
    """Answer requests until a signal; what was accepted is answered first. Errors: `MissingExtra`, `RequestError`."""
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtra.named("serve", "a server") from error
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    uvicorn.Server(config).run()
