"""`convert`: turns preparation by another product or library into a flow, and checks into rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tilth import formats
from tilth.data import Kind
from tilth.engine.chosen import session_of
from tilth.errors import RequestError
from tilth.measures.model_file import model_bytes
from tilth.steps.models import model_of
from tilth.store.documents import document
from tilth.store.local import text_of

if TYPE_CHECKING:
    from tilth.aws.clarify.portable import ClarifyConfig
    from tilth.aws.conversion import Conversion
    from tilth.pipelines import ConvertedPipeline
    from tilth.rulesets import ConvertedChecks

PICKLES = (".pkl", ".pickle", ".joblib")
PROGRAMS = (".py", ".scala", ".sc")


def convert(
    thing: Any, data: str | None = None, *, columns: Sequence[str] | None = None, trusted: Sequence[str] = (), table: str | None = None
) -> Conversion | ConvertedPipeline | ConvertedChecks | ClarifyConfig:
    """Convert a file or an object of another product to a flow, or its checks to rules in DQDL; and a configuration back to Clarify's.

    | `thing` | result |
    |---|---|
    | a recipe of AWS Glue DataBrew (JSON or YAML), a flow of SageMaker Data Wrangler (`.flow`) | a flow |
    | a ruleset of DataBrew (JSON) | a ruleset for the columns of `data` |
    | a fitted transformer or Pipeline of scikit-learn, or a `.skops` file of one | a fitted flow with the numbers that it has learned |
    | a fitted PipelineModel or stage of Spark ML, or the folder in which one is saved, which is read without Spark | the same |
    | a suite of Great Expectations (JSON), tests of dbt (`schema.yml`), checks of Soda (YAML) | a ruleset |
    | checks of Deequ in a program (Python, Scala), which is not run, or its suggestions (JSON) | a ruleset |
    | a configuration of SageMaker Clarify with the key `tilth` (JSON) | one that Clarify accepts |

    `data` is what the flow reads; it supplies the kinds of columns that a transformer does not state. `columns` names the columns of a
    transformer that was fitted without names. `trusted` lists types to allow in a `.skops` file in addition to those that skops trusts.
    `table` selects the table to convert checks for, if a file has several. Code in a file is not run.

    The result has `flow`, `ruleset` or `content`, `notes` on differences, `left_out`, and `save(path)`.

    Errors: `RequestError` for what cannot be converted.

    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> made = convert(StandardScaler().fit(np.array([[1.0], [3.0]])), columns=["age"])
    >>> made.flow.row({"age": 4})
    {'age': 2.0}
    """
    if type(thing).__module__.startswith("sklearn.") or hasattr(thing, "get_params"):
        return _of_sklearn(type(thing).__name__, thing, data, columns, trusted)
    if type(thing).__module__.startswith("pyspark.ml."):
        return _of_spark_object(thing, data)
    if not isinstance(thing, str | Path):
        accepted = "a file, or a fitted pipeline of scikit-learn or Spark ML"
        raise RequestError(f"a value of type {type(thing).__name__} cannot be converted", accepted=accepted, code="not-convertible")
    if Path(thing).suffix.lower() == ".skops":
        return _of_sklearn(Path(thing).name, _model_in(Path(thing), tuple(trusted)), data, columns, trusted)
    if Path(thing).suffix.lower() in PICKLES:
        hint = "save the pipeline by skops (`skops.io.dump`); or, if you trust its author, load it yourself and pass it to `tilth.convert`"
        raise RequestError(f"{str(thing)!r} is a pickle, and reading a pickle runs code", hint=hint, code="pickle")
    if is_saved(Path(thing)):
        return _of_spark(Path(thing).name, Path(thing), data)
    from tilth.aws.conversion import convert as of_aws
    from tilth.rulesets import converted_checks

    if Path(thing).suffix.lower() in PROGRAMS:
        if made := converted_checks(Path(thing).name, text_of(thing, "program to convert"), table):
            return made
        hint = "of programs only the constraints of Deequ's checks are converted"
        raise RequestError(f"{str(thing)!r} calls no constraint of Deequ", hint=hint, code="not-convertible")
    given = document(thing, "file to convert")
    if isinstance(given, dict) and "Rules" in given:
        return _of_databrew_rules(Path(thing).name, given, data)
    if isinstance(given, dict) and {"dataset_type", "methods"} & {*given}:
        from tilth.aws.clarify.portable import for_clarify

        return for_clarify(given)
    return converted_checks(Path(thing).name, given, table) or of_aws(thing, data)


def _of_databrew_rules(name: str, given: dict[str, Any], data: str | None) -> ConvertedChecks:
    """The rules of DataBrew for the columns of some data. Errors: `RequestError` with every mistake, and if no data is given."""
    from tilth.aws.rulesets import DataBrewRuleset
    from tilth.rulesets.converted import ConvertedChecks, Item

    found = DataBrewRuleset.of(given)
    if data is None:
        hint = "name data with the same columns: --data DATA, or convert(file, data)"
        raise RequestError(f"what the rules of {name!r} mean depends on the columns they are for", hint=hint, code="no-data")
    with session_of(None, data, "convert") as session:
        rules = found.dqdl(session.schema(formats.read(data, engine=session)))
    disabled = (Item(f"rule {r.Name!r}", notes=("it is disabled, and left out",)) for r in found.given.Rules if r.Disabled)
    items = (*(Item(f"rule {name!r}", texts) for name, texts in rules.items()), *disabled)
    return ConvertedChecks(name, "a ruleset of AWS Glue DataBrew", "rule", items)


def _model_in(path: Path, trusted: tuple[str, ...]) -> Any:
    """The object in a skops file. Errors: `RequestError`."""
    return getattr(model_of("skops", model_bytes(path), trusted), "model", None)


def _of_sklearn(name: str, fitted: Any, data: str | None, columns: Sequence[str] | None, trusted: Sequence[str]) -> ConvertedPipeline:
    from tilth.pipelines.converted import converted
    from tilth.pipelines.sklearn.stages import planned

    plan, made = planned(fitted, columns, _kinds(data), tuple(trusted))
    return converted(name, "a fitted pipeline of scikit-learn", plan, made, data)


def _of_spark_object(fitted: Any, data: str | None) -> ConvertedPipeline:
    """Convert a Spark ML pipeline in memory by saving and reading it. Errors: `RequestError` if it is not fitted."""
    name = type(fitted).__name__
    if not hasattr(fitted, "transform"):
        raise RequestError(f"the {name} is not fitted", hint="fit it first: its numbers are converted", code="not-fitted")
    with TemporaryDirectory(prefix="tilth-") as folder:
        place = Path(folder) / "pipeline"
        fitted.write().save(place.as_uri())
        if not is_saved(place):
            hint = "save it to a folder that this machine can read, and convert that: `model.save(PLACE)`, `tilth convert PLACE`"
            raise RequestError(f"the {name} was saved on another machine", hint=hint, code="not-convertible")
        return _of_spark(name, place, data)


def _of_spark(name: str, place: Path, data: str | None) -> ConvertedPipeline:
    from tilth.pipelines.converted import converted
    from tilth.pipelines.spark_ml import planned, saved_stages

    plan, made, left_out = planned(saved_stages(place), _kinds(data))
    return converted(name, "a fitted pipeline of Spark ML", plan, made, data, left_out)


def is_saved(path: Path) -> bool:
    """Whether Spark ML saved something in a folder."""
    return path.is_dir() and any((path / "metadata").glob("part-*"))


def _kinds(data: str | None) -> dict[str, Kind]:
    """The kinds of the columns of the data, if there is any."""
    if data is None:
        return {}
    with session_of(None, data, "convert") as session:
        return {c.name: c.kind for c in session.schema(formats.read(data, engine=session))}
