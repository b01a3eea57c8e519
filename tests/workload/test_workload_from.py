"""From many lines to a private sample: what is replaced, what is drawn, what a task is called, what a file may say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import LOGS, SECRETS, chat_body, chat_response, lines, litellm_row, ticket_row
from runs import workload_of

from in_process import trueweight
from trueweight.core import ConfigError
from trueweight.core.task import RecordedAnswer
from trueweight.suites import find_suite
from trueweight.suites.importers.logs import LogLine
from trueweight.workload.personal import Replacer, is_card, names_of, phones_of
from trueweight.workload.sample import deduplicate, draw
from trueweight.workload.tasks import find_tasks, parse_rule


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("write to Anna.Meier+x@mail.firma.de now", "write to person1@example.com now"),
        ("call +49 30 901820 or 030 901820", "call +1 202 555 0100 or +1 202 555 0100"),
        ("card 4556-7375-8689-9855, order 1234567890123456", "card 4111111111111111, order 1234567890123456"),
        ("IBAN DE89 3704 0044 0532 0130 00 PLEASE", "IBAN DE97500105170000000001 PLEASE"),
        ("from 203.0.113.7, version 1.2.3, local 127.0.0.1", "from 192.0.2.1, version 1.2.3, local 127.0.0.1"),
        ("2a01:4f8:c17::1 at 10:30:15", "192.0.2.1 at 10:30:15"),
        ("key sk-proj-abcdefghijklmnop1234 end", "key [KEY 1] end"),
        ("AKIAIOSFODNN7EXAMPLE", "[KEY 1]"),
        ("iban de89370400440532013000", "iban DE97500105170000000001"),
        ("FR14-2004-1010-0505-0001-3M02-606.", "DE97500105170000000001."),
        ("password: hunter2secret, PASSWORD: forgotten", "password: [KEY 1], PASSWORD: forgotten"),
        ('{"api_key": "0123456789abcdef0123"}', '{"api_key": "[KEY 1]"}'),
        ("::ffff:203.0.113.7 asked", "192.0.2.1 asked"),
        ("Anna Meier met ANNA meier and Annamaria", "Person 1 met Person 1 and Annamaria"),
        ("2026-11-29 12:30, 17 of 23, 99.5 %", "2026-11-29 12:30, 17 of 23, 99.5 %"),
    ],
)
def test_personal_data_are_replaced_and_other_numbers_are_not(text: str, left: str) -> None:
    """One value has one stand-in, whatever its spelling; the stand-in is of the same kind."""
    assert Replacer(phones_of("DE"), names_of(["Anna Meier"])).text(text) == left


def test_a_phone_number_with_the_prefix_for_abroad_needs_no_region() -> None:
    """0049 is +49; a number of an order that begins so is none."""
    assert Replacer(phones_of(None)).text("0049 30 901820, 030 901820") == "+1 202 555 0100, 030 901820"
    assert Replacer(phones_of(None)).text("order 0000123456") == "order 0000123456"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("My card is 2223 0031 2200 3222.", "My card is 4111111111111111."),
        ("postgres://shop:hunter2secret@10.2.3.4:5432/x", "postgres://[KEY 1]@192.0.2.1:5432/x"),
        (
            "https://hooks.slack.com/services/T024BE7LD/B024BE7LH/aX9bQ2cR8dE1",
            "https://hooks.slack.com/services/[KEY 1]",
        ),
        ("see http://localhost:8080/a@b", "see http://localhost:8080/a@b"),
    ],
)
def test_keys_in_urls_and_the_newer_cards(text: str, left: str) -> None:
    """A password in a URL, a webhook's path, and Mastercard's range from 2221; a port is no password."""
    assert Replacer().text(text) == left


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("levels", [1, 2])
def test_json_inside_a_text_stays_json_with_the_same_stand_ins(levels: int, *, ascii_only: bool) -> None:
    """Answers and arguments of calls are JSON in a text, in which a line end is ``\\n`` and José may be ``Jos\\u00e9``:
    what is found is whole, and what is left is JSON."""
    replacer = Replacer(phones_of(None), names_of(["José Ruiz"]))
    plain = {"from": "josé.1@web.de", "name": "José Ruiz", "text": 'Mail:\nanna@gmx.de\n"+49 30 901820" \U0001f600'}
    left = {
        "from": "person1@example.com",
        "name": "Person 1",
        "text": 'Mail:\nperson2@example.com\n"+1 202 555 0100" \U0001f600',
    }
    assert replacer.value(plain) == left
    text = json.dumps(plain, ensure_ascii=ascii_only)
    for _ in range(levels - 1):
        text = json.dumps({"inner": text}, ensure_ascii=ascii_only)
    found = json.loads(replacer.text(f"```json\n{text}\n```").removeprefix("```json").removesuffix("```"))
    for _ in range(levels - 1):
        found = json.loads(found["inner"])
    assert found == left


@pytest.mark.parametrize("text", ['"\\ud800 \\n', '\\u12 "\\', '"C:\\new" \\uZZZZ'])
def test_what_only_looks_like_json_stays_as_it_is(text: str) -> None:
    """Broken escapes and lone surrogates."""
    assert Replacer(phones_of(None)).text(text) == text


def test_the_preview_is_what_is_written(tmp_path: Path) -> None:
    """Character by character, also those that a terminal would not show."""
    text = "a\u202eb\u200bc\xa0d\x1b[31me\u2028f"
    (tmp_path / "a.jsonl").write_text(lines(litellm_row(chat_body(text), chat_response())), encoding="utf-8")
    shown = trueweight("workload", "from", "a.jsonl", "-o", "tickets", "--preview", cwd=tmp_path).stdout
    assert trueweight("workload", "from", "a.jsonl", "-o", "tickets", cwd=tmp_path).returncode == 0
    files = ("workload.yaml", "tickets.yaml")
    assert shown == "".join(f"--- {one}\n{(tmp_path / 'tickets' / one).read_text('utf-8')}" for one in files)


def test_what_was_not_looked_for_and_what_stayed_behind_is_said(tmp_path: Path) -> None:
    """A list of what was replaced is not all there is."""
    (tmp_path / "a.jsonl").write_text(LOGS["litellm"][2](), encoding="utf-8")
    done = trueweight("workload", "from", "a.jsonl", "--preview", cwd=tmp_path)
    assert "not looked for: names of people (--names, --names-model), phone numbers without" in done.stderr
    assert "api_key (1)" in done.stderr
    assert not [secret for secret in SECRETS if secret in done.stderr]
    with_region = trueweight("workload", "from", "a.jsonl", "--preview", "--region", "DE", cwd=tmp_path)
    assert "phone numbers without" not in with_region.stderr


def test_the_stand_in_is_the_same_everywhere_and_is_of_the_kind() -> None:
    """In texts, in keys of objects and in numbers; a card stays a valid card number."""
    replacer = Replacer()
    found = replacer.value({"a@firma.de": ["a@firma.de", "b@firma.de", 4556737586899855], "image": "data:a@firma.de"})
    assert found == {
        "person1@example.com": ["person1@example.com", "person2@example.com", 4111111111111111],
        "image": "data:a@firma.de",
    }
    assert is_card(str(4111111111111111))
    assert replacer.replaced == {"mail": 3, "card": 1}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_replacing_again_changes_nothing_of_a_text_without_personal_data(text: str) -> None:
    """Whatever is left is not found again."""
    once = Replacer().text(text)
    assert Replacer().text(once) == once


def line(text: str, answer: str = "x", system: str = "Do it.") -> LogLine:
    """A line of a log."""
    messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
    return LogLine(
        Path("a"), 1, {"messages": messages}, RecordedAnswer(answer={"content": answer}), {"job": {"id": text}}
    )


def test_the_draw_keeps_the_mix_and_counts_what_is_left_out() -> None:
    """Each task has its share of the log's lines; those drawn stand for all; the same seed draws the same."""
    lines_of = {"big": 700, "small": 250, "rare": 50}
    made = [line(f"{task} number {n:04d}") for task, count in lines_of.items() for n in range(count)]
    tasks = [task for task, count in lines_of.items() for _ in range(count)]
    requests = deduplicate(made, tasks)
    sample = draw(requests, 100, seed=3)
    assert Counter(one.task for one in sample.requests) == {"big": 70, "small": 25, "rare": 5}
    assert sum(sample.stands_for) == pytest.approx(1000)
    assert draw(requests, 100, seed=3) == sample
    assert draw(requests, 100, seed=4) != sample
    assert len(draw(requests, 5000, seed=3).requests) == 1000


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(1, 120))
def test_a_draw_has_as_many_cases_as_it_may(sizes: list[int], cases: int) -> None:
    """No more than there are, and no stratum more than it has."""
    made = [line(f"{task} {n}", system=f"Task {task}") for task, size in enumerate(sizes) for n in range(size)]
    tasks = [f"t{task}" for task, size in enumerate(sizes) for _ in range(size)]
    sample = draw(deduplicate(made, tasks), cases, seed=0)
    assert len(sample.requests) == min(cases, sum(sizes))
    assert all(drawn <= number for number, drawn in sample.strata.values())


TEMPLATES = {
    "Extract the invoice number and the total from the text below. Answer as JSON.\n\n": "extract-invoice-number",
    "Classify the support ticket into one of these categories: ": "classify-support-ticket",
}


def test_a_template_is_a_long_shared_beginning() -> None:
    """The task is named by the first words of what its prompts share; what shares nothing is `other`."""
    prompts = [text + f"{n} and more of it" for text in TEMPLATES for n in range(5)] + ["hello", "how are you"]
    found = find_tasks(
        [LogLine(Path("a"), 1, {"messages": [{"role": "user", "content": p}]}, None, {}) for p in prompts]
    )
    assert found == [*["extract-invoice-number"] * 5, *["classify-support-ticket"] * 5, "other", "other"]


def test_a_field_or_a_rule_names_the_task() -> None:
    """A rule comes before the field; an unknown field lists those that there are."""
    made = [line("alpha"), line("beta")]
    assert find_tasks(made, field="job.id") == ["alpha", "beta"]
    assert find_tasks(made, field="job.id", rules=[parse_rule("mine=^do it")]) == ["mine", "mine"]
    with pytest.raises(ConfigError, match="no line has the field") as caught:
        find_tasks(made, field="jib")
    assert "job.id" in caught.value.hint
    with pytest.raises(ConfigError, match="a name in lower case"):
        parse_rule("No Name=x")


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    """A workload of six tickets with two labels."""
    return workload_of((ticket_row(n, ("billing", "outage")[n % 2]) for n in range(6)), tmp_path)


def test_the_folder_is_a_suite_with_graders_and_right_answers(tickets: Path) -> None:
    """The grader comes from the file that the user confirms, the right answer from `golden.yaml`."""
    name = find_suite(str(tickets)).cases[0].id
    (tickets / "golden.yaml").write_text(f"{name}: {{content: outage}}\n", encoding="utf-8")
    case = find_suite(str(tickets)).cases[0]
    assert case.task is not None
    assert (case.task.grader, dict(case.task.options)) == ("label", {"labels": ["billing", "outage"], "bare": True})
    assert case.task.golden == {"content": "outage"}
    assert case.answer == {"content": "outage"}
    assert trueweight("suites", "check", tickets, cwd=tickets).returncode == 0


@pytest.mark.parametrize(
    ("file", "before", "after", "words"),
    [
        ("workload.yaml", "grader: label", "grader: lable", "workload.yaml:14: unknown grader 'lable'"),
        ("workload.yaml", '"labels"', '"lebals"', "workload.yaml:14: grader label: options"),
        ("workload.yaml", "tasks:", "taks:", "unknown key 'taks'"),
        ("golden.yaml", "", "nobody: {content: outage}", "golden.yaml: no case 'nobody'"),
        ("golden.yaml", "", "classify-support-ticket-0001: {content: maybe}", "has not the form that the grader label"),
    ],
)
def test_a_mistake_in_a_file_has_its_place(tickets: Path, file: str, before: str, after: str, words: str) -> None:
    """A grader that does not exist, a wrong option, an answer of no case, an answer that the grader cannot read."""
    path = tickets / file
    path.write_text(path.read_text(encoding="utf-8").replace(before, after) if before else after, encoding="utf-8")
    done = trueweight("suites", "check", tickets, cwd=tickets)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_folder_that_exists_is_not_overwritten(tickets: Path) -> None:
    """A user's confirmations are not lost."""
    done = trueweight("workload", "from", "../a.jsonl", "-o", ".", "--name", "tickets", cwd=tickets)
    assert (done.returncode, "the file exists" in done.stderr) == (2, True)
