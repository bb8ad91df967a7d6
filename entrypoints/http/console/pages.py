"""Every page of the console, in the order of its navigation. A page that is not here does not exist."""

from __future__ import annotations

from typing import Final

from entrypoints.http.console.attempts import AttemptPage, AttemptsPage
from entrypoints.http.console.consents import ConsentsPage, InvitePage
from entrypoints.http.console.dashboard import DashboardPage
from entrypoints.http.console.documents import DocumentFile, DocumentsPage
from entrypoints.http.console.downloads import Download
from entrypoints.http.console.events import EventsPage
from entrypoints.http.console.exports import ExportsPage
from entrypoints.http.console.incident_steps import AssessPage, AuthorityPage, ClosePage, SubjectsPage, SupplementPage
from entrypoints.http.console.incidents import AffectedPage, DraftFile, IncidentPage, IncidentsPage, OpenPage
from entrypoints.http.console.lists import DevicesPage, LockoutsPage, SessionsPage
from entrypoints.http.console.notices import NoticePage, NoticesPage
from entrypoints.http.console.one_request import RequestPage, ReviewPage
from entrypoints.http.console.own_data import ReceiptPage, StatementPage, ViewingsPage
from entrypoints.http.console.page import Page
from entrypoints.http.console.people import PeoplePage, PersonPage, TimelinePage
from entrypoints.http.console.replay import ReplayPage
from entrypoints.http.console.requests import OpenRequestPage, RequestsPage
from entrypoints.http.console.retention import HoldsPage, RetentionPage
from entrypoints.http.console.verification import CheckpointFile, CheckpointsFile, ProofFile, VerificationPage

PAGES: Final[tuple[type[Page], ...]] = (
    DashboardPage,
    PeoplePage,
    PersonPage,
    TimelinePage,
    StatementPage,
    ViewingsPage,
    ReceiptPage,
    AttemptsPage,
    AttemptPage,
    RequestsPage,
    OpenRequestPage,
    RequestPage,
    ReviewPage,
    ConsentsPage,
    InvitePage,
    NoticesPage,
    NoticePage,
    SessionsPage,
    LockoutsPage,
    DevicesPage,
    EventsPage,
    ReplayPage,
    IncidentsPage,
    OpenPage,
    IncidentPage,
    AssessPage,
    AuthorityPage,
    SubjectsPage,
    SupplementPage,
    ClosePage,
    AffectedPage,
    RetentionPage,
    HoldsPage,
    VerificationPage,
    ExportsPage,
    DocumentsPage,
)

DOWNLOADS: Final[tuple[type[Download], ...]] = (
    CheckpointFile,
    CheckpointsFile,
    ProofFile,
    DraftFile,
    DocumentFile,
)
