"""Loads a flow file, and reports all its mistakes at once."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import PurePath
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from tilth.checking import ruleset_from
from tilth.data import Roles
from tilth.encryption.keys import beside, unreferenced
from tilth.errors import FlowError, Mistake, Place, RequestError, TilthError, did_you_mean, listed
from tilth.flow.file_parts import CheckPart, DataPart, FlowFile, ProtectPart, RolesPart, TablePart
from tilth.flow.flow import Delivery, Flow, Protect, Reading
from tilth.flow.parameters import Named, build, model_of, parameters, shorthand, takes_null
from tilth.flow.parts import LISTS, PARTS, misplaced
from tilth.measures import MEASURES
from tilth.measures.measure import Measure
from tilth.rules import Ruleset
from tilth.secrets import Access, Reference
from tilth.shelf import Shelf
from tilth.steps import STEPS
from tilth.steps.rows.chosen import CHOSEN
from tilth.steps.rows.split import Split
from tilth.steps.step import Part, Step, TablesStep
from tilth.store.local import text_of
from tilth.store.uri import joined
from tilth.validation import mistakes_of
from tilth.yaml import Document, Path, parse

SPLIT_WORDS = tuple(f.name for f in fields(Split) if f.name != "shares")  # every other key under `split` is the name of a part


def load_flow(path: str | os.PathLike[str]) -> Flow:
    """The flow in a YAML file. Errors: `FlowError` with every mistake, each with its place."""
    place, folder = os.fspath(path), os.path.dirname(path) or "."  # noqa: PTH120 -- a Path would change s3://
    return parse_flow(text_of(place, "flow file", FlowError), file=place, name=PurePath(place).stem, folder=folder)


def parse_flow(text: str, file: str = "<flow>", name: str = "flow", folder: str = ".") -> Flow:
    """The flow in a YAML string. Errors: `FlowError` with every mistake, each with its place."""
    document = parse(text, file)
    loader = _Loader(document, folder)
    flow = loader.flow(name, text, folder)
    if document.mistakes:
        order = sorted(document.mistakes, key=lambda m: (m.place.line or 0, m.place.column or 0) if m.place else (0, 0))
        raise FlowError(*dict.fromkeys(map(loader.without_secrets, order)))
    assert flow is not None  # noqa: S101 -- without a mistake there is a flow
    return flow


def _known(shelf: Shelf[Any], part: object) -> list[str]:
    """The names that a part may contain. Loads all entries, which takes a while, so only messages use it."""
    return [name for name, kind in shelf.items() if part in getattr(kind, "parts", (part,))]


class _Loader:
    def __init__(self, document: Document, folder: str) -> None:
        self.document, self.folder = document, folder
        self.roles = Roles()
        self.places: dict[Step | str, Place] = {}
        self.unshown: set[int | None] = set()
        self.key = ""  # the flow's key, for steps that need one

    def wrong(self, path: Path, message: str, code: str, *, of_key: bool = False, accepted: str = "", hint: str = "") -> None:
        self.document.mistakes.append(Mistake(message, self.document.place(path, of_key), accepted, hint, code))

    def without_secrets(self, mistake: Mistake) -> Mistake:
        """The mistake without the text of its line, if the line may hold a secret."""
        there = mistake.place
        return mistake.at(replace(there, text=None)) if there and there.line in self.unshown else mistake

    def flow(self, name: str, text: str, folder: str) -> Flow | None:
        value = self.document.value
        if not isinstance(value, dict):
            self.wrong((), "a flow is a mapping of its parts", "not-a-flow", accepted=listed(FlowFile.model_fields, 20))
            return None
        part = self.validated(FlowFile, value, ())
        secrets = self.secrets(value.get("data"), folder)
        protect = self.protection(value.get("protect"), part and part.protect, folder)
        self.roles = roles = _roles(value)
        self.places["roles"] = self.document.place(("data", "roles"))
        self.places["protect"] = self.document.place(("protect",), of_key=True)
        if roles.positive:
            self.places["positive"] = self.document.place(("data", "roles", "positive"))
        split = self.split(value.get("split"))
        steps = {p.name: [split] if p not in LISTS and split else self.entries("step", STEPS, p.name, value.get(p.name)) for p in PARTS}
        measure = tuple(self.entries("measure", MEASURES, "measure", value.get("measure")))
        check = self.check(value.get("check"), folder)
        self.reject_unfit(value, part, split, steps, measure)
        if part is None or self.document.mistakes:
            return None
        about = part.deliver.about.model_dump(mode="json", exclude_none=True)
        return Flow(
            name=name,
            reading=self.reading(part.data, roles, secrets),
            check=check,
            parts={name: tuple(made) for name, made in steps.items() if made},
            measure=measure,
            deliver=Delivery(part.deliver.to, part.deliver.chosen(), part.deliver.options(), part.deliver.manifest, about),
            on_fail=part.check.on_fail if isinstance(part.check, CheckPart) else "report",
            protect=protect,
            text=text,
            folder=folder,
            places=self.places,
        )

    def reject_unfit(
        self, value: Mapping[str, Any], part: Any, split: Split | None, steps: Mapping[Part, Sequence[Any]], measure: Iterable[Measure]
    ) -> None:
        """Note contradictions between parts that are valid by themselves."""
        for m in measure:
            if m.needs_model and not any(s.predicts for s in steps["features"]):
                hint = "add the step `predict` to `features`"
                self.wrong(("measure",), f"{m.name} needs a model that predicts", of_key=True, hint=hint, code="no-model")
        if value.get("split") is None and value.get("training"):
            message, hint = "there is no split, so there is no training part to change", "add `split: {train: 0.8, test: 0.2}`"
            self.wrong(("training",), message, "no-split", of_key=True, hint=hint)
        if split is not None and "train" not in dict(split.shares):
            accepted = "a part named train: learning happens there"
            self.wrong(("split",), "no part of the split is called train", "no-train", of_key=True, accepted=accepted)
        every = [step for named in steps.values() for step in named]
        if part is not None:
            reading = [step for step in every if isinstance(step, TablesStep)]
            self.document.mistakes += [m.at(self.places[step]) for step in reading for m in step.unnamed(part.data.tables)]
            for m in part.deliver.mistakes():
                self.wrong(("deliver",), m.message, m.code, of_key=True, accepted=m.accepted, hint=m.hint)
        self.document.mistakes += [m.at(self.places[step]) for step in every for m in step.mismatched(every)]

    # ── the parts ──

    def protection(self, given: Any, part: ProtectPart | None, folder: str) -> Protect | None:
        """The protection of the flow. A line with a key in place of a reference is not shown in mistakes."""
        if isinstance(given, dict) and isinstance(key := given.get("key"), str) and (no_key := unreferenced(key)):
            place = self.document.place(("protect", "key"), of_key=True)
            self.document.mistakes.append(no_key.at(place))
            self.unshown |= {place.line}
        if part is None:
            return None
        self.key = beside(part.key, folder)
        return Protect(self.key, tuple(part.allow_plaintext), part.sign)

    def reading(self, data: DataPart, roles: Roles, secrets: Mapping[str, Access]) -> Reading:
        given = data.model_dump(exclude={"read", "secret", "roles", "tables", "max_invalid"}, exclude_none=True, exclude_defaults=True)
        read = () if data.read is None else (data.read,) if isinstance(data.read, str) else tuple(data.read)
        tables = {name: t if isinstance(t, str) else t.read for name, t in data.tables.items()}
        types = {name: t.types for name, t in data.tables.items() if isinstance(t, TablePart)}
        others = {name: access for name, access in secrets.items() if name}
        return Reading(read, given, roles, tables, data.max_invalid, types, secrets.get(""), others)

    def secrets(self, data: Any, folder: str) -> dict[str, Access]:
        """Table → its secret; the main data has the name "". A line with a secret in place of a reference is not shown in mistakes."""
        tables = data.get("tables") if isinstance(data, dict) else None
        parts: list[tuple[str, Path, Any]] = [("", ("data",), data)]
        if isinstance(tables, dict):
            parts += [(name, ("data", "tables", name), part) for name, part in tables.items()]
        found: dict[str, Access] = {}
        for name, path, part in parts:
            given = part.get("secret") if isinstance(part, dict) else None
            if given is None:
                continue
            try:
                found[name] = _within(folder, Access.of(given))
            except RequestError as error:
                place = self.document.place((*path, "secret"), of_key=True)
                self.document.mistakes += [m.at(place) for m in error.mistakes]
                self.unshown |= {place.line, self.document.place((*path, "secret", "reference")).line}
        return found

    def named(self, item: Any, path: Path, noun: str, shelf: Shelf[Any]) -> tuple[str, Any, Path]:
        """An item of a list: its name, its parameters and their path. The name is empty if the item is invalid."""
        if isinstance(item, str):
            return item, None, (*path, item)
        if isinstance(item, dict) and len(item) == 1:
            ((name, given),) = item.items()
            return name, given, (*path, name)
        self.wrong(path, f"a {noun} is its name, or its name with parameters", f"not-a-{noun}", accepted=listed(_known(shelf, path[0]), 40))
        return "", None, path

    def check(self, given: Any, folder: str) -> Ruleset | None:
        """The ruleset. Mistakes are reported at their places in the flow or in the ruleset file."""
        path: Path = ("check", "rules") if isinstance(given, dict) else ("check",)
        rules = given.get("rules") if isinstance(given, dict) else given
        if not isinstance(rules, str):
            return None
        try:
            return ruleset_from(rules, folder)
        except RequestError as error:
            for mistake in error.mistakes:
                place = mistake.place or self.document.place(path)
                inside = mistake.place and not mistake.place.file
                self.document.mistakes.append(mistake.at(self.document.within(path, place) if inside else place))
            return None

    def entries(self, noun: str, shelf: Shelf[type[Named]], part: str, given: Any) -> list[Named]:
        """The shelf entries that a list names: steps of a part, or measures."""
        items = given if isinstance(given, list) else []  # the pydantic model reports a value that is not a list
        return [e for i, item in enumerate(items) if (e := self.entry(noun, shelf, item, (part, i))) is not None]

    def entry(self, noun: str, shelf: Shelf[type[Named]], item: Any, path: Path) -> Named | None:
        """The shelf entry that an item of a list names."""
        name, given, inner = self.named(item, path, noun, shelf)
        if not name:
            return None
        if name not in shelf:
            place = self.document.place(inner, of_key=True)
            accepted = listed(_known(shelf, path[0]), 40)
            self.document.mistakes.append(replace(shelf.unknown(name), place=place, accepted=accepted))
            return None
        kind: Any = shelf[name]
        fits = path[0] in getattr(kind, "parts", path)
        if not fits:
            accepted = f"{name} may be in {' or '.join(sorted(kind.parts))}"
            hint = getattr(kind, "part_hint", "")
            self.wrong(inner, misplaced(kind, cast("Part", path[0])), "wrong-part", of_key=True, accepted=accepted, hint=hint)
        made = self.made(shelf[name], given, inner)
        if isinstance(made, Step) and fits and path[0] not in made.parts:
            accepted = f"{made} may be in {' or '.join(sorted(made.parts))}"
            self.wrong(inner, misplaced(made, cast("Part", path[0])), "wrong-part", of_key=True, accepted=accepted, hint=made.part_hint)
        return made

    def made(self, kind: type[Named], given: Any, path: Path) -> Named | None:
        if isinstance(given, str | list) and shorthand(kind):  # `scale: numeric` names its columns
            given = {shorthand(kind): given}
        if given is not None and not isinstance(given, dict):
            self.wrong(path, f"{kind.name}: its parameters are a mapping", "not-a-mapping", accepted=listed(parameters(kind)))
            return None
        if given and given.get("columns") == [] and "columns" in parameters(kind):
            hint = "name columns, or leave the step out"
            self.wrong(path, f"{kind.name}: no column is chosen", "no-columns", of_key=True, hint=hint)
        for name, value in (given or {}).items():
            if any(isinstance(v, float) and not math.isfinite(v) for v in (value if isinstance(value, list) else [value])):
                self.wrong((*path, name), f"{kind.name}: `{name}` is not a finite number", "bad-value")
        nullable = takes_null(cast("Any", kind))
        given = {name: "null" if value is None and name in nullable else value for name, value in (given or {}).items()}
        model = self.validated(model_of(cast("Any", kind)), given, path)
        if model is None:
            return None
        try:
            step = build(kind, model)
            step = cast("Named", step.under_key(self.key, self.folder)) if isinstance(step, Step) else step
            step = cast("Named", step.in_folder(self.folder)) if isinstance(step, Measure) else step
            wrong = step.refused(self.roles)
        except TilthError as error:
            step, wrong = None, error.mistakes
        for mistake in wrong:
            self.document.mistakes.append(mistake.at(self.document.place(path, of_key=True)))
        if isinstance(step, Step):
            self.places.setdefault(step, self.document.place(path, of_key=True))
        return step

    def split(self, given: Any) -> Split | None:
        if not isinstance(given, dict):
            return None
        words = {k: v for k, v in given.items() if k in SPLIT_WORDS}
        shares = {k: v for k, v in given.items() if k not in SPLIT_WORDS}
        chosen = str(words.get("by")).split("(")[0].strip() in CHOSEN  # by conditions or values instead of shares
        no_shares = [n for n, share in shares.items() if not chosen and (isinstance(share, bool) or not isinstance(share, int | float))]
        for name in no_shares:
            accepted = f"a share between 0 and 1, or one of the split's own words: {listed(SPLIT_WORDS, 20)}"
            hint = did_you_mean(name, SPLIT_WORDS)
            self.wrong(("split", name), f"part {name!r}: {shares[name]!r} is not a share", "no-share", accepted=accepted, hint=hint)
        if no_shares:
            return None
        for word, of in (("by", "columns"), ("fold_by", "fold_columns")):
            by = words.get(word)
            if isinstance(by, str) and (call := re.fullmatch(r"\s*(\w+)\s*\((.*)\)\s*", by, re.DOTALL)):
                words[word] = call[1]
                words.setdefault(of, [c.strip().strip("\"'`") for c in call[2].split(",") if c.strip()])
        return self.made(Split, {**words, "shares": list(shares.items())}, ("split",))

    def validated(self, model: type[BaseModel], value: Mapping[str, Any], path: Path) -> Any:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self.document.mistakes += self.document.located(mistakes_of(error, value, model, path))
            return None


def _within(folder: str, access: Access) -> Access:
    """The access of a flow to a place. The path of a secret's file is relative to the flow file.

    Errors: `RequestError` for a program: a flow may come from others, so it may not run one.
    """
    asked = Reference.of(access.reference)
    if asked.scheme == "command":
        message, hint = "a flow may not run a program for a secret", "name the program on the command line: --secret 'command:…'"
        raise RequestError(message, accepted="another reference", hint=hint, code="program")
    if asked.scheme == "file" and not asked.name.startswith("~"):
        return replace(access, reference=str(replace(asked, name=joined(folder, asked.name))))
    return access


def _roles(value: Mapping[str, Any]) -> Roles:
    """The roles, or none if they are invalid; the pydantic model reports the mistakes."""
    data = value.get("data")
    given = data.get("roles") if isinstance(data, dict) else None
    try:
        known = {k: v for k, v in given.items() if k in RolesPart.model_fields} if isinstance(given, dict) else {}
        return Roles.of(**RolesPart.model_validate(known).model_dump(exclude_none=True))
    except (TilthError, ValidationError):
        return Roles()
