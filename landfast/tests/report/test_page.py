"""The account as one HTML page."""

import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from landfast.report import drawing, page
from landfast.report.history import tell
from landfast.simulate.account import account
from landfast.simulate.run import simulate
from landfast.simulate.scenario import Scenario, read
from tests.report.scenarios import SCENARIOS, page_of, simulated

ALL = sorted(
    path.relative_to(SCENARIOS).with_suffix("").as_posix()
    for path in SCENARIOS.rglob("*.json")
    if not path.name.endswith(".expected.json")
)
SVG = "{http://www.w3.org/2000/svg}"
VOID = {"meta"}


def scenario(**fields: Any) -> Scenario:
    return read(msgspec.json.encode(fields))


def told(what: Scenario) -> str:
    return page.page([account(what, simulate(what)[1], page.LIMITS)])


class Reader(HTMLParser):
    """Reads a page as a browser does, and notes what is wrong with it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def reading(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def pictures(html: str) -> list[ET.Element]:
    found = [svg for svg in re.findall(r"<svg .*?</svg>", html, flags=re.DOTALL) if "role=" in svg]
    return [ET.fromstring(svg) for svg in found]  # noqa: S314 - we made it ourselves, without entities


def titles(picture: ET.Element) -> list[str]:
    return [title.text or "" for title in picture.iter(f"{SVG}title")]


@pytest.mark.parametrize("name", ALL)
def test_a_page_is_well_formed_needs_nothing_else_and_is_the_same_every_time(name: str) -> None:
    html = page_of(name)
    assert html == told(simulated(name).scenario)
    reader = reading(html)
    assert (reader.wrong, reader.open) == ([], [])
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & reader.tags.keys()
    assert not [
        each for each in reader.attributes if each[1] in {"src", "href", "srcset", "style"} or each[1][:2] == "on"
    ]
    assert "@import" not in html
    assert re.findall(r"url\((?!#)", html) == []
    ids = [value for _, attribute, value in reader.attributes if attribute == "id"]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ALL)
def test_every_picture_has_a_title_and_a_description(name: str) -> None:
    for picture in pictures(page_of(name)):
        assert picture.get("role") == "img"
        title, description = picture.find(f"{SVG}title"), picture.find(f"{SVG}desc")
        assert title is not None
        assert description is not None
        assert title.text
        assert description.text
        assert picture.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"


def test_every_try_is_a_bar_in_the_colour_of_its_outcome() -> None:
    what = read((SCENARIOS / "poison-bisect.json").read_bytes())
    result, _ = simulate(what)
    timeline = pictures(told(what))[0]
    bars = Counter(rect.get("class") for rect in timeline.iter(f"{SVG}rect") if rect.get("class", "").startswith("o-"))
    assert bars == Counter(f"o-{each['outcome']}" for each in result["invocations"])


def test_bars_follow_each_other_and_do_not_overlap_though_time_stands_still() -> None:
    html = page_of("examples/kinesis-bisect")
    bars = [rect for rect in pictures(html)[0].iter(f"{SVG}rect") if rect.get("class", "").startswith("o-")]
    edges = [(float(bar.get("x", "")), float(bar.get("x", "")) + float(bar.get("width", ""))) for bar in bars]
    assert len(edges) == 8
    assert all(before[1] <= after[0] for before, after in pairwise(edges))


@pytest.mark.parametrize("name", ALL)
def test_everything_drawn_is_inside_its_picture(name: str) -> None:
    for picture in pictures(page_of(name)):
        width, height = float(picture.get("width", "")), float(picture.get("height", ""))
        for drawn in [*picture.iter(f"{SVG}rect"), *picture.iter(f"{SVG}text")]:
            if drawn.get("x") is not None:
                assert 0 <= float(drawn.get("x", "")) <= width
                assert 0 <= float(drawn.get("y", "")) <= height


def test_one_second_and_a_day_are_both_readable() -> None:
    timeline = pictures(page_of("poison-defaults"))[0]
    assert float(timeline.get("width", "")) < 2000
    times = [text.text for text in timeline.iter(f"{SVG}text") if text.get("class") == "time"]
    assert {"0s", "1.5s", "23h 59m 53s"} <= set(times)
    assert any(title.startswith("6912 more tries") for title in titles(timeline))


def test_waits_deliveries_and_what_was_lost_are_drawn() -> None:
    timeline = pictures(page_of("poison-retries"))[0]
    waits = [line for line in timeline.iter(f"{SVG}line") if line.get("class") == "wait"]
    assert len(waits) == 3
    assert [path.get("class") for path in timeline.iter(f"{SVG}path")] == ["m-delivery"]
    assert any("scan-failures" in title for title in titles(timeline))
    assert 'class="m-dropped"' in page_of("poison-defaults")
    assert 'class="m-dead_lettered"' in page_of("fifo-raises")


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("fifo-raises", ["group A", "group B", "group C"]),
        ("upload-raises", ["upload"]),
        ("visibility-short", [f"r{number}" for number in range(1, 11)]),
        ("poison-both", ["shard 0"]),
    ],
)
def test_the_rows_are_lanes_groups_events_or_messages(name: str, labels: list[str]) -> None:
    timeline = pictures(page_of(name))[0]
    assert [text.text for text in timeline.iter(f"{SVG}text") if text.get("class") == "label"] == labels


def test_each_batch_of_a_tree_is_below_the_one_it_comes_from_and_indented() -> None:
    what = read((SCENARIOS / "poison-bisect.json").read_bytes())
    [root] = [batch for batch in tell(simulate(what)[1]).batches if batch.parts]
    tree = pictures(told(what))[1]
    ids = [text for text in tree.iter(f"{SVG}text") if text.get("class") == "id"]
    assert len(ids) == len(list(root.walk()))
    places = {text.text: (float(text.get("x", "")), float(text.get("y", ""))) for text in ids}
    assert places["r1-r50 (50)"][0] == places["r51-r100 (50)"][0] > places["r1-r100 (100)"][0]
    assert places["r1-r100 (100)"][1] < places["r1-r50 (50)"][1] < places["r42"][1] < places["r51-r100 (50)"][1]


def test_the_table_of_records_names_state_and_rule() -> None:
    html = page_of("examples/kinesis-bisect")
    [table] = re.findall(r"<h2>Records</h2>.*?</table>", html, flags=re.DOTALL)
    assert table.count("<tr>") == 1 + 8
    [row] = re.findall(r'<tr><td class="id">r4</td>.*?</tr>', table)
    assert "to destination" in row
    assert "5x" in row
    assert "S-59 RetryAttemptsExhausted" in row


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></svg>",
    "&amp;",
    "'",
    "\x00\x1b",
    "[b]",
]


@pytest.mark.parametrize("kind", ["async", "kinesis", "sqs"])
def test_hostile_ids_names_and_data_are_only_text(kind: str) -> None:
    records = [{"id": each, "key": each, "data": each} for each in HOSTILE]
    target = "arn:aws:sqs:us-east-1:123456789012:failures"
    mapping: dict[str, Any] = {"DestinationConfig": {"OnFailure": {"Destination": target}}, "MaximumRetryAttempts": 0}
    if kind == "kinesis":
        mapping |= {"StartingPosition": "TRIM_HORIZON", "BisectBatchOnFunctionError": True}
    what = scenario(
        name=HOSTILE[0],
        source={"type": kind, "records": records} | ({"queue": {"FifoQueue": True}} if kind == "sqs" else {}),
        mapping={} if kind == "sqs" else mapping,
        function={"behaviour": [{"records": HOSTILE[:3], "outcome": "raise", "invocations": 4}]},
    )
    html = told(what)
    reader = reading(html)
    assert (reader.wrong, reader.open) == ([], [])
    assert not {"script", "img"} & reader.tags.keys()
    assert not [each for each in reader.attributes if each[1] in {"onerror", "src"}]
    assert "\x00" not in html
    assert "\x1b" not in html
    assert any(HOSTILE[0] in text for text in reader.text)
    assert "&amp;amp;" in html
    assert pictures(html)


def test_a_large_scenario_stays_small_and_says_what_it_leaves_out() -> None:
    what = scenario(
        source={"type": "kinesis", "records": {"count": 20_000, "keys": 50, "shards": 60}},
        mapping={
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": 20,
            "MaximumRetryAttempts": 1,
            "BisectBatchOnFunctionError": True,
            "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:failures"}},
        },
        function={"behaviour": [{"every": 97, "outcome": "raise"}]},
    )
    html = told(what)
    assert len(html.encode()) < 2_000_000
    text = "".join(reading(html).text)
    assert f"And {20_000 - page.LIMITS.records:,} more records, left out here" in text
    assert f"And {20_000 // 97 - page.LIMITS.lines} more deliveries, left out here" in text
    assert re.search(r"And [\d,]+ more tries, left out here", text)
    assert "<b>206</b>" in html


def test_of_many_rows_those_with_failures_are_drawn() -> None:
    function = {"behaviour": [{"records": ["r90"], "outcome": "raise"}]}
    html = told(scenario(source={"type": "async", "records": {"count": 100}}, function=function))
    labels = [text.text for text in pictures(html)[0].iter(f"{SVG}text") if text.get("class") == "label"]
    assert labels == ["r90", *(f"r{number}" for number in range(1, page.LIMITS.rows))]
    assert f"And {100 - page.LIMITS.rows} more rows, left out here" in "".join(reading(html).text)


def test_long_ids_do_not_make_a_large_page() -> None:
    records = [{"id": f"{number}-" + "x" * 20_000} for number in range(200)]
    what = scenario(
        source={"type": "async", "records": records}, function={"behaviour": [{"outcome": "raise", "invocations": 150}]}
    )
    assert len(told(what).encode()) < 2_000_000


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, by WCAG 2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_texts_have_enough_contrast_by_day_and_by_night() -> None:
    themes = [
        dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", theme))
        for theme in re.findall(r":root \{(.*?)\}", drawing.style("colours"), re.DOTALL)
    ]
    assert len(themes) == 2
    for theme in themes:
        for colour in ("fg", "soft", "link", "ok", "partial", "raise"):
            assert contrast(theme[colour], theme["bg"]) >= 4.5, colour
            assert contrast(theme[colour], theme["band"]) >= 4.5, colour
        for bar in ("ok", "value", "partial", "raise", "timeout", "exit", "throttle", "running"):
            assert contrast(theme["letter"], theme[bar]) >= 4.5, bar
