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
from tests.unit.http import role_requests as a
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
PERSON_OR_ADMIN = PERSON | ADMIN
RECEIVER = frozenset({SIGNAL_RECEIVER})
OPERATORS = frozenset({OPERATOR})
MACHINE = frozenset({PROVISIONER})

ONE = "/face-auth/enrollments/{enrollment_id:uuid}"
SOMEBODY = "/face-auth/subjects/{subject_id:uuid}"
USERS = "/scim/v2/Users"
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
    Row("POST", "/face-auth/password", ANYONE, SAME, answers=422),
    Row("POST", "/face-auth/password/step-up", PERSON, SAME, a.proving),
    Row("POST", "/face-auth/me/password", PERSON, SAME, a.choosing),
    Row("PUT", "/face-auth/accounts/{subject_id:uuid}/password", ADMIN, STRANGER, a.person_in_path),
    Row("GET", "/face-auth/consent/notice", ANYONE, SAME),
    Row("POST", "/face-auth/consent", PERSON_OR_ADMIN, STRANGER, a.consenting),
    Row("POST", "/face-auth/consent/withdraw", PERSON_OR_ADMIN, STRANGER, a.naming_by_username),
    Row("POST", "/face-auth/subjects/erase", PERSON_OR_ADMIN, STRANGER, a.naming),
    Row("POST", f"{SOMEBODY}/erase", PERSON_OR_ADMIN, STRANGER, a.person_in_path),
    Row("GET", f"{SOMEBODY}/erasure", READERS, STRANGER, a.erased_in_path),
    Row("GET", "/face-auth/audit/events", OFFICERS, STRANGER, a.asking_for),
    Row("GET", "/face-auth/audit/export", OFFICERS, STRANGER, a.asking_for, looks=True),
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
]

# Other requests to some of them, for which another wall stands.
MORE = [
    Row("GET", "/face-auth/sessions", READERS, FORBIDDEN, a.asking_for_department),
    Row("GET", "/face-auth/sessions", READERS, UNSEEN, a.asking_for),
    Row("POST", "/face-auth/sessions/revoke", ADMIN, FORBIDDEN, a.department),
    Row("GET", "/face-auth/audit/events", OFFICERS, UNSEEN),
    Row("GET", "/face-auth/audit/events", OFFICERS, STRANGER, a.asking_for_the_erased),
    Row("POST", f"{ONE}/captures", ADMIN, STRANGER, a.capturing_again, 409),
    Row("POST", f"{ONE}/complete", ADMIN, STRANGER, a.enrolled, 409),
    Row("DELETE", ONE, ADMIN, STRANGER, a.pending, 204),
    Row("POST", "/face-auth/consent", PERSON_OR_ADMIN, STRANGER, a.consenting_by_username),
    Row("POST", "/face-auth/subjects/erase", PERSON_OR_ADMIN, STRANGER, a.naming_by_username),
    Row("PUT", "/face-auth/accounts/{subject_id:uuid}/password", ADMIN, STRANGER, a.setting_a_weak_one, 422),
    Row("GET", "/ssf/streams", RECEIVER, EVERYWHERE_ONLY),
    Row("GET", USERS, MACHINE, UNSEEN, a.filtering),
    Row("GET", USERS, MACHINE, UNSEEN, a.filtering_by_id),
]
