"""Work on native threads."""

import threading
import time

import gevent
import pytest

from pbx.net.offload import Offload


def test_others_go_on_while_a_greenlet_waits_and_errors_come_back() -> None:
    offload = Offload(threads=1)
    try:
        worker = gevent.spawn(offload.cpu, time.sleep, 0.05)
        gevent.sleep(0.01)
        assert not worker.ready()
        with pytest.raises(ZeroDivisionError):
            offload.store(divmod, 1, 0)
        assert offload.store(divmod, 7, 2) == (3, 1)
        worker.join()
    finally:
        offload.close()


def test_the_store_has_one_thread() -> None:
    offload = Offload()
    try:
        seen = [gevent.spawn(offload.store, threading.get_ident) for _ in range(5)]
        gevent.joinall(seen)
        assert len({one.value for one in seen}) == 1
    finally:
        offload.close()
