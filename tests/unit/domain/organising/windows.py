"""Windows for tests: items and neighbours with as little said as possible."""

from datetime import UTC, datetime, timedelta

from memsvc.domain.organising.extraction import Annotations, Window, WindowItem

WEDNESDAY = datetime(2023, 6, 7, 12, tzinfo=UTC)


def item(
    text: str,
    *,
    handle: int = 1,
    speaker: str | None = "Ann",
    language: str = "en",
    occurred_at: datetime = WEDNESDAY,
    annotations: Annotations | None = None,
) -> WindowItem:
    return WindowItem(
        handle=handle,
        text=text,
        speaker=speaker,
        occurred_at=occurred_at,
        language=language,
        annotations=annotations,
    )


def window_of(*texts: str, neighbours: tuple[str, ...] = ()) -> Window:
    """Return a window of these items, with older neighbours that have been annotated."""
    first = len(texts) + 1
    return Window(
        items=[item(text, handle=handle) for handle, text in enumerate(texts, start=1)],
        neighbours=[
            item(
                text,
                handle=handle,
                occurred_at=WEDNESDAY - timedelta(days=1),
                annotations=Annotations(keywords=("old",), tags=("past",), context="Old."),
            )
            for handle, text in enumerate(neighbours, start=first)
        ],
    )
