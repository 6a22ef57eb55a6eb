"""What `serve` does beside its answers goes on, whatever went wrong with it once."""

import asyncio
import logging
from itertools import count

import pytest

from handclasp.app.answer_ocsp import OcspDesk
from handclasp.app.ocsp_responders import responders
from handclasp.model.errors import WorldError
from handclasp.server import running
from tests.ca_rig import Ca


@pytest.mark.parametrize("failure", [WorldError("the disk failed"), MemoryError("no more of it")])
def test_upkeep_goes_on(ca: Ca, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: Exception) -> None:
    home, rounds, renew = ca.world.ca, count(), running._renew
    desk = OcspDesk(home, responders(home))

    async def kept_up() -> None:
        done, loop = asyncio.Event(), asyncio.get_running_loop()

        def renewed(*given: object) -> None:
            if next(rounds) == 0:
                raise failure
            renew(home, desk)
            loop.call_soon_threadsafe(done.set)

        monkeypatch.setattr(running, "_renew", renewed)
        service = running.Service(listen=("127.0.0.1", 0), upkeep=0.01)
        upkeep = asyncio.create_task(running._keep_up(home, desk, service))
        await asyncio.wait_for(done.wait(), 120)
        upkeep.cancel()

    with caplog.at_level(logging.WARNING):
        asyncio.run(kept_up())
    assert f"upkeep failed: {failure.what if isinstance(failure, WorldError) else failure}" in caplog.text
