"""How much one request may carry; every bound of the HTTP API stands here."""

DOCUMENT_CHARS = 1_000_000
MESSAGE_CHARS = 100_000
"""Of one message and of one verbatim memory."""
QUERY_CHARS = 8_192
NAME_CHARS = 512
"""Of names that callers choose: speaker, title, user_id, session_id …"""
KEY_CHARS = 256
"""Of source and external_id: together they are the key of an index whose rows hold 2.7 kB."""
DESCRIPTION_CHARS = 4_096

METADATA_DEPTH = 16
"""Nesting of metadata, and of a metadata condition."""
CONDITION_NODES = 512
"""Conditions and values of `in` lists together."""

EPISODES_PER_CALL = 100
MESSAGES_PER_CALL = 2_000
"""Over all episodes of a call."""
MEMORIES_PER_CALL = 1_000
GIVEN_PER_CALL = 5_000
"""Facts, and entities, of one call."""

RECALL_HITS = 200
RECALL_NEIGHBOURS = 50
SUBGRAPH_MEMORIES = 50
SUBGRAPH_ENTITIES = 500
BUDGET_TOKENS = 1_000_000
NEIGHBOURS = 10
"""Of a hit in a context, on either side."""
SUMMARIES = 50
RECENT_TURNS = 200
FILTER_VALUES = 200
"""Of one list inside a recall filter, and of one `in` list of a metadata condition."""

PAGE_ITEMS = 500
PAGE_ITEMS_BY_DEFAULT = 50
CURSOR_CHARS = 256
IDEMPOTENCY_KEY_CHARS = 255
