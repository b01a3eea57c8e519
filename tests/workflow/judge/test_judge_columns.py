"""The observations and digests of a run in columns: what comes back is what was put in, whatever it is."""

from __future__ import annotations

import random
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from msgspec import structs

from trueweight.core import Case, Finding, Finish, Mode, Observation, Outcome, ReplyDigest, Severity, Timing
from trueweight.core.exchange import FailureKind
from trueweight.workflow.judge.digest_store import DigestStore
from trueweight.workflow.judge.observation_table import (
    ObservationTable,
    by_provider,
    change_each,
    change_kinds,
    chosen,
    joined,
    kinds,
    places_of,
)

NAMES = ("reference", "slow", "odd")
FAIL = Finding("tool-arguments-json", Outcome.FAIL, Severity.MUST, "arguments are not JSON")


def observe(rng: random.Random) -> Observation:
    """Any observation; some fit into no row: another id, a time without a zone, a number beyond 64 bits."""

    def maybe(value: Any) -> Any:
        return rng.choice([None, value])

    timing = Timing(
        ttft=maybe(rng.randrange(10**10)),
        service=5,
        tpot=maybe(rng.random()),
        gap=maybe(3),
        gap_max=maybe(0),
        zero_gaps=maybe(0.0),
        cold=rng.random() < 0.5,
        in_one_piece=rng.random() < 0.5,
        gaps=rng.choice([(), (), (1, 2)]),
    )
    return Observation(
        rng.choice([f"{rng.getrandbits(80):020x}", "t", "ä" * 20, "a\0" * 10]),
        rng.choice(NAMES),
        "s",
        f"s/{rng.randrange(3)}",
        rng.choice([0, 1, 2**40]),
        rng.choice(list(Mode)),
        attempts=1,
        first_ok=True,
        ok=rng.random() < 0.5,
        arrived=True,
        failure=maybe(FailureKind.RESET),
        status=maybe(200),
        finish=maybe(Finish.STOP),
        input_tokens=maybe(rng.choice([0, 7, -1, 2**70])),
        output_tokens=maybe(5),
        cost=maybe(rng.random()),
        timing=maybe(timing),
        client_limited=rng.random() < 0.5,
        findings=maybe((FAIL,)) or (),
        started_at=rng.choice(["2026-01-01T00:00:00.000001+00:00", "2026-01-01T00:00:00", ""]),
        thinking_tokens=maybe(0),
        thinking_cost=maybe(0.0),
        habits=maybe(("no parallel calls",)) or (),
    )


def other(hint: Any, than: Any = None) -> Any:
    """A value of a type that is not ``than``, with values other than zero in each of its own fields."""
    plain: dict[Any, tuple[Any, Any]] = {
        bool: (True, False),
        int: (7, 8),
        float: (0.5, 1.5),
        str: ("a", "b"),
        Any: (1, 2),
    }
    args = [one for one in get_args(hint) if one not in (NoneType, ...)]
    if hint in plain:
        return next(one for one in plain[hint] if one != than)
    if get_origin(hint) is tuple:
        return tuple(other(one) for one in args)
    if args:  # a union, or a type with constraints
        return other(args[0], than)
    if issubclass(hint, Enum):
        return next(one for one in reversed(hint) if one is not than)
    names = [one.name for one in fields(hint)] if is_dataclass(hint) else None
    if names is None:
        names = hint.__struct_fields__ if issubclass(hint, msgspec.Struct) else hint._fields
    hints = get_type_hints(hint)
    return hint(**{name: other(hints[name]) for name in names})


def test_every_field_of_an_observation_comes_back() -> None:
    """All that an observation has, by its declaration: all fields set, and each one alone the only difference from
    another one in the table. A field that is added to it is tested here without a word."""
    hints = get_type_hints(Observation)
    base = Observation("t", "p", "s", "s/1", 0, Mode.PLAIN, 1, first_ok=True, ok=True, arrived=True)
    changed = {name: other(hints[name], getattr(base, name)) for name in Observation.__struct_fields__}
    assert all(value != getattr(base, name) for name, value in changed.items())
    rows = [base, Observation(**changed), *(structs.replace(base, **{name: value}) for name, value in changed.items())]
    for seen, found in zip(rows, ObservationTable(rows), strict=True):
        assert structs.asdict(found) == structs.asdict(seen)
        assert [type(one) for one in structs.astuple(found)] == [type(one) for one in structs.astuple(seen)]
    table = ObservationTable([base] * len(rows))
    for at, seen in enumerate(rows):
        table[at] = seen
    assert list(table) == rows


@pytest.fixture
def rows() -> list[Observation]:
    """Five hundred of them."""
    rng = random.Random(7)
    return [observe(rng) for _ in range(500)]


def test_observations_come_back_in_order(rows: list[Observation]) -> None:
    """By place, one after the other, by provider, joined again, and by a condition."""
    table = ObservationTable(rows)
    assert len(table) == len(rows)
    assert list(table) == rows
    assert [table[0], table[-1], *table[3:5]] == [rows[0], rows[-1], *rows[3:5]]
    own = by_provider(table, NAMES)
    for name, some in by_provider(rows, NAMES).items():
        assert list(own[name]) == list(some)
        assert list(places_of(table, NAMES)[name]) == list(places_of(rows, NAMES)[name])
    assert list(joined(list(own.values()))) == list(joined(list(by_provider(rows, NAMES).values())))
    assert list(chosen(table, lambda one: one.ok)) == [one for one in rows if one.ok]
    with pytest.raises(IndexError):
        table[len(rows)]


def test_an_observation_is_replaced_in_its_place(rows: list[Observation]) -> None:
    """One that fits no row takes the place of one that does, and the other way round."""

    def change(seen: Observation) -> Observation:
        return structs.replace(seen, trial="t" if len(seen.trial) == 20 else "0" * 20, findings=(*seen.findings, FAIL))

    table = ObservationTable(rows)
    assert list(change_each(table, change)) == [change(one) for one in rows]
    assert list(change_each(table, lambda seen: seen)) == [change(one) for one in rows]


def test_digests_come_back_by_provider() -> None:
    """Texts are kept once; a digest whose trial has an unusual id, and the same object as its case, come back too."""
    case = Case("c", "s", {"messages": []})
    store = DigestStore()
    expected: dict[str, list[ReplyDigest]] = {}
    for number in range(60):
        made = ReplyDigest(
            trial=f"{number:020}" if number % 7 else "t",
            case=case,
            mode=Mode.STREAM,
            repeat=number,
            content="x" * (number % 5),
            calls=(("weather", '{"city": "Oslo"}'), (None, None)),
            text="digest",
            reasoned=0,
            cut=False,
            finish=Finish.CALLS,
            input_tokens=None,
            output_tokens=3,
            at_once=(None, True, False)[number % 3],
        )
        name = NAMES[number % 3]
        expected.setdefault(name, []).append(made)
        store.add(name, [made])
        assert store[name] == expected[name]
    assert {name: store[name] for name in store} == expected
    assert all(one.case is case for name in store for one in store[name])
    store.close()


def test_observations_are_grouped_by_what_is_not_their_own() -> None:
    """Each observation is in one group, in order; a group is alike but for id, times and tokens; as a list gives."""
    rng = random.Random(5)
    seen = [observe(rng) for _ in range(300)]
    table = ObservationTable(seen)
    rows = by_provider(table, NAMES)["slow"]
    for some in (table, rows):
        found = list(kinds(some))
        assert sorted(one for kind in found for one in map(repr, kind.rows)) == sorted(map(repr, some))
        assert [kind.seen for kind in found] == [kind.rows[0] for kind in found]
        assert 1 < len(found) < len(some)
        order = list(some)
        assert [*map(order.index, (kind.seen for kind in found))] == sorted(order.index(kind.seen) for kind in found)
        for kind in found:
            assert {(one.case, one.mode, one.failure, one.ok, one.finish, one.habits) for one in kind.rows} == {
                (kind.seen.case, kind.seen.mode, kind.seen.failure, kind.seen.ok, kind.seen.finish, kind.seen.habits)
            }
    assert [kind.rows for kind in kinds(seen)] == [(one,) for one in seen]
    assert list(kinds(ObservationTable())) == []


def test_a_change_of_what_trials_share_is_that_of_each() -> None:
    """Some kinds are changed: the observations are those that a change of each gives, and the change is asked less."""
    rng = random.Random(6)
    some = [observe(rng) for _ in range(50)]
    seen = [structs.replace(one, repeat=repeat, input_tokens=7) for repeat in range(8) for one in some]
    asked: list[str] = []

    def change(one: Observation) -> Observation:
        asked.append(one.trial)
        return structs.replace(one, findings=(FAIL, FAIL), habits=()) if one.finish is Finish.STOP else one

    table = ObservationTable([*seen, *(observe(rng) for _ in range(50))])
    expected = [change(one) for one in table]
    asked.clear()
    assert list(change_kinds(table, change)) == expected
    assert len(asked) < len(table) / 2
    assert change_kinds([*seen], change) == expected[: len(seen)]
