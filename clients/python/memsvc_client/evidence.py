"""What bears facts and thoughts."""

from uuid import UUID

from memsvc_client.records import Record


class Evidence(Record):
    """Words of a memory: ``text[start:end]`` of its text at a version."""

    memory_id: UUID
    version: int
    start: int
    end: int
