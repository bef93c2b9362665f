"""Looks for what was erased in every table that there is, whatever the eraser knows of.

The tables come from PostgreSQL's catalogue. Nothing here is shared with ``store.eraser``: a table
that is new, or that the eraser forgets, is searched all the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from memsvc.domain.erasure import SearchReport, Subject, SubjectKind
from memsvc.domain.identifiers import BankId
from memsvc.store.session import Session

_CATALOGUE = text(
    "SELECT format('%I.%I', n.nspname, c.relname) AS place, c.relname AS name,"
    " has_table_privilege(c.oid, 'SELECT') AS readable, a.attname AS column_name,"
    " format_type(a.atttypid, NULL) AS type, a.attnotnull AS needed"
    " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%'"
    " AND n.nspname <> 'information_schema' ORDER BY place, a.attnum"
)
_NOTES = "erasures"
"""Where the running erasure keeps what to look for; emptied when nothing is found."""
_FOLLOWED = "index_changes"
"""Bare ids that tell the indexes what to drop; trimmed within a day."""
_BARE_BANK = frozenset(
    {
        "jobs.bank_id",
        "procrastinate_jobs.lock",
        "procrastinate_jobs.args",
        "idempotency_keys.response",
    }
)
"""Where a deleted bank's bare id stays: its jobs and their carriers, which hold ids alone, and the
answer that it is being deleted.

An answer that quotes what was in the bank is found by ``idempotency_keys.bank_id``.
"""
_BY_ID = frozenset({SubjectKind.MEMORIES, SubjectKind.BANK})
_PLAIN = frozenset({"text", "character varying", "json", "jsonb", "text[]"})
_HEX = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_OTHER_NAMES = {"session_id": frozenset({"occasion"}), "user_id": frozenset[str]()}
"""Columns that hold a scope key under another name."""
_HARMLESS = frozenset(
    {
        "integer",
        "bigint",
        "smallint",
        "boolean",
        "real",
        "double precision",
        "timestamp with time zone",
        "xid8",
        "integer[]",
        "boolean[]",
        "vector",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to look for."""

    memory_ids: Sequence[UUID]
    probes: Sequence[str]
    subject: Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    name: str
    type: str
    needed: bool


class ErasureSearch:
    """Searches the whole catalogue within one bank, and tables of no bank as a whole."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def search(self, bank_id: BankId, wanted: Wanted) -> SearchReport:
        """Return what was looked through and what is left."""
        searched: dict[str, int] = {}
        leftovers: dict[str, int] = {}
        pending: dict[str, int] = {}
        unsearched: list[str] = []
        of_bank = wanted.subject.kind is SubjectKind.BANK
        for place, name, readable, columns in await self._tables():
            if not readable or name == _NOTES:
                unsearched.append(name)
                continue
            unsearched += [f"{name}.{each.name}" for each in columns if not _is_known(each.type)]
            checks = {each.name: list(_checks(each, wanted.subject)) for each in columns}
            rows, found = await self._count(place, columns, checks, bank_id, wanted)
            searched[name] = rows
            for column, number in found.items():
                spot = f"{name}.{column}"
                is_bare = name == _FOLLOWED or (of_bank and spot in _BARE_BANK)
                (pending if is_bare else leftovers)[spot] = number
        return SearchReport(
            searched=searched, leftovers=leftovers, pending=pending, unsearched=unsearched
        )

    async def _tables(self) -> list[tuple[str, str, bool, list[_Column]]]:
        tables: dict[str, tuple[str, str, bool, list[_Column]]] = {}
        for row in await self._session.connection.execute(_CATALOGUE):
            entry = tables.setdefault(row.place, (row.place, row.name, row.readable, []))
            entry[3].append(_Column(name=row.column_name, type=row.type, needed=row.needed))
        return list(tables.values())

    async def _count(
        self,
        place: str,
        columns: Sequence[_Column],
        checks: dict[str, list[str]],
        bank_id: BankId,
        wanted: Wanted,
    ) -> tuple[int, dict[str, int]]:
        counted = [
            f'count(*) FILTER (WHERE {" OR ".join(tests)}) AS "found_{name}"'
            for name, tests in checks.items()
            if tests
        ]
        statement = f"SELECT {', '.join(['count(*) AS rows', *counted])} FROM {place}"
        of_bank = [each for each in columns if each.name == "bank_id"]
        if of_bank:
            statement += " WHERE (bank_id = :bank"
            statement += ")" if of_bank[0].needed else " OR bank_id IS NULL)"
        given = {
            "bank": bank_id,
            "ids": list(wanted.memory_ids),
            "probes": list(wanted.probes),
            "values": list(wanted.subject.values),
        }
        used = {name: value for name, value in given.items() if f":{name}" in statement}
        result = await self._session.connection.execute(text(statement), used)
        row = result.one()._mapping  # noqa: SLF001 — SQLAlchemy's public name for it
        found = {name: row[f"found_{name}"] for name, tests in checks.items() if tests}
        return row["rows"], {name: number for name, number in found.items() if number}


def _is_known(type_name: str) -> bool:
    return type_name in _PLAIN | _HARMLESS | {"uuid", "uuid[]", "bytea"}


def _checks(column: _Column, subject: Subject) -> Iterator[str]:
    quoted = f'"{column.name}"'
    ids = "CAST(:ids AS uuid[])"
    if column.type == "uuid":
        yield f"{quoted} = ANY({ids})"
    elif column.type == "uuid[]":
        yield f"{quoted} && {ids}"
    elif column.type == "bytea":
        yield (
            "EXISTS (SELECT 1 FROM unnest(CAST(:probes AS text[])) AS probe"
            f" WHERE position(convert_to(probe, 'UTF8') IN {quoted}) > 0)"
        )
    elif column.type in _PLAIN:
        yield (
            f"EXISTS (SELECT 1 FROM regexp_matches({quoted}::text, '{_HEX}', 'g') AS hit"
            f" WHERE hit[1]::uuid = ANY({ids}))"
        )
        yield (
            "EXISTS (SELECT 1 FROM unnest(CAST(:probes AS text[])) AS probe"
            f" WHERE strpos({quoted}::text, probe) > 0)"
        )
    yield from _named(column, subject)


def _named(column: _Column, subject: Subject) -> Iterator[str]:
    if subject.kind in _BY_ID:
        return
    scope_key = "user_id" if subject.kind is SubjectKind.USER else "session_id"
    if column.type == "text" and column.name in {scope_key, *_OTHER_NAMES[scope_key]}:
        yield f'"{column.name}" = ANY(CAST(:values AS text[]))'
    elif column.type == "jsonb":
        yield (
            f"""jsonb_path_exists("{column.name}", '$.**.{scope_key} ? (@ == $wanted[*])',"""
            " jsonb_build_object('wanted', to_jsonb(CAST(:values AS text[]))))"
        )
