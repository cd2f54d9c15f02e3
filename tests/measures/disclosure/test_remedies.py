"""What makes classes larger."""

import tilth
from tests.measures.disclosure.people import QUASI, people, risk
from tilth.measures.disclosure.measure import DisclosureRisk
from tilth.measures.disclosure.payload import Risk


def test_the_changes_that_are_proposed_give_what_they_say():
    table = people()
    _, found = risk(table, DisclosureRisk(QUASI, k=10))
    assert found.remedies
    assert [r.rows_below for r in found.remedies] == sorted({r.rows_below for r in found.remedies}, reverse=True)
    done = {r.column: f"  - redact: {{columns: {r.column}, {r.step}}}" for r in found.remedies}
    changed = tilth.apply(tilth.fit(tilth.Flow.parse("features:\n" + "\n".join(done.values())), table), table)
    columns = tuple(c for c in QUASI if "drop" not in done.get(c, ""))
    (again,) = tilth.measure(changed, [DisclosureRisk(columns, k=10)]).of(Risk)
    assert (again.value, again.payload.rows_below) == (found.remedies[-1].k, found.remedies[-1].rows_below)
