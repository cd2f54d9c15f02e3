"""`convert`: what was prepared with another product or library becomes a flow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth import formats
from tilth.engine.chosen import session_of
from tilth.errors import RequestError
from tilth.steps.models import LARGEST, model_of

if TYPE_CHECKING:
    from tilth.aws.conversion import Conversion
    from tilth.pipelines import ConvertedPipeline


def convert(
    thing: Any, data: str | None = None, *, columns: Sequence[str] | None = None, trusted: Sequence[str] = ()
) -> Conversion | ConvertedPipeline:
    """Convert a file or an object of another product to a flow.

    | `thing` | what becomes of it |
    |---|---|
    | a recipe of AWS Glue DataBrew (JSON or YAML), a flow of SageMaker Data Wrangler (`.flow`) | a flow |
    | a fitted transformer or Pipeline of scikit-learn, or a `.skops` file of one | a fitted flow with the numbers that it has learned |

    `data` is what the flow reads; the kinds of columns of which a transformer does not say them are taken from it. `columns` names the
    columns of a transformer that was fitted without names. `trusted` are types that a `.skops` file may hold besides those that skops
    trusts. No code that a file holds is run.

    The result has `flow`, `notes` on what differs, `left_out`, and `save(path)`. Errors: `RequestError` for what cannot be converted.

    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> made = convert(StandardScaler().fit(np.array([[1.0], [3.0]])), columns=["age"])
    >>> made.flow.row({"age": 4})
    {'age': 2.0}
    """
    if type(thing).__module__.startswith("sklearn.") or hasattr(thing, "get_params"):
        return _of_sklearn(type(thing).__name__, thing, data, columns, trusted)
    if not isinstance(thing, str | Path):
        accepted = "a file, or a fitted transformer of scikit-learn"
        raise RequestError(f"a value of type {type(thing).__name__} cannot be converted", accepted=accepted, code="not-convertible")
    if Path(thing).suffix.lower() == ".skops":
        return _of_sklearn(Path(thing).name, _model_in(Path(thing), tuple(trusted)), data, columns, trusted)
    from tilth.aws.conversion import convert as of_aws

    return of_aws(thing, data)


def _model_in(path: Path, trusted: tuple[str, ...]) -> Any:
    """The object in a file of skops. Errors: `RequestError`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RequestError(f"{str(path)!r} cannot be read: {error.strerror}", code="bad-model") from error
    if len(content) > LARGEST:
        raise RequestError(f"{str(path)!r} has {len(content):,} bytes", accepted=f"up to {LARGEST:,} bytes", code="model-too-large")
    return getattr(model_of("skops", content, trusted), "model", None)


def _of_sklearn(name: str, fitted: Any, data: str | None, columns: Sequence[str] | None, trusted: Sequence[str]) -> ConvertedPipeline:
    from tilth.pipelines.converted import converted
    from tilth.pipelines.sklearn import planned

    kinds = {}
    if data is not None:
        with session_of(None, data, "convert") as session:
            kinds = {c.name: c.kind for c in session.schema(formats.read(data, engine=session))}
    plan, made = planned(fitted, columns, kinds, tuple(trusted))
    return converted(name, "a fitted pipeline of scikit-learn", plan, made, data)
