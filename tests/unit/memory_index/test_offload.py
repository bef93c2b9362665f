"""Where a computation runs."""

import threading

from memsvc.memory_index.offload import INLINE_ROWS, run_sized


async def test_small_computation_stays_and_large_one_goes_to_a_thread() -> None:
    here = threading.get_ident()
    assert await run_sized(INLINE_ROWS, threading.get_ident) == here
    assert await run_sized(INLINE_ROWS + 1, threading.get_ident) != here


async def test_arguments_and_result_are_passed_through() -> None:
    assert await run_sized(0, int, "ff", base=16) == 255
    assert await run_sized(10**6, int, "ff", base=16) == 255
