"""Retention policies on the command line: from a file, changed by options."""

import json
from pathlib import Path

from memsvc_client import RetentionPolicy
from pydantic import ValidationError

from memsvc.cli.failures import CommandError


def read_policy(path: Path | None) -> RetentionPolicy | None:
    """Return the policy in a file; ``None`` without one."""
    if path is None:
        return None
    try:
        return RetentionPolicy.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CommandError(f"{path} is no retention policy: {where}: {first['msg']}.") from error


def policy_lines(policy: RetentionPolicy) -> list[tuple[str, str]]:
    """Return a policy as names with values, for a table."""
    return [(name, json.dumps(value)) for name, value in policy.to_json().items()]
