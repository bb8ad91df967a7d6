"""What claims grant: nothing that is not mapped."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.identity.grants import Grants, words
from domain.errors import ConfigurationError
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, STAFF_ROLES
from entrypoints.identity import department_map, role_map

GRANTS = Grants(roles={"chefe": frozenset({DEPARTMENT_ADMIN})})


@pytest.mark.parametrize(
    "roles",
    [
        None,
        [],
        "",
        "porteiro",
        ["porteiro"],
        "department_admin",
        ["compliance_officer", "subject", "*"],
        "Chefe",
        " chefe",
        "chefe auditor",
        [["chefe"]],
        [7, None, {"chefe": True}],
        {"chefe": True},
        7,
    ],
    ids=str,
)
def test_a_role_that_nobody_mapped_gives_nothing(roles: Any) -> None:
    assert GRANTS.roles_of({"roles": roles}) == frozenset()


@pytest.mark.parametrize("roles", ["chefe", ["chefe"], ["porteiro", "chefe", 7]], ids=str)
def test_a_mapped_role_counts_among_others(roles: Any) -> None:
    assert GRANTS.roles_of({"roles": roles}) == {DEPARTMENT_ADMIN}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("roles", ["a"]),
        ("realm_access.roles", ["b", "c"]),
        ("https://hospital.test/roles", ["d"]),
        ("realm_access", []),
        ("realm_access.roles.deeper", []),
        ("nothing.at.all", []),
        ("", []),
        ("..", []),
    ],
)
def test_claims_are_found_by_dotted_path_or_by_their_own_name(path: str, found: list[str]) -> None:
    claims = {"roles": "a", "realm_access": {"roles": ["b", "c"]}, "https://hospital.test/roles": ["d"]}

    assert words(claims, path) == found


@pytest.mark.parametrize("named", [None, "", "*", ["*"], " ", "../icu", "i" * 51, 7, {}, ["icu", "lab"], ["icu", "*x"]])
def test_a_token_that_names_no_one_department_reaches_none(named: Any) -> None:
    reached = GRANTS.department_of({"department": named})

    assert reached == ("icu" if named == ["icu", "*x"] else "")


@pytest.mark.parametrize("named", ["icu", ["icu"], ["icu", "icu"]], ids=str)
def test_without_a_map_a_department_goes_by_its_own_name(named: Any) -> None:
    assert GRANTS.department_of({"department": named}) == "icu"


@pytest.mark.parametrize(
    ("named", "reached"),
    [
        ("UTI-2", "icu"),
        (["UTI-2", "UTI-3"], "icu"),
        (["UTI-2", "visitantes"], "icu"),
        (["UTI-2", "LAB"], ""),
        ("icu", ""),
        ("*", ""),
        ("todos", "*"),
        (["UTI-2", "todos"], "*"),
    ],
    ids=str,
)
def test_with_a_map_only_what_is_in_it_counts_and_everywhere_only_if_it_says_so(named: Any, reached: str) -> None:
    mapped = Grants(roles={}, departments={"UTI-2": "icu", "UTI-3": "icu", "LAB": "laboratory", "todos": "*"})

    assert mapped.department_of({"department": named}) == reached


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("auditor=compliance_officer", {"auditor": {"compliance_officer"}}),
        (" a = operator , b=encarregado,", {"a": {"operator"}, "b": {"encarregado"}}),
        ("a=operator,a=encarregado", {"a": {"operator", "encarregado"}}),
        ("cn=dpo=encarregado", {"cn=dpo": {"encarregado"}}),
        ('{"a": "operator", "b": ["operator", "encarregado"]}', {"a": {"operator"}, "b": {"operator", "encarregado"}}),
    ],
)
def test_a_map_of_roles_is_pairs_or_json(text: str, found: dict[str, set[str]]) -> None:
    assert role_map(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a=",
        "=operator",
        "a=subject",
        "a=*",
        "a=root",
        "{",
        '{"a": 7}',
        '{"a": ["operator", 7]}',
        '{"a": "subject"}',
        '{"": "operator"}',
        "{" * 100_000,
        ",".join(f"r{n}=operator" for n in range(1001)),
    ],
    ids=lambda text: text[:20],
)
def test_a_map_that_grants_what_no_token_may_have_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="FACEAUTH_IDP_ROLE_MAP"):
        role_map(text)


@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
def test_every_staff_role_can_be_mapped(role: str) -> None:
    assert role_map(f"x={role}") == {"x": {role}}


def test_a_map_of_departments_may_name_all_of_them() -> None:
    assert department_map("UTI=icu,matriz=*") == {"UTI": "icu", "matriz": "*"}


@pytest.mark.parametrize("text", ["a=../icu", "a=icu,a=lab", "a=" + "i" * 51, '{"a": ["icu", "lab"]}'])
def test_a_word_means_one_department_that_there_can_be(text: str) -> None:
    with pytest.raises(ConfigurationError, match="FACEAUTH_IDP_DEPARTMENT_MAP"):
        department_map(text)


def test_two_roles_of_one_word_are_both_given() -> None:
    both = Grants(roles={"x": frozenset({DEPARTMENT_ADMIN, COMPLIANCE_OFFICER})})

    assert both.roles_of({"roles": ["x"]}) == {DEPARTMENT_ADMIN, COMPLIANCE_OFFICER}
