"""`memsvc eval report`: one page, whatever words are stored."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from memsvc.cli.evaluation.results import EvalResult, Miss
from tests.fixtures.command_line import Run
from tests.unit.cli.evaluation.made_results import question, result

HOSTILE = (
    "</td></table><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "</title></style></svg><iframe src=https://evil.example/>",
    "\x1b[2J\x00]]>&lt;b&gt;<!--",
)
KNOWN = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "span", "i"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("svg", "text", "line", "polyline", "circle", "rect"),
}


class Page(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.words += data


def hostile(label: str, words: str) -> EvalResult:
    miss = Miss(expected=f"text:{words}", kind="cut_by_budget", rank=30, cut_by="k", state=words)
    one = question(words, 1, None, categories=(words,), text=words, misses=(miss,))
    made = result(label, one, question("q2", 3), golden=words)
    stages = {words: made.waited_ms}
    return made.model_copy(update={"stages_ms": stages, "service": {words: words}})


def page_of(run: Run, path: Path, *results: EvalResult, options: tuple[str, ...] = ()) -> str:
    names = []
    for number, each in enumerate(results):
        names.append(str(path / f"{number}.json"))
        Path(names[-1]).write_text(each.model_dump_json())
    out = path / "report.html"
    done = run("eval", "report", *names, "--out", str(out), *options)
    assert done.exit_code == 0, done.stderr
    return out.read_text()


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words(run: Run, tmp_path: Path, words: str) -> None:
    made = hostile(words, words)
    page = Page(page_of(run, tmp_path, made, made, options=("--with-text",)))
    assert page.tags == KNOWN
    assert not any(name.startswith("on") or name in ("src", "href") for name in page.attributes)
    if "\x1b" not in words:
        assert page.words.count(words) > 5


def test_the_page_needs_nothing_from_elsewhere(run: Run, tmp_path: Path) -> None:
    page = page_of(run, tmp_path, hostile("a", "b"))
    assert "default-src &#x27;none&#x27;" in page
    assert not re.search(r"https?:|url\(|@import|<script|<link", page)


def test_texts_are_shown_only_when_asked_for(run: Run, tmp_path: Path) -> None:
    miss = Miss(expected="text:my secret", kind="not_stored")
    secret = question("q1", None, text="my secret", misses=(miss,))
    made = result("a", secret)
    assert "secret" not in page_of(run, tmp_path, made)
    assert page_of(run, tmp_path, made, options=("--with-text",)).count("my secret") == 2
    bare = result("a", question("q1", 1))
    assert "holds no texts" in page_of(run, tmp_path, bare, options=("--with-text",))


def test_two_results_are_compared(run: Run, tmp_path: Path) -> None:
    before, after = result("old", question("a", 1)), result("new", question("a", None))
    page = Page(page_of(run, tmp_path, before, after))
    assert "0 questions won, 1 lost." in page.words
    assert "-100.0" in page.words
    other = tmp_path / "other.json"
    other.write_text(result("other", question("b", 1)).model_dump_json())
    done = run("eval", "report", str(tmp_path / "0.json"), str(other), "--out", str(other))
    assert (done.exit_code, "not over the same questions" in done.stderr) == (1, True)
