"""A small HTTP server that answers what a test says, and remembers what it was asked."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Cut(Exception):
    """Raised by an answer: the connection breaks in the middle of it."""


@contextmanager
def answering(answer, status=200, parameters=None, port=0, read=json.loads):
    """The address of a server that answers `answer` of what it is asked, as `read` reads it, and the list of what it is asked.

    `status` is that of all answers, or a list of those of the first ones; where the answer is None it is 400. `parameters` is what the
    server wants of a batch transform.
    """
    asked, statuses = [], list(status) if isinstance(status, list) else None

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1  # head and body in one piece: two would wait for each other

        def do_GET(self):
            self.send_response(200 if parameters is not None or self.path == "/ping" else 404)
            self.end_headers()
            self.wfile.write(json.dumps(parameters).encode() if self.path == "/execution-parameters" and parameters is not None else b"")

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            asked.append((self.path, self.headers["content-type"], body))
            try:
                body = answer(read(body))
            except Cut:
                self.send_response(200)
                self.send_header("content-length", "100")
                self.end_headers()
                self.wfile.write(b'{"predictions": [')
                return
            now = status if statuses is None else statuses.pop(0) if statuses else 200
            self.send_response(400 if body is None else now)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
