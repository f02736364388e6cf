from pbx.sip.timers import Timers


def test_what_is_due_runs_in_order_of_time_and_then_of_setting() -> None:
    timers, ran = Timers(), list[str]()
    for when, name in ((3.0, "c"), (1.0, "a"), (1.0, "b"), (9.0, "late")):
        timers.set(when, lambda now, name=name: ran.append(name))
    timers.run(3.0)
    assert ran == ["a", "b", "c"]
    assert timers.deadline() == 9.0


def test_a_cancelled_timer_neither_runs_nor_is_a_deadline() -> None:
    timers, ran = Timers(), list[float]()
    first = timers.set(1.0, ran.append)
    timers.set(2.0, ran.append)
    first.cancel()
    first.cancel()
    assert timers.deadline() == 2.0
    assert len(timers) == 1
    timers.run(5.0)
    assert ran == [5.0]


def test_what_a_timer_sets_for_now_runs_in_the_same_run() -> None:
    timers, ran = Timers(), list[float]()
    timers.set(1.0, lambda now: timers.set(now, ran.append))
    timers.run(1.0)
    assert ran == [1.0]
    assert timers.deadline() is None


def test_cancelling_for_ever_does_not_fill_memory() -> None:
    timers = Timers()
    for number in range(10_000):
        timers.set(3600.0 + number, lambda now: None).cancel()
    assert len(timers._heap) < 1_500
    assert len(timers) == 0


def test_a_timer_may_cancel_so_many_others_that_the_queue_is_swept_while_it_runs() -> None:
    timers, ran = Timers(), list[str]()
    others = [timers.set(10.0, lambda now: ran.append("never")) for _ in range(2_000)]
    timers.set(1.0, lambda now: [other.cancel() for other in others])
    timers.set(2.0, lambda now: ran.append("after"))
    timers.run(20.0)
    assert ran == ["after"]
