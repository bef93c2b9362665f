"""What tests of use cases share."""

import pytest

from memsvc.services.commands import BankReference


@pytest.fixture
def bank() -> BankReference:
    """A bank that is made by the first write."""
    return BankReference(value="memories-of-ann", create=True)
