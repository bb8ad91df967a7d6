"""A chain stands for one attempt and one sequence of messages: any other has another."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.device_proof import CODE_ALPHABET, FrameChain, decoded, encoded, plain_code
from domain.errors import InvalidInputError
from tests.tablet import statement

ATTEMPT, NONCE = UUID(int=7), "nonce"
MESSAGES = st.lists(st.binary(max_size=80), min_size=1, max_size=8)


def signed(messages: list[bytes], attempt_id: UUID = ATTEMPT, nonce: str = NONCE) -> bytes:
    chain = FrameChain(attempt_id, nonce)
    for message in messages:
        chain.add(message)
    return chain.statement


@given(MESSAGES, st.uuids(), st.text(max_size=30))
def test_the_chain_is_the_one_that_is_written_down(messages: list[bytes], attempt_id: UUID, nonce: str) -> None:
    assume(nonce.isascii())
    assert signed(messages, attempt_id, nonce) == statement(attempt_id, nonce, messages)


@given(MESSAGES, MESSAGES)
def test_two_sequences_have_one_chain_only_where_they_are_the_same(one: list[bytes], other: list[bytes]) -> None:
    assert (signed(one) == signed(other)) == (one == other)


@given(MESSAGES, st.data())
def test_any_changed_bit_breaks_the_chain(messages: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(messages) - 1))
    assume(messages[place])
    at = data.draw(st.integers(0, 8 * len(messages[place]) - 1))
    changed = bytearray(messages[place])
    changed[at // 8] ^= 1 << at % 8

    assert signed([*messages[:place], bytes(changed), *messages[place + 1 :]]) != signed(messages)


@given(MESSAGES, st.data())
def test_any_other_order_or_count_breaks_the_chain(messages: list[bytes], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(messages))
    assert (signed(list(shuffled)) == signed(messages)) == (list(shuffled) == messages)

    place = data.draw(st.integers(0, len(messages) - 1))
    assert signed(messages[:place] + messages[place + 1 :]) != signed(messages)
    assert signed([*messages[:place], messages[place], *messages[place:]]) != signed(messages)


@given(MESSAGES)
def test_where_one_message_ends_and_the_next_begins_matters(messages: list[bytes]) -> None:
    assume(len(messages) > 1)

    assert signed([b"".join(messages)]) != signed(messages)
    assert signed([messages[0] + messages[1], b"", *messages[2:]]) != signed(messages) or messages[1] == b""


@given(st.tuples(st.uuids(), st.text(max_size=20)), st.tuples(st.uuids(), st.text(max_size=20)), MESSAGES)
def test_another_attempt_or_nonce_has_another_chain(
    one: tuple[UUID, str], other: tuple[UUID, str], messages: list[bytes]
) -> None:
    assume(one != other)

    assert signed(messages, *one) != signed(messages, *other)


@given(st.text(CODE_ALPHABET, min_size=10, max_size=10), st.integers(0, 10))
def test_a_code_is_read_however_it_is_spaced_and_cased(code: str, at: int) -> None:
    assert plain_code(f" {code[:at].lower()}-{code[at:]} ") == code


@given(st.text(max_size=30))
def test_what_is_read_as_a_code_is_one(text: str) -> None:
    try:
        code = plain_code(text)
    except InvalidInputError:
        return
    assert len(code) == 10
    assert set(code) <= set(CODE_ALPHABET)


@given(st.binary(max_size=100))
def test_base64url_comes_back(data: bytes) -> None:
    assert decoded(encoded(data)) == data


@pytest.mark.parametrize("text", ["A", "A=", "é", "a b", "\0", "****"])
def test_what_is_no_base64url_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        decoded(text)
