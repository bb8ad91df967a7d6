"""How long keys and templates live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Longest lives. Whoever is erased is erased at once; the times here say when nothing that lingers opens any more.

    ``erasure_final``: until the key-encryption keys that wrapped a destroyed data key are destroyed (promise 5).
    ``epoch_keys``: of the months' keys that seal client addresses (Marco Civil da Internet, art. 15: six months).
    ``templates``: until a template is renewed under another transform. ``retired_transforms``: how long an older data
    backup can still be restored with templates that serve. ``key_backups``: of files with the keys, sealed to the
    escrow key; the horizon that an erasure certificate states.
    """

    erasure_final: timedelta = timedelta(hours=24)
    epoch_keys: timedelta = timedelta(days=183)
    templates: timedelta = timedelta(days=365)
    retired_transforms: timedelta = timedelta(days=35)
    key_backups: timedelta = timedelta(days=30)
