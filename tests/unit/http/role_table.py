"""The table of roles: one line per endpoint."""

from __future__ import annotations

from domain.roles import (
    COMPLIANCE_OFFICER,
    DEPARTMENT_ADMIN,
    ENCARREGADO,
    OPERATOR,
    PROVISIONER,
    SIGNAL_RECEIVER,
    SUBJECT,
)
from entrypoints.http.endpoint import ANYONE
from tests.unit.http import role_house as house
from tests.unit.http import role_requests as a
from tests.unit.http import role_rights as rights
from tests.unit.http.role_requests import Row

# What somebody of another department gets.
SAME = "same"  # what they get does not depend on the department
FORBIDDEN = "forbidden"  # 403: the request itself names the department
STRANGER = "stranger"  # 404, word for word as for what never was; a subject's is so to every other subject
UNSEEN = "unseen"  # an answer without a word of it, the same as where it never was
EVERYWHERE_ONLY = "everywhere only"  # 403, in one's own department too: it is for who reaches all of them
OWN = "own"  # like that, and 404 like a stranger for whoever reaches all of them but is not its holder

ADMIN = frozenset({DEPARTMENT_ADMIN})
OFFICERS = frozenset({COMPLIANCE_OFFICER, ENCARREGADO})
READERS = OFFICERS | ADMIN
PERSON = frozenset({SUBJECT})
PERSON_OR_OFFICER = PERSON | OFFICERS
PERSON_OR_ADMIN = PERSON | ADMIN
RECEIVER = frozenset({SIGNAL_RECEIVER})
OPERATORS = frozenset({OPERATOR})
MACHINE = frozenset({PROVISIONER})

ONE = "/face-auth/enrollments/{enrollment_id:uuid}"
SOMEBODY = "/face-auth/subjects/{subject_id:uuid}"
PERSON_PAGE = "/console/people/{subject_id:uuid}"
REQUEST_PAGE = "/console/requests/{request_id:uuid}"
USERS = "/scim/v2/Users"
REQUESTS = "/face-auth/requests"
REQUEST = f"{REQUESTS}/{{request_id:uuid}}"
INCIDENT = "/face-auth/incidents/{incident_id:uuid}"
INTROSPECT = "/face-auth/token/introspect"
TABLE = [
    Row("POST", "/face-auth/enroll", ADMIN, FORBIDDEN, a.enrolling, 201),
    Row("POST", "/face-auth/enrollments", ADMIN, FORBIDDEN, a.opening, 201),
    Row("POST", f"{ONE}/captures", ADMIN, STRANGER, a.capturing),
    Row("POST", f"{ONE}/complete", ADMIN, STRANGER, a.pending, 201),
    Row("DELETE", ONE, ADMIN, STRANGER, a.enrolled, 204),
    Row("POST", "/face-auth/devices/pairings", ADMIN, FORBIDDEN, a.inviting, 201),
    Row("POST", "/face-auth/devices/pair", ANYONE, SAME, answers=422),
    Row("GET", "/face-auth/devices", READERS, UNSEEN),
    Row("DELETE", "/face-auth/devices/{device_id:uuid}", ADMIN, STRANGER, a.device),
    Row("GET", "/face-auth/lockouts", READERS, UNSEEN),
    Row("POST", "/face-auth/lockouts/{lockout_id:uuid}/release", ADMIN, STRANGER, a.lockout),
    Row("GET", "/face-auth/retention", OFFICERS, SAME),
    Row("POST", "/face-auth/retention/dry-run", OFFICERS, SAME),
    Row("POST", "/face-auth/password", ANYONE, SAME, answers=422),
    Row("POST", "/face-auth/password/step-up", PERSON, SAME, a.proving),
    Row("POST", "/face-auth/me/password", PERSON, SAME, a.choosing),
    Row("PUT", "/face-auth/accounts/{subject_id:uuid}/password", ADMIN, STRANGER, a.person_in_path),
    Row("GET", "/face-auth/consent/notice", ANYONE, SAME),
    Row("POST", "/face-auth/consent", ANYONE, SAME, answers=422),
    Row("POST", "/face-auth/consent/object", ANYONE, SAME, answers=422),
    Row("GET", "/face-auth/consent/form", ANYONE, SAME),
    Row("POST", "/face-auth/consent/form", ANYONE, SAME, answers=403),
    Row("POST", "/face-auth/consent/invitations", ADMIN, STRANGER, a.naming, 201),
    Row("GET", "/face-auth/consent/receipt", READERS | PERSON, STRANGER, a.asking_for, viewing=True),
    Row("GET", "/face-auth/consents", READERS, UNSEEN, viewing=True),
    Row("POST", "/face-auth/consent/withdraw", PERSON_OR_ADMIN, STRANGER, a.naming_by_username),
    Row("POST", "/face-auth/subjects/erase", PERSON_OR_ADMIN, STRANGER, a.naming),
    Row("POST", f"{SOMEBODY}/erase", PERSON_OR_ADMIN, STRANGER, a.person_in_path),
    Row("GET", f"{SOMEBODY}/erasure", READERS, STRANGER, a.erased_in_path),
    Row("GET", "/face-auth/audit/events", OFFICERS, STRANGER, a.asking_for),
    Row("GET", "/face-auth/audit/attempts/{attempt_id:uuid}/explanation", OFFICERS, STRANGER, a.attempt_in_path),
    Row("GET", "/face-auth/audit/subjects/{subject_id:uuid}/timeline", OFFICERS, STRANGER, a.person_in_path),
    Row("GET", "/face-auth/audit/key", ANYONE, SAME),
    Row("GET", "/face-auth/audit/checkpoints", OFFICERS, EVERYWHERE_ONLY),
    Row("GET", "/face-auth/audit/checkpoints/latest", OFFICERS, EVERYWHERE_ONLY),
    Row("GET", "/face-auth/audit/proof", OFFICERS, EVERYWHERE_ONLY, a.asking_for_a_proof),
    Row("GET", "/face-auth/audit/verification", OFFICERS, EVERYWHERE_ONLY),
    Row("GET", "/face-auth/audit/export", OFFICERS, STRANGER, a.asking_for, journalled=True),
    Row("GET", "/face-auth/health", ANYONE, SAME),
    Row("GET", "/face-auth/ready", ANYONE, SAME),
    Row("GET", "/.well-known/jwks.json", ANYONE, SAME),
    Row("GET", "/.well-known/ssf-configuration", ANYONE, SAME),
    Row("POST", "/ssf/streams", RECEIVER, EVERYWHERE_ONLY, a.beginning_a_stream, 201),
    Row("GET", "/ssf/streams", RECEIVER, OWN, a.stream),
    Row("PATCH", "/ssf/streams", RECEIVER, OWN, a.changing),
    Row("PUT", "/ssf/streams", RECEIVER, OWN, a.changing),
    Row("DELETE", "/ssf/streams", RECEIVER, OWN, a.stream, 204),
    Row("GET", "/ssf/status", RECEIVER, OWN, a.stream),
    Row("POST", "/ssf/status", RECEIVER, OWN, a.pausing),
    Row("POST", "/ssf/subjects:add", RECEIVER, OWN, a.about_somebody),
    Row("POST", "/ssf/subjects:remove", RECEIVER, OWN, a.about_somebody, 204),
    Row("POST", "/ssf/verify", RECEIVER, OWN, a.verifying, 204),
    Row("POST", "/ssf/poll/{stream_id:uuid}", RECEIVER, OWN, a.polling),
    Row("POST", "/ssf/receiver/events", ANYONE, SAME, answers=400),
    Row("GET", "/ssf/dead-letters", OPERATORS, EVERYWHERE_ONLY),
    Row("POST", "/ssf/dead-letters/{letter_id:int}/replay", OPERATORS, EVERYWHERE_ONLY, a.letter, 204),
    Row("GET", "/ssf/webhooks", OPERATORS, EVERYWHERE_ONLY),
    Row("POST", "/ssf/webhooks", OPERATORS, EVERYWHERE_ONLY, a.hooking, 201),
    Row("DELETE", "/ssf/webhooks/{stream_id:uuid}", OPERATORS, EVERYWHERE_ONLY, a.webhook, 204),
    Row("POST", USERS, MACHINE, FORBIDDEN, a.provisioning, 201),
    Row("GET", USERS, MACHINE, UNSEEN),
    Row("GET", f"{USERS}/{{user_id}}", MACHINE, STRANGER, a.user_in_path),
    Row("PUT", f"{USERS}/{{user_id}}", MACHINE, STRANGER, a.replacing),
    Row("PATCH", f"{USERS}/{{user_id}}", MACHINE, STRANGER, a.patching),
    Row("DELETE", f"{USERS}/{{user_id}}", MACHINE, STRANGER, a.user_in_path, 204),
    Row("GET", "/scim/v2/ServiceProviderConfig", MACHINE, SAME),
    Row("GET", "/scim/v2/ResourceTypes", MACHINE, SAME),
    Row("GET", "/scim/v2/Schemas", MACHINE, SAME),
    Row("GET", "/scim/v2/ResourceTypes/{which}", MACHINE, SAME, a.describing_users),
    Row("GET", "/scim/v2/Schemas/{which}", MACHINE, SAME, a.describing_the_schema),
    Row("POST", "/face-auth/token/refresh", ANYONE, SAME, answers=400),
    Row("POST", "/face-auth/token/revoke", ANYONE, SAME, answers=400),
    Row("POST", INTROSPECT, ANYONE, SAME, answers=401),
    Row("GET", "/.well-known/oauth-authorization-server", ANYONE, SAME),
    Row("GET", "/.well-known/openid-configuration", ANYONE, SAME),
    Row("GET", "/face-auth/sessions", READERS, UNSEEN),
    Row("POST", "/face-auth/sessions/revoke", ADMIN, UNSEEN, a.naming),
    Row("DELETE", "/face-auth/sessions/{session_id:uuid}", ADMIN, STRANGER, a.session),
    Row("GET", "/face-auth/me/sessions", PERSON, UNSEEN),
    Row("DELETE", "/face-auth/me/sessions", PERSON, SAME),
    Row("DELETE", "/face-auth/me/sessions/{session_id:uuid}", PERSON, STRANGER, a.session),
    Row("POST", "/face-auth/logout", PERSON, SAME),
    Row("POST", REQUESTS, PERSON_OR_OFFICER, STRANGER, a.requesting, 201),
    Row("GET", REQUESTS, PERSON_OR_OFFICER, UNSEEN),
    Row("GET", REQUEST, PERSON_OR_OFFICER, STRANGER, a.request, viewing=True),
    Row("POST", f"{REQUEST}/answer", OFFICERS, STRANGER, a.request),
    Row("POST", f"{REQUEST}/refuse", OFFICERS, STRANGER, a.refusing_a_request),
    Row("GET", f"{REQUEST}/review", OFFICERS, STRANGER, a.review, viewing=True),
    Row("POST", f"{REQUEST}/review", OFFICERS, STRANGER, a.review),
    Row("GET", "/face-auth/my-data", PERSON, UNSEEN),
    Row("GET", "/face-auth/my-data/statement", PERSON, SAME, viewing=True),
    Row("GET", "/face-auth/my-data/portability", PERSON, SAME, viewing=True),
    Row("GET", "/face-auth/my-data/views", PERSON, UNSEEN),
    Row("GET", f"{SOMEBODY}/statement", OFFICERS, STRANGER, a.statement_of, viewing=True),
    Row("GET", "/face-auth/incidents", OFFICERS, EVERYWHERE_ONLY),
    Row("POST", "/face-auth/incidents", OFFICERS, EVERYWHERE_ONLY, a.opening_an_incident, 201),
    Row("GET", INCIDENT, OFFICERS, EVERYWHERE_ONLY, a.incident),
    Row("POST", f"{INCIDENT}/assess", OFFICERS, EVERYWHERE_ONLY, a.assessing),
    Row("POST", f"{INCIDENT}/notify-authority", OFFICERS, EVERYWHERE_ONLY, a.telling_the_authority, 409),
    Row("POST", f"{INCIDENT}/notify-subjects", OFFICERS, EVERYWHERE_ONLY, a.telling_the_subjects, 409),
    Row("POST", f"{INCIDENT}/supplement", OFFICERS, EVERYWHERE_ONLY, a.supplementing),
    Row("POST", f"{INCIDENT}/close", OFFICERS, EVERYWHERE_ONLY, a.closing_an_incident, 422),
    Row("GET", f"{INCIDENT}/affected", OFFICERS, EVERYWHERE_ONLY, a.incident),
    Row("GET", f"{INCIDENT}/draft", OFFICERS, EVERYWHERE_ONLY, a.incident),
    Row("GET", "/face-auth/reports/{kind}", OFFICERS, EVERYWHERE_ONLY, a.reporting),
    Row("GET", "/console", READERS, UNSEEN),
    Row("GET", "/console/people", READERS, UNSEEN),
    Row("POST", "/console/people", READERS, STRANGER, a.looking_for, 303),
    Row("GET", PERSON_PAGE, READERS, STRANGER, a.person_in_path, viewing=True),
    Row("GET", f"{PERSON_PAGE}/timeline", OFFICERS, STRANGER, a.person_in_path, viewing=True),
    Row("GET", f"{PERSON_PAGE}/statement", OFFICERS, STRANGER, a.person_in_path, viewing=True),
    Row("GET", f"{PERSON_PAGE}/viewings", OFFICERS, STRANGER, a.person_in_path, viewing=True),
    Row("GET", f"{PERSON_PAGE}/consents/receipt", READERS, STRANGER, a.person_in_path, viewing=True),
    Row("GET", "/console/requests", OFFICERS, UNSEEN),
    Row("GET", "/console/requests/new", OFFICERS, SAME),
    Row("POST", "/console/requests/new", OFFICERS, STRANGER, rights.taking_in, 303),
    Row("GET", REQUEST_PAGE, OFFICERS, STRANGER, rights.request_in_path, viewing=True),
    Row("POST", REQUEST_PAGE, OFFICERS, STRANGER, rights.answering),
    Row("GET", f"{REQUEST_PAGE}/review", OFFICERS, STRANGER, rights.review_in_path, viewing=True),
    Row("POST", f"{REQUEST_PAGE}/review", OFFICERS, STRANGER, rights.deciding, 303),
    Row("GET", "/console/consents", READERS, UNSEEN),
    Row("GET", "/console/consents/invite", ADMIN, SAME),
    Row("POST", "/console/consents/invite", ADMIN, STRANGER, rights.inviting),
    Row("GET", "/console/notices", READERS, SAME),
    Row("GET", "/console/notices/{version}", READERS, SAME, rights.notice_in_path),
    Row("GET", "/console/attempts", READERS, UNSEEN),
    Row("GET", "/console/attempts/{attempt_id:uuid}", READERS, STRANGER, a.attempt_in_path, viewing=True),
    Row("GET", "/console/sessions", READERS, UNSEEN),
    Row("GET", "/console/lockouts", READERS, UNSEEN),
    Row("POST", "/console/lockouts", ADMIN, STRANGER, a.releasing, 303),
    Row("GET", "/console/devices", READERS, UNSEEN),
    Row("GET", "/console/events", OFFICERS, UNSEEN),
    Row("GET", "/console/replay", OFFICERS, UNSEEN),
    *house.ROWS,
    Row("GET", "/console/sign-in", ANYONE, SAME),
    Row("POST", "/console/sign-in", ANYONE, SAME, answers=422),
    Row("POST", "/console/sign-out", READERS, SAME, answers=303),
    *(Row("GET", f"/console/assets/{name}", ANYONE, SAME) for name in ("console.css", "console.js", "htmx.js")),
]

# Other requests to some of them, for which another wall stands.
MORE = [
    Row("GET", "/face-auth/sessions", READERS, FORBIDDEN, a.asking_for_department),
    Row("GET", "/face-auth/sessions", READERS, UNSEEN, a.asking_for, viewing=True),
    Row("POST", "/face-auth/sessions/revoke", ADMIN, FORBIDDEN, a.department),
    Row("GET", "/face-auth/audit/events", OFFICERS, UNSEEN),
    Row("GET", "/face-auth/audit/events", OFFICERS, FORBIDDEN, a.asking_for_department),
    Row("GET", "/face-auth/audit/events", OFFICERS, STRANGER, a.asking_for_the_erased),
    Row("POST", f"{ONE}/captures", ADMIN, STRANGER, a.capturing_again, 409),
    Row("POST", f"{ONE}/complete", ADMIN, STRANGER, a.enrolled, 409),
    Row("DELETE", ONE, ADMIN, STRANGER, a.pending, 204),
    Row("POST", "/face-auth/consent/invitations", ADMIN, STRANGER, a.naming_by_username, 201),
    Row("POST", "/face-auth/consent/invitations", ADMIN, FORBIDDEN, a.inviting_somebody_new, 201),
    Row("POST", "/face-auth/subjects/erase", PERSON_OR_ADMIN, STRANGER, a.naming_by_username),
    Row("PUT", "/face-auth/accounts/{subject_id:uuid}/password", ADMIN, STRANGER, a.setting_a_weak_one, 422),
    Row("POST", REQUESTS, PERSON_OR_OFFICER, STRANGER, a.requesting_a_review, 201),
    Row("GET", f"{SOMEBODY}/statement", OFFICERS, STRANGER, a.statement_of_the_erased, viewing=True),
    Row("GET", "/ssf/streams", RECEIVER, EVERYWHERE_ONLY),
    Row("GET", USERS, MACHINE, UNSEEN, a.filtering),
    Row("GET", USERS, MACHINE, UNSEEN, a.filtering_by_id),
    Row("POST", "/console/people", READERS, STRANGER, a.looking_for_id, 303),
    Row("GET", "/console/attempts", READERS, STRANGER, a.asking_for, viewing=True),
    Row("GET", "/console/sessions", READERS, STRANGER, a.asking_for, viewing=True),
    Row("POST", REQUEST_PAGE, OFFICERS, STRANGER, rights.refusing, 303),
    Row("POST", "/console/requests/new", OFFICERS, STRANGER, rights.taking_in_by_username, 303),
    Row("POST", "/console/consents/invite", ADMIN, STRANGER, rights.inviting_by_username),
    Row("GET", f"{PERSON_PAGE}/statement", OFFICERS, STRANGER, rights.erased_in_path, viewing=True),
]
