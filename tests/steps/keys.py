"""A key for tests: the bytes 0 to 31, in an environment variable."""

import base64
import os

NAME = "TILTH_TEST_KEY"
KEY = f"env:{NAME}"
os.environ[NAME] = base64.b64encode(bytes(range(32))).decode()
