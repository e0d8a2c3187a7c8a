"""Frames of socket.io 0.9, the forms that the clients send and read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_sandbox.events import socketio
from ftrack_sandbox.events.socketio import FrameError, Kind, Packet


@pytest.mark.parametrize(
    ("frame", "packet"),
    [
        ("0::", Packet(Kind.DISCONNECT)),
        ("2::", Packet(Kind.HEARTBEAT)),
        ("2:::", Packet(Kind.HEARTBEAT)),
        ("5:12+::{}", Packet(Kind.EVENT, 12, "", "{}")),
        ("5:12::{}", Packet(Kind.EVENT, 12, "", "{}")),
        ("5:::{}", Packet(Kind.EVENT, None, "", "{}")),
        ('5:1+:/room:{"a": "b:c"}', Packet(Kind.EVENT, 1, "/room", '{"a": "b:c"}')),
        ("6:::4+[1]", Packet(Kind.ACKNOWLEDGEMENT, None, "", "4+[1]")),
        ("3:::two\nlines", Packet(Kind.MESSAGE, None, "", "two\nlines")),
        ("1::", Packet(Kind.CONNECT)),
        ("8::", Packet(Kind.NO_OPERATION)),
    ],
)
def test_frame_is_taken_apart(frame, packet):
    assert socketio.decode(frame) == packet


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "x",
        "9::",
        "12::",
        "2",
        ":::",
        "5:x+::{}",
        "5:-1+::{}",
        "{}",
        "5:²::{}",
        "5:" + "9" * 4000 + "+::{}",
    ],
)
def test_what_is_no_frame_is_refused(frame):
    with pytest.raises(FrameError):
        socketio.decode(frame)


@given(st.text())
def test_any_text_is_a_packet_or_refused(frame):
    try:
        assert isinstance(socketio.decode(frame), Packet)
    except FrameError:
        pass


def test_event_is_taken_out_of_its_packet():
    packet = socketio.decode('5:1+::{"name": "ftrack.event", "args": [{"topic": "ä"}]}')
    assert socketio.event_of(packet) == {"topic": "ä"}


@pytest.mark.parametrize(
    "data",
    [
        "", "{", "null", "[]", "{}", '{"name": "ftrack.event"}', '{"name": "ftrack.event", "args": []}',
        '{"name": "ftrack.event", "args": [{}, {}]}', '{"name": "ftrack.event", "args": ["x"]}',
        '{"name": "ftrack.event", "args": {"0": {}}}', '{"name": "other", "args": [{}]}',
        '{"name": "ftrack.event", "args": [{"data": NaN}]}',
        '{"name": "ftrack.event", "args": [{"data": -Infinity}]}',
        '{"name": "ftrack.event", "args": [{"data": ' + "9" * 5000 + "}]}",
        '{"name": "ftrack.event", "args": [' + "[" * 200_000 + "]" * 200_000 + "]}",
    ],
    ids=lambda data: data[:40],
)  # fmt: skip
def test_data_that_is_no_single_event_is_refused(data):
    with pytest.raises(FrameError):
        socketio.event_of(Packet(Kind.EVENT, 7, "", data))


def test_event_frame_has_no_id_and_exactly_one_argument():
    frame = socketio.event_frame({"topic": "ä 🎬 \ud800", "data": {"inReplyToEvent": None}})
    head, data = frame[:4], frame[4:]
    assert head == "5:::"
    assert json.loads(data) == {
        "name": "ftrack.event",
        "args": [{"topic": "ä 🎬 \ud800", "data": {"inReplyToEvent": None}}],
    }
    assert frame.encode("ascii")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}])
def test_event_that_json_cannot_hold_is_refused(value):
    with pytest.raises(FrameError):
        socketio.event_frame({"topic": "x", "data": value})


def test_acknowledgement_carries_exactly_one_object():
    assert socketio.acknowledgement(4, {"success": True}) == '6:::4+[{"success": true}]'
    assert (
        socketio.acknowledgement(5, {"success": False, "message": "no"})
        == '6:::5+[{"success": false, "message": "no"}]'
    )
