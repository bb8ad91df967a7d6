"""Every page of the console, in the order of its navigation. A page that is not here does not exist."""

from __future__ import annotations

from typing import Final

from entrypoints.http.console.attempts import AttemptPage, AttemptsPage
from entrypoints.http.console.dashboard import DashboardPage
from entrypoints.http.console.events import EventsPage
from entrypoints.http.console.lists import DevicesPage, LockoutsPage, SessionsPage
from entrypoints.http.console.page import Page
from entrypoints.http.console.people import PeoplePage, PersonPage, TimelinePage
from entrypoints.http.console.replay import ReplayPage

PAGES: Final[tuple[type[Page], ...]] = (
    DashboardPage,
    PeoplePage,
    PersonPage,
    TimelinePage,
    AttemptsPage,
    AttemptPage,
    SessionsPage,
    LockoutsPage,
    DevicesPage,
    EventsPage,
    ReplayPage,
)
