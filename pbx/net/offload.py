"""Native threads for work of 1 ms or more: one for the store, some for bcrypt and such, some that wait."""

from collections.abc import Callable
from typing import Any, TypeVar

from gevent.threadpool import ThreadPool

T = TypeVar("T")
Outcome = tuple[bool, Any]


class Offload:
    """The calling greenlet waits, everybody else goes on.  What the work raises is raised to the caller."""

    def __init__(self, threads: int = 4) -> None:
        self._store = ThreadPool(1)
        self._cpu = ThreadPool(threads)
        self._elsewhere = ThreadPool(threads)

    def store(self, fn: Callable[..., T], *args: Any) -> T:
        """On the store's one thread, in the order of the calls."""
        return _apply(self._store, fn, args)

    def cpu(self, fn: Callable[..., T], *args: Any) -> T:
        return _apply(self._cpu, fn, args)

    def elsewhere(self, fn: Callable[..., T], *args: Any) -> T:
        """What waits for the network: nobody signs in later because DNS is silent."""
        return _apply(self._elsewhere, fn, args)

    def close(self) -> None:
        """Wait for what runs, then end the threads."""
        for pool in (self._store, self._cpu, self._elsewhere):
            pool.join()
            pool.kill()


def _apply(pool: ThreadPool, fn: Callable[..., T], args: tuple[Any, ...]) -> T:
    done, outcome = pool.apply(_run, (fn, args))
    if done:
        result: T = outcome
        return result
    raise outcome


def _run(fn: Callable[..., Any], args: tuple[Any, ...]) -> Outcome:
    """The exception as a value: the pool would print a traceback of every one, expected or not."""
    try:
        return True, fn(*args)
    except Exception as error:
        return False, error
