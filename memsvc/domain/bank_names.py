"""Which names banks may have."""

import re
from uuid import UUID

_NAME = re.compile(r"[a-z0-9._-]{1,128}")


def is_bank_name(name: str) -> bool:
    """Tell whether ``name`` fits the rule and cannot be taken for an id."""
    return _NAME.fullmatch(name) is not None and not _is_uuid(name)


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
