"""Names shared by migrations and connections: roles, the tenant setting, the default tenant."""

from uuid import UUID

from memsvc.domain.identifiers import TenantId

OWNER_ROLE = "memsvc_owner"
"""Owns the schema and runs migrations; nothing else does."""
RUNTIME_ROLE = "memsvc_app"
"""What the service runs as: no superuser, no BYPASSRLS, sees one tenant per transaction."""
INDEX_ROLE = "memsvc_index"
"""Reads what derived indexes hold, across tenants; writes only that it follows."""

TENANT_SETTING = "memsvc.tenant"

DEFAULT_TENANT = TenantId(UUID("00000000-0000-7000-8000-000000000001"))
"""The one tenant there is until credentials name others."""
