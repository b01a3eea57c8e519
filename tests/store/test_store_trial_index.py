"""The index of a record: as a dictionary of trials in the order of their lines, whatever their ids are."""

from __future__ import annotations

import random
from typing import Any

import pytest

from trueweight.store.trial_index import TrialIndex, TrialNames


def names(rng: random.Random, size: int) -> list[str]:
    """Ids of a plan, and others: of an import, in capitals, with white space, with half a surrogate pair."""
    odd = ["t1", "", "A" * 20, "0" * 19 + " ", "ä" * 20, "\udc80", "0" * 20]
    return [f"{rng.getrandbits(80):020x}" for _ in range(size)] + odd


def test_the_index_is_a_dictionary_in_the_order_of_lines() -> None:
    """Trials that are added, added again on a later line, and taken out."""
    rng = random.Random(1)
    known = names(rng, 300)
    index, plain = TrialIndex(), dict[str, int]()
    for number in range(1, 3_000):
        trial = rng.choice(known)
        if trial in plain and rng.random() < 0.3:
            assert index.pop(trial) == plain.pop(trial)
        elif rng.random() < 0.9:  # the other lines are of bodies
            index[trial] = plain[trial] = number
        assert len(index) == len(plain)
    assert list(index.items()) == sorted(plain.items(), key=lambda item: item[1])
    assert [index.get(trial) for trial in known] == [plain.get(trial) for trial in known]
    for absent in ("f" * 20, "x"):
        with pytest.raises(KeyError):
            index[absent]
        with pytest.raises(KeyError):
            del index[absent]


def test_names_come_back() -> None:
    """In order, by place, and through their bytes."""
    known = names(random.Random(2), 50)
    found = TrialNames(known)
    assert list(found) == known
    assert (found[0], found[-1], found[-3:], len(found)) == (known[0], known[-1], known[-3:], len(known))
    assert list(TrialNames(data=bytes(found.data), odd=found.odd)) == known
    with pytest.raises(IndexError):
        found[len(known)]


def test_no_id_takes_much_longer_to_add_than_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids are added while requests are in progress: a table of all of them would be made anew at the 10,923rd."""
    looked_up = [0]
    find = TrialIndex._find

    def counted(*arguments: Any) -> int:
        looked_up[0] += 1
        return find(*arguments)

    monkeypatch.setattr(TrialIndex, "_find", counted)
    rng, index, most = random.Random(1), TrialIndex(), 0
    for number in range(1, 12_000):
        looked_up[0] = 0
        index[f"{rng.getrandbits(80):020x}"] = number
        most = max(most, looked_up[0])
    assert 1 < most < 200
