"""``docs/metrics.md`` is made from the registry of metrics: run this file to write it again."""

from __future__ import annotations

from pathlib import Path

from trueweight.metrics import all_metrics, in_order, metric_origin

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
BETTER = {True: "higher", False: "lower", None: "–"}


def page() -> str:
    """The page: a table of contents, then what each metric of ours is, in the order of the report."""
    ours = [metric for metric in in_order(all_metrics()) if metric_origin(metric.id) == "trueweight"]
    lines = ["# Metrics", "", "Made from the registry of metrics (`src/trueweight/metrics/catalogue/`).", ""]
    lines += ["| metric | title | unit | better |", "|---|---|---|---|"]
    lines += [
        f"| [`{one.id}`](#{one.id}) | {one.title} | {one.unit} | {BETTER[one.higher_is_better]} |" for one in ours
    ]
    for one in ours:
        lines += [
            "",
            f"## {one.id}",
            "",
            one.definition,
            "",
            f"- **Estimate:** {one.method}",
            f"- **Source:** {one.source}",
        ]
    return "\n".join(lines) + "\n"


def test_the_page_is_what_the_registry_says() -> None:
    """A metric that is added or changed is on the page."""
    assert PAGE.read_text(encoding="utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
