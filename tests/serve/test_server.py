"""A server in a process of its own."""

import json
import signal
from urllib.request import Request, urlopen

from tests.cli.processes import finish, start
from tests.servers import answered, free_port


def test_a_server_answers_until_it_is_stopped(served):
    port = free_port()
    process = start("serve", "people.tilth", "model.skops", "--output", "softmax", "--port", str(port), cwd=served)
    answered(f"http://127.0.0.1:{port}/ping")
    request = Request(f"http://127.0.0.1:{port}/invocations", b'{"age": 30, "job": null}', {"content-type": "application/json"})
    (found,) = json.load(urlopen(request, timeout=30))["predictions"]
    assert abs(sum(found.values()) - 1) < 1e-12
    process.send_signal(signal.SIGTERM)
    done = finish(process)
    assert done.code == 0
    assert f"people.tilth → model.skops → softmax at http://127.0.0.1:{port}" in done.err
