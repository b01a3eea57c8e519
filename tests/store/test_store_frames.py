"""The compressed record: byte for byte, small, greppable, and readable after a kill or damage at any byte."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from trueweight.core import Case, ConfigError, Exchange, RequestRecord
from trueweight.store import Manifest, RunDir, RunFile, encode_exchange, framed_lines
from trueweight.store.frames import CLOSE, MAGIC, zstd
from trueweight.store.log import ExchangeLog

Make = Callable[..., Exchange]


@pytest.fixture
def root(tmp_path: Path, manifest: Manifest, cases: list[Case]) -> Path:
    path = tmp_path / "run"
    RunDir.create(path, manifest, cases).close()
    return path


@pytest.fixture
def small_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames that are closed after two exchanges or so."""
    monkeypatch.setattr(framed_lines, "_FRAME", 1500)


def asked(exchange: Exchange, body: str) -> Exchange:
    return replace(exchange, request=RequestRecord("POST", "http://h/v1", (("A", "b"),), body))


def write(root: Path, exchanges: list[Exchange]) -> Path:
    with RunDir.open(root, write=True) as run:
        for one in exchanges:
            run.append(one)
    return RunFile.EXCHANGES.of(root)


def content(path: Path) -> bytes:
    """What ``zstdcat`` prints."""
    return zstd.decompress(path.read_bytes())


def several(exchange: Make, number: int = 7) -> list[Exchange]:
    """Exchanges of three requests, with replies that are not ASCII, not UTF-8, large and empty."""
    bodies = ["é\u2028".encode(), b"\xff\xfe", b"x" * 300_000, b""]
    return [asked(exchange(f"t{n}", bodies[n % 4]), json.dumps({"n": n % 3, "s": "\ud800"})) for n in range(number)]


@pytest.mark.usefixtures("small_frames")
def test_every_exchange_comes_back_byte_for_byte_in_any_order(root: Path, exchange: Make) -> None:
    """Over several frames, read in order, backwards, and while they are written."""
    made = several(exchange)
    with RunDir.open(root, write=True) as run:
        for number, one in enumerate(made):
            run.append(one)
            assert [run.read(f"t{n}") for n in range(number + 1)] == made[: number + 1]
    with RunDir.open(root) as run:
        assert list(run.exchanges()) == made
        assert [run.read(one.trial) for one in reversed(made)] == made[::-1]
        assert run.damaged == ()
    assert RunFile.EXCHANGES.of(root).read_bytes().count(MAGIC) > 2


def test_a_request_body_is_written_once_and_lines_stay_lines(root: Path, exchange: Make) -> None:
    """``zstdcat`` prints one line for each exchange and one for each different body, before the first that needs it."""
    path = write(root, [asked(exchange(f"t{n}"), f'{{"prompt":"ask {n % 2}"}}') for n in range(6)])
    found = [json.loads(line) for line in content(path).splitlines()]
    assert [one["body"] for one in found if "trial" not in one] == ['{"prompt":"ask 0"}', '{"prompt":"ask 1"}']
    assert [one["trial"] for one in found if "trial" in one] == [f"t{n}" for n in range(6)]
    assert [line for line in content(path).splitlines() if b'"trial":"t4"' in line]


def test_the_documented_command_finds_a_line(root: Path, exchange: Make) -> None:
    """The command of docs/run-directory.md, on a record that a kill left open too."""
    if subprocess.run(["which", "zstdcat"], capture_output=True, check=False).returncode:
        pytest.skip("this machine has no zstdcat")
    path = write(root, [exchange("t1", b"needle"), exchange("t2", b"hay")])
    path.write_bytes(path.read_bytes()[: -len(CLOSE)])
    shown = subprocess.run(["zstdcat", path], capture_output=True, check=False).stdout
    assert [json.loads(line)["trial"] for line in shown.splitlines() if b"needle" in line] == ["t1"]


@pytest.mark.usefixtures("small_frames")
def test_a_kill_at_any_byte_keeps_all_that_was_complete(root: Path, exchange: Make) -> None:
    """Cut at each byte, frame ends included: what was written before is read, and a resume writes on after it."""
    path = RunFile.EXCHANGES.of(root)
    made = [asked(exchange(f"t{n}", b"abc" * n), f'{{"n":{n % 2}}}') for n in range(6)]
    sizes = []
    with RunDir.open(root, write=True) as run:
        for one in made:
            run.append(one)
            sizes.append(path.stat().st_size)
    whole = path.read_bytes()
    assert whole.count(MAGIC) > 1
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        complete = [one.trial for one, size in zip(made, sizes, strict=True) if size <= cut]
        log = ExchangeLog(path)
        assert (list(log.index), log.damaged) == (complete, {}), cut
        log.close()
        assert path.read_bytes() == whole[:cut]  # reading repairs nothing
        if cut % 29 and cut not in sizes:
            continue
        for trial in ("new", "newer"):  # the second time on a record that was repaired
            with RunDir.open(root, write=True) as run:
                run.append(exchange(trial))
        with RunDir.open(root) as run:
            assert [one.trial for one in run.exchanges()] == [*complete, "new", "newer"]
            assert run.damaged == ()
        assert content(path).count(b'"trial"') == len(complete) + 2  # and other programs read it to its end


@pytest.mark.usefixtures("small_frames")
def test_a_wrong_byte_anywhere_costs_its_frame_at_most_and_never_goes_unseen(root: Path, exchange: Make) -> None:
    """Each byte in turn is changed: what is read is what was written, the rest is damaged, and no frame but its own
    loses a line. A resume after it writes on, and reads both."""
    made = [asked(exchange(f"t{n}", b"abc" * n), f'{{"n":{n % 2}}}') for n in range(6)]
    path = write(root, made)
    whole = path.read_bytes()
    starts = [at for at in range(len(whole)) if whole.startswith(MAGIC, at)]
    by_frame: list[set[str]] = []
    for start, end in zip(starts, [*starts[1:], len(whole)], strict=True):
        path.write_bytes(whole[start:end])
        with RunDir.open(root) as run:
            by_frame.append(run.recorded())
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
        own = sum(start <= at for start in starts) - 1
        others = {trial for number, trials in enumerate(by_frame) if number != own for trial in trials}
        log = ExchangeLog(path)
        found = {one.trial: one for one in log.exchanges()}
        assert all(found[one.trial] == one for one in made if one.trial in found), at
        assert others <= found.keys(), at
        last = own == len(starts) - 1
        assert len(found) == len(made) or log.damaged or last, at  # at the end it may look torn
        log.close()
        if at % 41 == 0:
            with RunDir.open(root, write=True) as run:
                run.append(exchange("new"))
            with RunDir.open(root) as run:
                assert others | {"new"} <= {one.trial for one in run.exchanges()}, at


def test_zeros_after_a_power_cut_are_cut_off(root: Path, exchange: Make) -> None:
    """Some file systems leave zeros where the last bytes were not written: inside a frame, and after one."""
    for end in (b"", CLOSE):
        path = write(root, [exchange("t1")])
        path.write_bytes(path.read_bytes().removesuffix(CLOSE) + end + bytes(1000))
        with RunDir.open(root, write=True) as run:
            run.append(exchange("t2"))
        with RunDir.open(root) as run:
            assert (list(run.trials()), run.damaged) == (["t1", "t2"], ())
        path.write_bytes(b"")


def test_frames_of_other_programs_are_read(root: Path, exchange: Make) -> None:
    """A record that was decompressed and compressed again: one frame with a checksum and a size, and one that is to be
    skipped; lines of version 1 too, which is what compressing an old record by hand gives."""
    made = several(exchange)
    path = write(root, made)
    skipped = b"\x53\x2a\x4d\x18\x04\x00\x00\x00abcd"
    checked: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}
    old = b"".join(encode_exchange(one) + b"\n" for one in made)
    for text in (content(path), old):
        path.write_bytes(skipped + zstd.compress(text, options=checked) + skipped)
        with RunDir.open(root, write=True) as run:
            assert list(run.exchanges()) == made
            run.append(exchange("new"))
        with RunDir.open(root) as run:
            assert [*run.exchanges()][:-1] == made
            assert run.damaged == ()


def test_a_frame_larger_than_what_is_kept_is_read_in_pieces(
    root: Path, exchange: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a frame that another program made of the whole record, a part is in memory, and every line is found."""
    made = several(exchange, 20)
    path = write(root, made)
    path.write_bytes(zstd.compress(content(path)))
    monkeypatch.setattr(framed_lines, "_MOST_KEPT", 100_000)
    with RunDir.open(root) as run:
        assert list(run.exchanges()) == made
        assert [run.read(one.trial) for one in reversed(made)] == made[::-1]


def test_a_bomb_is_damage(root: Path, exchange: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes that decompress to one endless line stop at the longest line that is read."""
    monkeypatch.setattr(framed_lines, "_LONGEST", 1_000_000)
    path = write(root, [exchange("t1")])
    path.write_bytes(path.read_bytes() + zstd.compress(b"x" * 50_000_000))
    with RunDir.open(root) as run:
        assert list(run.trials()) == ["t1"]
        assert "a line of more than 1,000,000 bytes" in run.damaged[0].message


@pytest.mark.parametrize(
    "damage",
    [
        b"\x53\x2a\x4d\x18\xff\xff\xff\xffabcd",  # to be skipped, as far as beyond the end of the file
        MAGIC * 20_000,
        MAGIC + b"\x03\x58\x39\x30\x00\x00" + CLOSE,  # of a dictionary
        MAGIC + b"\x00\xff" + CLOSE + b"x",  # with the largest window
        MAGIC + b"\xe0" + b"\xff" * 8 + CLOSE,  # with the largest size
        b"PK\x03\x04" * 1000,
    ],
    ids=["skipped", "beginnings", "dictionary", "window", "size", "no frame"],
)
def test_what_is_no_frame_costs_none_of_those_around_it(root: Path, exchange: Make, damage: bytes) -> None:
    """Before, between and after whole frames it is damage, and no line of theirs is lost in silence."""
    made = several(exchange)
    path = write(root, made)
    one = path.read_bytes()
    with RunDir.open(root, write=True) as run:
        run.append(exchange("last"))
    path.write_bytes(damage + one + damage + path.read_bytes()[len(one) :])
    with RunDir.open(root, write=True) as run:
        assert [found.trial for found in run.exchanges()] == [*(found.trial for found in made), "last"]
        assert run.damaged
        run.append(exchange("new"))
    with RunDir.open(root) as run:
        assert [found.trial for found in run.exchanges()][-2:] == ["last", "new"]


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("line", [b"\n", b'{"v":2,"trial":"t9","outcome":"ok",}\n', b"{}\n" + b" " * 200])
def test_a_flood_of_lines_is_damage_and_the_others_are_read(
    root: Path, exchange: Make, line: bytes, before: bool
) -> None:
    """A frame of some kilobytes with two million lines, before or after whole ones, takes no memory for each line."""
    made = several(exchange)
    path = write(root, made)
    record, flood = path.read_bytes(), zstd.compress(line * 2_000_000)
    path.write_bytes(flood + record if before else record + flood)
    with RunDir.open(root) as run:
        assert [one for one in run.exchanges() if one.trial != "t9"] == made
        assert len(run.damaged) < 20_000
        assert any("more lines than its bytes can hold" in one.message for one in run.damaged)


def test_a_body_that_is_missing_or_changed_damages_the_lines_that_name_it(root: Path, exchange: Make) -> None:
    """No exchange is read with another request than the one that was sent."""
    path = write(root, [asked(exchange("t1"), "one"), asked(exchange("t2"), "two")])
    first, *others = content(path).splitlines(keepends=True)
    for spoiled in (b"", first.replace(b'"one"', b'"eno"')):
        path.write_bytes(zstd.compress(spoiled + b"".join(others)))
        with RunDir.open(root) as run:
            assert [one.trial for one in run.exchanges()] == ["t2"]
            assert "body_sha256" in run.damaged[-1].message


@pytest.mark.usefixtures("small_frames")
def test_a_record_that_was_decompressed_is_read_and_resumed(root: Path, exchange: Make) -> None:
    """``zstd -d --rm`` of a run's record leaves a run. If ``zstdcat`` wrote a file beside it, an error says which of
    the two to delete."""
    made = several(exchange)
    path = write(root, made)
    plain = RunFile.EARLIER_EXCHANGES.of(root)
    plain.write_bytes(content(path))
    with pytest.raises(ConfigError) as refused:
        RunDir.open(root)
    assert "delete that" in str(refused.value.hint)
    path.unlink()
    with RunDir.open(root, write=True) as run:
        assert list(run.exchanges()) == made
        assert [run.read(one.trial) for one in reversed(made)] == made[::-1]
        run.append(asked(exchange("t9"), "another"))
    with RunDir.open(root) as run:
        assert [one.request.body for one in run.exchanges()] == [*(one.request.body for one in made), "another"]
        assert run.damaged == ()


@pytest.mark.parametrize("spoiled", ["filtered", "body", "exchange"])
def test_damage_of_a_decompressed_record_costs_what_it_touches(root: Path, exchange: Make, spoiled: str) -> None:
    """Lines of bodies that a filter left out, or a changed byte of a body or an exchange, are never read as whole."""
    path = write(root, [asked(exchange("t1"), "one"), asked(exchange("t2"), "two")])
    lines = content(path).splitlines(keepends=True)
    if spoiled == "filtered":
        lines = [line for line in lines if b'"trial"' in line]
    else:
        at = 0 if spoiled == "body" else 1
        lines[at] = lines[at].replace(b'"one"', b'"eno"').replace(b'"repeat":0', b'"repeat":1')
    RunFile.EARLIER_EXCHANGES.of(root).write_bytes(b"".join(lines))
    path.unlink()
    with RunDir.open(root) as run:
        assert [one.trial for one in run.exchanges()] == ([] if spoiled == "filtered" else ["t2"])
        hint = str(run.damaged[-1].hint)
        assert spoiled == "exchange" or "Keep its lines with body_sha256" in hint


def test_exchanges_in_both_files_are_refused(root: Path, exchange: Make) -> None:
    """Two runs in one directory are not joined in silence; the file of an earlier version alone is read on."""
    write(root, [exchange("t1")])
    RunFile.EARLIER_EXCHANGES.of(root).write_bytes(encode_exchange(exchange("t0")) + b"\n")
    with pytest.raises(ConfigError, match="has one of them"):
        RunDir.open(root)
    RunFile.EXCHANGES.of(root).unlink()
    with RunDir.open(root, write=True) as run:
        run.append(exchange("t2"))
    assert RunFile.EARLIER_EXCHANGES.of(root).read_bytes().count(b'{"v":1,') == 2
