"""The service sends where an operator said, and nowhere else."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.signals.endpoints import EndpointRules
from domain.errors import EndpointForbiddenError

RULES = EndpointRules(frozenset({"ehr.test", "idp.test:8443", "[::1]:9443"}))
LOCAL = EndpointRules(frozenset({"127.0.0.1:8000", "ehr.test:80"}), plain_loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://ehr.test",
        "https://EHR.test/a?b=c",
        "https://ehr.test:443/",
        "https://idp.test:8443/x",
        "https://[::1]:9443/",
    ],
)
def test_a_listed_host_is_sent_to(url: str) -> None:
    assert RULES.check(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://ehr.test/",
        "https://other.test/",
        "https://ehr.test:8443/",
        "https://idp.test/",
        "https://ehr.test.evil.test/",
        "https://evil.test/ehr.test",
        "https://ehr.test@evil.test/",
        "https://user:pass@ehr.test/",
        "https://ehr.test\\@evil.test/",
        "https://ehr.test#@evil.test/",
        "https://ehr.test/#fragment",
        "https://ehr.test\n.evil.test/",
        "https://ehr.test/a b",
        "https://ehr.test:0/",
        "https://ehr.test:99999/",
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/",
        "https://[::1]/",
        "file:///etc/passwd",
        "gopher://ehr.test/",
        "//ehr.test/",
        "ehr.test",
        "https://ehr.test/" + "a" * 3000,
        "https://ëhr.test/",
    ],
)
def test_anything_else_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(EndpointForbiddenError) as refused:
        RULES.check(url)
    assert not url or url not in str(refused.value)


def test_without_a_list_nothing_is_sent_anywhere() -> None:
    with pytest.raises(EndpointForbiddenError):
        EndpointRules().check("https://ehr.test/")


def test_plain_http_is_for_this_machine_and_only_where_it_is_allowed() -> None:
    assert LOCAL.check("http://127.0.0.1:8000/x")
    with pytest.raises(EndpointForbiddenError):
        LOCAL.check("http://ehr.test/")
    with pytest.raises(EndpointForbiddenError):
        EndpointRules(LOCAL.hosts).check("http://127.0.0.1:8000/x")


@given(st.text(alphabet="htps:/@#\\?[]%.0123456789ehr.testvil \n\t", max_size=60))
def test_no_text_gets_past_to_a_host_that_is_not_listed(text: str) -> None:
    for url in (text, f"https://{text}", f"https://ehr.test{text}"):
        try:
            RULES.check(url)
        except EndpointForbiddenError:
            continue
        assert urlsplit(url).hostname in {"ehr.test", "idp.test", "::1"}
