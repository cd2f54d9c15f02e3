"""Fixtures for every test: the shared data, one Spark session for the whole run, a browser; and how hypothesis searches."""

from __future__ import annotations

import atexit
import gc
import linecache
import os
import shutil
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import HealthCheck, settings

from tests.engines import COMPILED, INTERPRETED, changed, close_duckdb
from tests.servers import postgres, postgres_server, s3, s3_server  # noqa: F401 -- fixtures
from tilth.errors import TilthError

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pyspark.sql import SparkSession

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
collect_ignore = ["fuzz"]  # programs to run by hand: importing them instruments the package, which slows down every test that follows
IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

# An example's time says nothing about the code on a busy machine: no deadline. Without `make test-deep` every run tries the same few.
settings.register_profile("deep", deadline=None, print_blob=True, max_examples=500, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("default", settings.get_profile("deep"), max_examples=15, derandomize=True, database=None)
settings.register_profile("quick", settings.get_profile("default"), max_examples=6)  # of `make check`
settings.register_profile("amputation", settings.get_profile("default"), max_examples=5)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

ADAPTIVE = "spark.sql.adaptive.enabled"  # with it small queries, of which tests have thousands, take half as long again

os.fsync = lambda handle: None  # what tests write need not outlive a power cut: three thousand times a few milliseconds

# Most queries of tests run once: Java's second compiler, and code that Spark generates for a query, would cost more than they gain; and
# Spark's own classes need no verification. There are thousands of them: with less room for what is compiled Java throws that away and
# compiles it again, with less for new objects it copies plans that are still at work. Processes that tests start have these options, too.
JAVA = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC -Xmn640m"
JAVA += " -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote -Xlog:disable -Dderby.stream.error.file=/dev/null"
ARCHIVE = ROOT / ".venv" / "spark.jsa"  # what Java keeps of Spark's classes, made by `archive.py`
SHARED_CLASSES = f"-XX:SharedArchiveFile={ARCHIVE.resolve()}" if ARCHIVE.exists() else ""
UNSEEN = {  # what Spark keeps of queries for its pages, which nobody looks at here
    "spark.sql.ui.explainMode": "simple",
    **dict.fromkeys(("spark.sql.ui.retainedExecutions", "spark.ui.retainedJobs", "spark.ui.retainedStages"), "1"),
}
SETTINGS = {ADAPTIVE: "false", **INTERPRETED, **UNSEEN}
os.environ.setdefault("SPARK_SUBMIT_OPTS", " ".join([JAVA, SHARED_CLASSES, *(f"-D{key}={value}" for key, value in SETTINGS.items())]))


def lacking(what: str) -> NoReturn:
    """The test cannot run on this machine. CI must bring everything, so there it fails; elsewhere it is skipped."""
    if IN_CI:
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """`shared_data("tabular/adult-train.csv")`: a file of the shared data, or a skipped test where it is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"needs the shared data: ../shared/data/{name} is absent")
        return path

    return find


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """One local Spark for the whole run: its start costs as much as a hundred queries.

    It interprets expressions. In tests/engine, which prove that they mean the same, and in `as_users_have_it` it compiles them.
    """
    from tilth.engine.spark.sessions import local_session

    try:
        session = local_session()
        session.conf.set("spark.sql.shuffle.partitions", "2")
    except (ImportError, TilthError) as error:
        why = " ".join(str(error).split())
    else:
        yield session
        session.stop()
        return
    lacking(f"no Spark: {why}")


@pytest.fixture
def as_users_have_it(spark: SparkSession) -> Iterator[SparkSession]:
    """Spark with the settings of users: it plans a query anew while it runs, and compiles it."""
    with changed(spark, {ADAPTIVE: "true", **COMPILED}):
        yield spark


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium that speaks to nobody by itself; one for each test module."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        lacking("no browser: there is no chromium on PATH (apt install chromium)")
    if not find_spec("playwright"):
        lacking("no browser: playwright is not installed (pip install playwright)")
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=quiet)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """Nearly all that is loaded here stays: the collector of cycles would look through it again and again for a sixth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    whole = [Path(arg).name for arg in config.args] == config.getini("testpaths")
    if whole and os.environ.get("PYTEST_XDIST_WORKER", "gw0")[-1] in "13579":
        config.pluginmanager.register(FromTheEnd())


class FromTheEnd:
    """Collects the whole from the last file on, as every other worker does: what one has compiled, the other need not."""

    def __init__(self) -> None:
        self.places: dict[pytest.Item | pytest.Collector, int] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        self.places.update((node, place) for place, node in enumerate(report.result or ()))
        if isinstance(collector, pytest.Directory) and report.result:
            report.result.reverse()
        return report

    @pytest.hookimpl(tryfirst=True)  # xdist wants the same order of all workers
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: [self.places.get(node, 0) for node in item.listchain()])


@pytest.hookimpl(tryfirst=True)  # ahead of xdist, which reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that use Spark or the S3 server are sent to one worker, so that a parallel run starts one of each; other tests file by file.

    What the tests of a file share is then made once. And xdist counts the groups that it has sent away again after each test.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "spark" in fixtures:
            item.add_marker(pytest.mark.spark)
        if "s3_server" in fixtures:  # which takes seconds to start
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("deep") and os.environ.get("HYPOTHESIS_PROFILE") != "deep":
            item.add_marker(pytest.mark.skip(reason="takes minutes: make test-deep"))
        if item.get_closest_marker("xdist_group") is None:
            shared = item.get_closest_marker("spark") or "s3_server" in fixtures
            item.add_marker(pytest.mark.xdist_group("servers" if shared else item.path.stem))


def pytest_collection_finish() -> None:
    """What pytest and the libraries hold stays: the collector of cycles, which query trees keep busy, need not go through it again."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # as the command line does
    linecache.clearcache()  # the sources in which doctest looked for examples, each of which it would look up again before each example


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[object], list[object]]:
    """Of the tests, only tests: to look for examples in their docstrings, too, would be a tenth of all that collecting costs."""
    return [found for found in (yield) if type(found) is pytest.Module]


# At the end of the process everything is collected again, and the database that the tests share is closed: extensions report what they
# hold by then as leaked. Not before, as pytest goes through all that is not frozen twice while it ends.
atexit.register(gc.unfreeze)
atexit.register(close_duckdb)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was skipped, by reason, in at most three lines."""
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.stats.get("skipped", [])).most_common()
    for reason, tests in reasons[:2]:
        terminalreporter.write_line(f"skipped {tests}: {reason[:150]}")
    if reasons[2:]:
        rest = "; ".join(f"{tests}: {reason[:60]}" for reason, tests in reasons[2:])
        terminalreporter.write_line(f"skipped for {len(reasons) - 2} other reasons: {rest[:150]} (all with -rs)")
