"""Signed addresses."""

import time
from urllib.parse import parse_qsl, urlsplit

import pytest

from ftrack_sandbox import urls
from ftrack_sandbox.urls import Urls


@pytest.fixture
def signer():
    return Urls("http://studio.test:8090/", b"secret")


def taken_apart(url):
    parts = urlsplit(url)
    return parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))


def test_an_address_begins_with_the_base_and_one_slash(signer):
    assert signer.download("c1").startswith("http://studio.test:8090/file?")


@pytest.mark.parametrize("component_id", ["c1", "ü /&=?#%", "日本", ""])
def test_what_is_signed_is_allowed_by_any_server_of_that_secret(signer, component_id):
    other = Urls("", b"secret")
    for url in (
        signer.upload(component_id, 5),
        signer.upload(component_id, 5, "a+/b=="),
        signer.download(component_id),
        signer.thumbnail(component_id, 20),
    ):
        path, query = taken_apart(url)
        assert query["id"] == component_id
        assert other.allows(path, query)


def test_the_upload_address_tells_size_and_checksum(signer):
    _, query = taken_apart(signer.upload("c1", 5, "a+/b=="))
    assert (query["size"], query["checksum"]) == ("5", "a+/b==")


@pytest.mark.parametrize("name", ["id", "size", "expires", "signature"])
@pytest.mark.parametrize("value", ["2", "", "ü", "9" * 5000, None])
def test_nothing_in_it_can_be_changed_or_left_out(signer, name, value):
    path, query = taken_apart(signer.thumbnail("c1", 20))
    if value is None:
        del query[name]
    else:
        query[name] = value
    assert not signer.allows(path, query)


def test_nothing_can_be_added(signer):
    path, query = taken_apart(signer.download("c1"))
    assert not signer.allows(path, {**query, "more": "1"})


def test_an_address_is_good_for_its_own_path_only(signer):
    path, query = taken_apart(signer.download("c1"))
    assert path == "/file"
    assert not signer.allows("/upload", query)


def test_another_secret_allows_nothing(signer):
    path, query = taken_apart(signer.download("c1"))
    assert not Urls("http://studio.test:8090", b"other").allows(path, query)


def test_an_address_expires(signer, monkeypatch):
    path, query = taken_apart(signer.download("c1"))
    later = time.time() + urls.VALID_S + 2
    monkeypatch.setattr(urls.time, "time", lambda: later)
    assert not signer.allows(path, query)
