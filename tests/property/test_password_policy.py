"""What a password must be like, whatever it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.errors import InvalidInputError, PasswordRejectedError
from domain.policies.passwords import BLOCKED, LONGEST_INPUT, PasswordPolicy, check_username, prepared

POLICY = PasswordPolicy(mfa_departments=frozenset({"icu"}))
ANY_TEXT = st.text(max_size=300)


def verdict(password: str, *, username: str = "ana.souza", department: str = "ward") -> str | None:
    """Return the prepared password, None where it is refused."""
    try:
        return POLICY.check(password, username=username, department=department)
    except (InvalidInputError, PasswordRejectedError):
        return None


@given(ANY_TEXT)
def test_preparing_is_clean_and_done_once(text: str) -> None:
    try:
        once = prepared(text)
    except InvalidInputError:
        return
    assert prepared(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in once)


@given(ANY_TEXT)
def test_preparing_makes_the_composed_and_the_decomposed_form_one(text: str) -> None:
    assume("\0" not in text)
    forms = set()
    for form in ("NFC", "NFD"):
        try:
            forms.add(prepared(unicodedata.normalize(form, text)))
        except InvalidInputError:
            forms.add("refused")
    assert len(forms) == 1


@given(st.text(st.characters(whitelist_categories=["Lu", "Ll", "Nd", "Zs"]), min_size=1, max_size=50))
def test_case_width_and_the_outer_spaces_stay(text: str) -> None:
    kept = prepared(text)

    assert len(unicodedata.normalize("NFC", text)) == len(kept)
    assert kept.startswith(" ") == (unicodedata.category(text[0]) == "Zs")
    assert prepared("\uff21a ") == "\uff21a "


@pytest.mark.parametrize("text", ["", "\0", "a\0b", "\n", "\ud800", "x" * (LONGEST_INPUT + 1), "\uffff"])
def test_what_is_nobodys_password_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        prepared(text)


@given(ANY_TEXT)
def test_what_is_accepted_is_long_enough_and_what_a_ward_accepts_the_icu_does_too(text: str) -> None:
    accepted = verdict(text)
    if accepted is None:
        return
    assert 15 <= len(accepted) <= 256
    assert POLICY.long_enough(accepted, "ward")
    assert verdict(text, department="icu") == accepted


@pytest.mark.parametrize("word", sorted(BLOCKED))
def test_repeating_a_common_password_does_not_make_it_another(word: str) -> None:
    for password in (word, word * 5, word.upper() * 5, f"{word} " * 5, (word * 20)[:40]):
        assert verdict(password) is None
        assert verdict(password, department="icu") is None


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaaaaaaaaaa",
        "abababababababababab",
        "abcabcabcabcabcabcabc",
        "abcdefghijklmnopqrs",
        "zyxwvutsrqponmlkjihg",
        "ana.souza123456",
        "123ana.souza 4567",
        "ANA.SOUZA ana.souza",
        "only fourteen.",
        "x" * 257,
    ],
)
def test_the_first_to_be_guessed_are_refused(password: str) -> None:
    assert verdict(password) is None


@pytest.mark.parametrize(
    "password",
    [
        "seis caixas de gaze azul",
        "ana.souza gosta de gaze",
        "uma frase só com letras",
        "\u5bc6\u7801\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341\u6708\u65e5\u5e74",
    ],
)
def test_no_composition_is_asked_for(password: str) -> None:
    assert verdict(password) is not None


def test_eight_characters_do_where_the_face_comes_first() -> None:
    assert verdict("8 letras") is None
    assert verdict("8 letras", department="icu") == "8 letras"
    assert verdict("7 letra", department="icu") is None


def test_the_star_is_every_department() -> None:
    assert PasswordPolicy(mfa_departments=frozenset({"*"})).needs_face("anywhere")
    assert not PasswordPolicy().needs_face("anywhere")


@given(st.text(max_size=120))
def test_a_username_is_what_somebody_could_have_or_refused(text: str) -> None:
    try:
        assert check_username(text) == text
    except InvalidInputError:
        return
    assert 0 < len(text.strip()) <= 100
    assert "\0" not in text
