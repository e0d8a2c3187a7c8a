"""What the endpoint reads out of headers and bodies. Its behaviour towards clients: tests/contract."""

import json

import pytest

from ftrack_sandbox.app import ApiOptions, _decode
from ftrack_sandbox.errors import ApiError


@pytest.mark.parametrize(
    ("text", "only_requested", "repeat"),
    [
        ("", False, False),
        ("strict:1;denormalize:1", True, True),
        ("denormalize=1;strict=1", True, True),
        (" Strict = 1 ; Denormalize = 1 ", True, True),
        ("strict", True, False),
        ("strict=1", True, False),
        ("strict=0;denormalize=1", False, False),
        ("strict=1;denormalize=0", True, False),
        # It needs the other one.
        ("denormalize=1", False, False),
        ("strict=1;unknown=1;;=;:", True, False),
        ("strict=1=1", False, False),
    ],
)
def test_options_are_read_in_both_spellings(text, only_requested, repeat):
    assert ApiOptions.read(text) == ApiOptions(only_requested=only_requested, repeat=repeat)


@pytest.mark.parametrize("value", ["Ü", "日本", "\N{CLAPPER BOARD}", "\\ud800", "{}"])
def test_good_json_is_decoded_escaped_or_not(value):
    assert _decode(json.dumps([value]).encode()) == [value]
    assert _decode(json.dumps([value], ensure_ascii=False).encode()) == [value]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[NaN]",
        b"[Infinity]",
        b"\xff",
        b'"\\ud800"',
        b'["\\uDC00"]',
        b'{"\\ud800": 1}',
        b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_anything_else_is_an_error_to_be_answered(body):
    with pytest.raises(ApiError, match="not JSON"):
        _decode(body)
