"""Lost, late and doubled packets, told from sequence numbers alone."""

import random

import pytest

from pbx.rtp.sequence import Sequence


def after(*numbers, ssrc=1):
    sequence = Sequence()
    for number in numbers:
        sequence.take(number & 0xFFFF, ssrc)
    return sequence.lost, sequence.reordered, sequence.duplicated


@pytest.mark.parametrize(("numbers", "lost", "reordered", "duplicated"), [
    ((), 0, 0, 0),
    ((7,), 0, 0, 0),
    ((1, 2, 3), 0, 0, 0),
    ((65534, 65535, 0, 1), 0, 0, 0),
    ((1, 2, 5, 6), 2, 0, 0),
    ((65535, 1), 1, 0, 0),
    ((1, 3, 2, 4), 0, 1, 0),
    ((65534, 0, 65535, 1), 0, 1, 0),
    ((1, 2, 2, 3), 0, 0, 1),
    ((1, 3, 2, 2, 4), 0, 1, 1),
    ((1, 2, 4, 5, 4), 1, 0, 1),  # a duplicate does not hide a loss
    ((5, 4), 0, 0, 1),  # older than the first: there was no loss to make good
    ((1, 2, 40000, 3), 0, 0, 0),  # one stray packet
    ((1, 2, 40000, 40001, 40002), 0, 0, 0),  # started again
    ((1, 2, 40000, 40001, 40003), 1, 0, 0),
])
def test_counts(numbers, lost, reordered, duplicated):
    assert after(*numbers) == (lost, reordered, duplicated)


def test_a_new_source_starts_again_without_loss():
    sequence = Sequence()
    for number, ssrc in ((1, 7), (2, 7), (900, 8), (901, 8), (3, 7)):
        sequence.take(number, ssrc)
    assert sequence.lost == 0


def test_a_shuffled_and_thinned_stream_is_counted_right_over_the_wrap():
    chance = random.Random(1)
    sent = list(range(60000, 60000 + 20000))
    kept = [sent[0], *(number for number in sent[1:-1] if chance.random() > 0.05), sent[-1]]
    shuffled = sorted(kept, key=lambda number: number + chance.choice((0, 0, 0, 20.5)) * (number < sent[-50]))
    start = shuffled.index(sent[0])
    lost, reordered, duplicated = after(*shuffled[start:])
    assert lost == len(sent) - len(kept)
    assert reordered > 1000
    assert duplicated <= start  # those that overtook the very first packet


def test_what_it_remembers_of_lost_packets_is_bounded():
    sequence = Sequence()
    for number in range(0, 600_000, 150):
        sequence.take(number & 0xFFFF, 1)
    assert len(sequence._missing) <= 100
