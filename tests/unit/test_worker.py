"""The worker: what is due gets done, by one process at a time, whatever fails beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from domain.errors import UnavailableError
from entrypoints.worker import TASKS, Task, Worker
from tests.house import House, build_house

if TYPE_CHECKING:
    from application.services import Services
    from domain.act import Act


@pytest.fixture
def house() -> House:
    return build_house()


def counting(done: list[str], name: str, every_s: float = 60.0) -> Task:
    def run(_services: Services, act: Act) -> None:
        done.append(f"{name} by {act.actor}")

    return Task(name, every_s, run)


def failing(_services: Services, _act: Act) -> None:
    raise UnavailableError("the database is away")


def test_a_task_is_done_when_it_is_due_and_not_before(house: House) -> None:
    done: list[str] = []
    worker = Worker(house.services, house.faults.append, (counting(done, "a"),))
    worker.work(1000.0)
    worker.work(1059.0)
    assert done == ["a by service"]
    worker.work(1060.0)
    assert len(done) == 2


def test_a_task_that_fails_is_reported_tried_again_and_holds_nothing_up(house: House) -> None:
    done: list[str] = []
    worker = Worker(house.services, house.faults.append, (Task("a", 60.0, failing), counting(done, "b")))
    worker.work(1000.0)
    worker.work(1060.0)
    assert done == ["b by service"] * 2
    assert [type(fault) for fault in house.faults] == [UnavailableError] * 2


def test_what_another_process_is_doing_is_left_to_it(house: House) -> None:
    done: list[str] = []
    worker = Worker(house.services, house.faults.append, (counting(done, "a"),))
    with house.store.mutex("worker:a"):
        worker.work(1000.0)
    assert done == []
    assert house.faults == []


def test_a_stopped_worker_starts_nothing_more(house: House) -> None:
    done: list[str] = []
    worker = Worker(house.services, house.faults.append, (counting(done, "a"),))
    worker.stop_soon()
    worker.work(1000.0)
    assert done == []


def test_every_task_of_the_house_runs_on_an_empty_one(house: House) -> None:
    worker = Worker(house.services, house.faults.append)
    worker.work(1000.0)
    assert house.faults == []
    assert len({task.name for task in TASKS}) == len(TASKS)
