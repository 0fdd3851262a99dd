"""Partitions cover the examples, follow alpha, and give reproducible shards."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner.tasks.partition import (
    Indices,
    class_counts,
    dirichlet,
    iid,
    label_shards,
    natural,
    quantity,
    shards,
)


def make_labels(n_examples: int, n_labels: int) -> Indices:
    return np.arange(n_examples, dtype=np.int64) % n_labels


def label_share(alpha: float) -> float:
    """Mean share of each client's commonest label, of 5 labels."""
    labels = make_labels(5000, 5)
    parts = dirichlet(labels, n_clients=50, alpha=alpha, seed=3)
    return float(np.mean([np.bincount(labels[part]).max() / len(part) for part in parts]))


@given(
    n_examples=st.integers(1, 60),
    n_labels=st.integers(1, 5),
    data=st.data(),
    alpha=st.sampled_from([1e-3, 0.1, 1.0, 1e3]),
    seed=st.integers(0, 2**32),
)
def test_every_example_has_one_client_and_every_client_an_example(
    n_examples: int, n_labels: int, data: st.DataObject, alpha: float, seed: int
) -> None:
    n_clients = data.draw(st.integers(1, n_examples))
    labels = make_labels(n_examples, n_labels)
    least = data.draw(st.integers(1, n_examples // n_clients))
    common = {"n_clients": n_clients, "seed": seed}
    per_client = n_examples // n_clients
    for parts, smallest in (
        (iid(n_examples, **common), n_examples // n_clients),
        (dirichlet(labels, alpha=alpha, min_samples=least, **common), least),
        (quantity(n_examples, alpha=alpha, min_samples=least, **common), least),
        (label_shards(labels, per_client=per_client, min_samples=least, **common), least),
    ):
        assert len(parts) == n_clients
        assert all(len(part) >= smallest and (np.diff(part) > 0).all() for part in parts)
        assert sorted(np.concatenate(parts).tolist()) == list(range(n_examples))


def test_a_smaller_alpha_gives_more_skew() -> None:
    # With 5 balanced labels, no skew is a share of 0.2 and full skew is 1.
    skewed, mild, even = label_share(0.05), label_share(1.0), label_share(1000.0)
    assert skewed > 0.75 > mild > even
    assert even < 0.25


def test_a_client_left_empty_takes_the_last_example_of_the_largest() -> None:
    # One label and almost no alpha: a single client draws nearly everything.
    parts = dirichlet(make_labels(40, 1), n_clients=4, alpha=1e-4, seed=1)
    assert sorted(map(len, parts)) == [1, 1, 1, 37]


def test_seeds_decide() -> None:
    labels = make_labels(200, 4)
    one, again, other = (dirichlet(labels, n_clients=9, alpha=1.0, seed=s) for s in (1, 1, 2))
    assert shards(one) == shards(again) != shards(other)


def test_iid_parts_differ_by_at_most_one() -> None:
    assert sorted(map(len, iid(11, n_clients=4, seed=0))) == [2, 3, 3, 3]


def test_shards_are_named_by_their_ordered_examples() -> None:
    first, second, third = shards([np.array([0, 1]), np.array([2]), np.array([1, 0])])
    assert (first.client_id, first.n_samples, second.client_id) == (0, 2, 1)
    assert len({first.digest, second.digest, third.digest}) == 3


@pytest.mark.parametrize("n_clients", [0, 11])
def test_the_number_of_clients_must_fit_the_examples(n_clients: int) -> None:
    rule = rf"clients must be 1 to 10 \(one training example each\), got {n_clients}"
    with pytest.raises(ValueError, match=rule):
        iid(10, n_clients=n_clients, seed=0)
    with pytest.raises(ValueError, match=rule):
        dirichlet(make_labels(10, 2), n_clients=n_clients, alpha=1.0, seed=0)


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan"), float("inf")])
def test_alpha_must_be_finite_and_positive(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha must be a finite number above 0, got"):
        dirichlet(make_labels(10, 2), n_clients=2, alpha=alpha, seed=0)


def test_quantity_skew_moves_sizes_and_leaves_labels_mixed() -> None:
    labels = make_labels(6000, 3)
    even, skewed = (quantity(6000, n_clients=10, alpha=a, seed=1) for a in (1e4, 0.3))
    assert max(map(len, even)) < 1.2 * min(map(len, even))
    assert max(map(len, skewed)) > 10 * min(map(len, skewed))
    large = max(skewed, key=len)
    assert np.bincount(labels[large]).max() < 0.4 * len(large)


@pytest.mark.parametrize("per_client", [1, 2, 3])
def test_a_client_is_dealt_so_many_labels(per_client: int) -> None:
    labels = make_labels(1200, 12)  # shards of 100, 50, 33: none spans more than two labels
    parts = label_shards(labels, n_clients=12, per_client=per_client, seed=5)
    held = class_counts(parts, labels, 12)
    assert held.sum(axis=0).tolist() == [100] * 12
    assert ((held > 0).sum(axis=1) <= 2 * per_client).all()
    assert (held > 0).sum(axis=1).mean() <= per_client + 1


def test_natural_clients_are_drawn_among_those_with_enough_and_keep_their_own() -> None:
    owners = [*"aabbbccd"]
    parts = natural(owners, n_clients=2, seed=3, min_samples=2)
    assert [{owners[i] for i in part} for part in parts] in (
        [{"a"}, {"b"}],
        [{"a"}, {"c"}],
        [{"b"}, {"c"}],
    )
    everyone = natural(owners, n_clients=4, seed=0)
    assert [part.tolist() for part in everyone] == [[0, 1], [2, 3, 4], [5, 6], [7]]
    with pytest.raises(ValueError, match=r"clients must be 1 to 3 \(the number of owners"):
        natural(owners, n_clients=4, seed=0, min_samples=2)


def test_min_samples_must_fit() -> None:
    with pytest.raises(ValueError, match=r"clients must be 1 to 3 \(3 training examples each\)"):
        dirichlet(make_labels(10, 2), n_clients=4, alpha=1.0, seed=0, min_samples=3)
    with pytest.raises(ValueError, match="min_samples must be at least 1, got 0"):
        quantity(10, n_clients=2, alpha=1.0, seed=0, min_samples=0)
    with pytest.raises(
        ValueError, match=r"shards_per_client x clients must be 1 to 10 .* got 3 x 4"
    ):
        label_shards(make_labels(10, 2), n_clients=4, per_client=3, seed=0)


def plainly(labels: Indices, n_clients: int, alpha: float, seed: int, least: int) -> list[Indices]:
    """`dirichlet` as its docstring says it, client by client."""
    generator = np.random.default_rng(seed)
    held: list[list[int]] = [[] for _ in range(n_clients)]
    for label in np.unique(labels):
        examples = generator.permutation(np.flatnonzero(labels == label))
        shares = generator.dirichlet(np.full(n_clients, alpha))
        cuts = np.rint(np.cumsum(shares)[:-1] * len(examples)).astype(np.int64)
        for client, part in enumerate(np.split(examples, cuts)):
            held[client].extend(part.tolist())
    for indices in held:
        while len(indices) < least:
            indices.append(max(held, key=len).pop())
    return [np.array(sorted(indices)) for indices in held]


@given(
    n_examples=st.integers(1, 60),
    n_labels=st.integers(1, 5),
    data=st.data(),
    alpha=st.sampled_from([1e-3, 0.1, 1.0, 1e3]),
    seed=st.integers(0, 2**32),
)
def test_a_dirichlet_partition_is_the_one_of_its_description(
    n_examples: int, n_labels: int, data: st.DataObject, alpha: float, seed: int
) -> None:
    n_clients = data.draw(st.integers(1, n_examples))
    least = data.draw(st.integers(1, n_examples // n_clients))
    labels = make_labels(n_examples, n_labels)
    parts = dirichlet(labels, n_clients=n_clients, alpha=alpha, seed=seed, min_samples=least)
    expected = plainly(labels, n_clients, alpha, seed, least)
    assert [part.tolist() for part in parts] == [part.tolist() for part in expected]


def test_thirty_thousand_clients_are_partitioned_in_two_seconds() -> None:
    labels = make_labels(60_000, 47)
    started_s = time.process_time()
    parts = dirichlet(labels, n_clients=30_000, alpha=1.0, seed=0)
    assert time.process_time() - started_s < 2.0  # 0.2 s; 10 s where each move reads all sizes
    assert (len(parts), min(map(len, parts))) == (30_000, 1)
