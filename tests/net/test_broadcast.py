"""Facts to listeners."""

from collections.abc import Sequence

import gevent

from pbx.net.broadcast import QUEUE, Broadcast
from pbx.switch.events import Fact, Trouble

FACT = Trouble("x", "something")


def test_facts_are_numbered_and_a_subscription_says_where_it_began() -> None:
    broadcast = Broadcast()
    broadcast.tell([FACT])
    subscription = broadcast.subscribe()
    broadcast.tell([FACT, FACT])
    assert subscription.sequence == 1
    assert [subscription.get(0), subscription.get(0), subscription.get(0)] == [(2, FACT), (3, FACT), None]


def test_waiting_ends_when_a_fact_comes() -> None:
    broadcast = Broadcast()
    subscription = broadcast.subscribe()
    waiter = gevent.spawn(subscription.get, 5)
    gevent.sleep(0)
    broadcast.tell([FACT])
    assert waiter.get(timeout=1) == (1, FACT)


def test_a_slow_listener_is_let_go_and_the_others_go_on() -> None:
    broadcast = Broadcast()
    slow, quick = broadcast.subscribe(), broadcast.subscribe()
    for _ in range(QUEUE + 1):
        broadcast.tell([FACT])
        quick.get(0)
    assert (slow.lost, slow.get(0)) == (True, None)
    assert (quick.lost, broadcast.listeners) == (False, 1)


def test_closing_wakes_those_who_wait() -> None:
    broadcast = Broadcast()
    subscription = broadcast.subscribe()
    waiter = gevent.spawn(subscription.get, 5)
    gevent.sleep(0)
    broadcast.close()
    assert waiter.get(timeout=1) is None
    assert subscription.lost


def test_a_sink_that_raises_does_not_keep_others_from_hearing() -> None:
    heard: list[Fact] = []

    def broken(facts: Sequence[Fact]) -> None:
        raise ZeroDivisionError

    broadcast = Broadcast([broken, heard.extend])
    broadcast.tell([FACT])
    assert heard == [FACT]


def test_it_is_known_whether_anybody_listens() -> None:
    told: list[bool] = []
    broadcast = Broadcast((), told.append)
    one, two = broadcast.subscribe(), broadcast.subscribe()
    one.close()
    one.close()
    assert told == [True]
    two.lose()
    assert told == [True, False]
