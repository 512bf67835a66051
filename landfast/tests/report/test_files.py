"""Pictures as files of their own, in one colour scheme."""

import re
from xml.etree import ElementTree as ET

import pytest

from landfast.report.files import SCHEMES, Scheme, svg, timeline_svg, tree_svg
from tests.report.scenarios import account_of

SVG = "{http://www.w3.org/2000/svg}"
WIDTH = 700.0

each_scheme = pytest.mark.parametrize("scheme", SCHEMES)


def drawn(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - we made it ourselves, without entities


@each_scheme
@pytest.mark.parametrize("name", ["poison-defaults", "examples/kinesis-bisect", "fifo-raises"])
def test_a_timeline_needs_nothing_else_and_explains_its_letters_inside_the_picture(name: str, scheme: Scheme) -> None:
    text = timeline_svg(account_of(name), scheme, width=WIDTH)
    root = drawn(text)
    assert set(re.findall(r"var\(--([a-z]+)\)", text)) <= set(re.findall(r"--([a-z]+): #", text))
    hatched = any(each.get("class") == "repeats" for each in root.iter(f"{SVG}rect"))
    assert hatched == any(each.get("id") == "hatch" for each in root.iter(f"{SVG}pattern"))
    letters = {each.text for each in root.iter(f"{SVG}text") if each.get("class") == "letter"}
    samples = [each for each in root.iter(f"{SVG}g") if (each.get("transform") or "").startswith("translate")]
    explained = {each.text for sample in samples for each in sample.iter(f"{SVG}text")}
    assert {letter for letter in letters if letter and letter.isalpha()} <= explained
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    assert width >= WIDTH
    for sample in samples:
        x, y = map(float, re.findall(r"[\d.]+", sample.get("transform", "")))
        assert 0 <= x < width
        assert 0 <= y <= height - 18


@each_scheme
def test_a_tree_is_that_of_the_first_batch_that_was_split(scheme: Scheme) -> None:
    texts = [each.text for each in drawn(tree_svg(account_of("examples/kinesis-bisect"), scheme)).iter(f"{SVG}text")]
    assert texts[0] == "r1-r8 (8)"
    assert "r4" in texts


def test_the_schemes_differ_in_their_colours_only() -> None:
    light, dark = (timeline_svg(account_of("fifo-raises"), scheme, width=WIDTH) for scheme in SCHEMES)
    assert light != dark
    without_colours = [re.sub(r"#[0-9a-f]{6}", "#", text) for text in (light, dark)]
    assert without_colours[0] == without_colours[1]


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="no picture"):
        svg("<p>no</p>", "light")
