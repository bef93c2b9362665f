import pytest
from memsvc_client import Job, JobsTimeoutError
from memsvc_client.waiting import JobWait

from tests.unit.memsvc_client.stub_service import JOB, JOB_ID


def test_a_wait_sleeps_no_longer_than_it_may() -> None:
    now = iter([100.0, 100.0, 109.9, 110.0])
    wait = JobWait(10.0, clock=lambda: next(now))
    job = Job.model_validate(JOB)
    assert wait.pause_s(job, poll_s=0.2) == 0.2
    assert wait.pause_s(job, poll_s=0.2) == pytest.approx(0.1)
    with pytest.raises(JobsTimeoutError, match=rf"{JOB_ID} \(bank.delete\) .* 10 s: queued"):
        wait.pause_s(job, poll_s=0.2)
