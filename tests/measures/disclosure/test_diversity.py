"""l-diversity and t-closeness, written by hand from the definitions."""

import math

import pytest

from tests.measures.disclosure.people import QUASI, SENSITIVE, people, risk
from tilth.measures.disclosure.measure import DisclosureRisk


@pytest.mark.parametrize("seed", range(3))
def test_diversity_and_closeness_are_those_of_the_definitions(seed):
    table = people(120, seed)
    _, found = risk(table, DisclosureRisk(QUASI, SENSITIVE))
    frame = table.to_pandas().fillna({"diagnosis": "~", "sex": "~"})
    for d in found.diversity:
        whole = frame[d.column].value_counts(normalize=True).sort_index()
        distinct, entropy, far, sure = [], [], [], 0
        for _, of in frame.groupby(list(QUASI)):
            shares = of[d.column].value_counts(normalize=True).reindex(whole.index, fill_value=0)
            distinct.append((shares > 0).sum())
            entropy.append(-sum(p * math.log(p) for p in shares if p))
            apart = shares - whole
            far.append(apart.cumsum().abs().sum() / (len(whole) - 1) if d.ordered else apart.abs().sum() / 2)
            sure += len(of) if distinct[-1] == 1 else 0
        assert d.ordered == (d.column == "salary")
        assert (d.distinct, d.sure) == (min(distinct), sure)
        assert d.entropy == pytest.approx(math.exp(min(entropy)))
        assert d.closeness == pytest.approx(max(far))
