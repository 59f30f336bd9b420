"""Sequences go through a model in batches that waste little."""

from __future__ import annotations

import random

from jmlr_plugins.batching import FULL, LEAST_USED, batches, batches_of_equal_room


def test_batches_hold_like_lengths_within_the_budget():
    assert batches([10, 50, 12, 100, 49], "cpu", 100) == [[3], [1, 4], [2, 0]]
    assert batches([500], "cpu", 100) == [[0]]
    assert batches([5, 5, 5, 5, 5], "cpu", size=2) == [[0, 1], [2, 3], [4]]


def test_a_batch_that_keeps_the_device_busy_is_not_padded_further():
    assert batches([600, 590, 300, 290, 40], "cpu") == [[0, 1], [2, 3], [4]]
    assert batches([600, 590, 300, 290, 40], "cuda") == [[0, 1, 2, 3, 4]]


def test_every_place_stands_in_one_batch_and_padding_stays_small():
    chance = random.Random(0)
    lengths = [chance.randint(20, 900) for _ in range(300)]
    found = batches(lengths, "cpu", 8192)
    assert sorted(place for group in found for place in group) == list(range(300))
    padded = sum(len(group) * lengths[group[0]] for group in found)
    assert padded * LEAST_USED <= sum(lengths) + FULL["cpu"]


def test_prompts_with_different_room_are_not_decoded_together():
    found = batches_of_equal_room([10, 20, 30], [5, 64, 64], "cpu", 4096)
    assert found == [[0], [2, 1]]
