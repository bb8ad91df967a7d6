"""Who may ask for what: the roles that a credential can carry."""

from __future__ import annotations

from typing import Final

DEPARTMENT_ADMIN: Final = "department_admin"
COMPLIANCE_OFFICER: Final = "compliance_officer"
ENCARREGADO: Final = "encarregado"
"""The data protection officer of LGPD art. 41."""
OPERATOR: Final = "operator"
SUBJECT: Final = "subject"
PROVISIONER: Final = "provisioner"
"""The hospital's identity provider, when it creates and changes people (SCIM). A machine."""
SIGNAL_RECEIVER: Final = "signal_receiver"
"""A system that receives our security events. A machine."""

STAFF_ROLES: Final = frozenset(
    {DEPARTMENT_ADMIN, COMPLIANCE_OFFICER, ENCARREGADO, OPERATOR, PROVISIONER, SIGNAL_RECEIVER}
)
"""What a local token, or one of the hospital's identity provider, may speak for. ``SUBJECT`` needs a session."""

EVERYWHERE: Final = "*"
"""The department of who reaches all departments."""
