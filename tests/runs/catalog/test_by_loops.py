"""Some templates recomputed by plain loops over the bins, which know nothing of the engine but its inputs."""

from __future__ import annotations

import numpy as np

from tests.runs.catalog.goldens import at_defaults


def assert_same(found: np.ndarray, wanted: list[float] | np.ndarray, what: str) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9, err_msg=what)


def is_open(bin_: int, period: int, phase: int) -> bool:
    return bin_ >= phase and (bin_ - phase) % period == 0


def test_the_retry_storm_is_the_one_of_a_loop() -> None:
    result = at_defaults("checkout-retry-storm")
    baskets, is_slow = result.series("baskets"), result.series("is_slow")
    bins, limit = len(baskets), 4
    kernel, reloading = {1: 0.6, 2: 0.3}, {1: 0.5, 2: 0.2}
    errors, tries, paid, share = (np.zeros(bins) for _ in range(4))
    # failed[n] are the failures of n-th tries.
    failed = np.zeros((limit + 1, bins))

    for t in range(bins):
        reloads = sum(errors[t - lag] * tap for lag, tap in reloading.items() if t >= lag)
        pages = baskets[t] + reloads
        orders = min(pages, 1100 * (1 - 0.55 * (share[t - 1] if t else 0)))
        errors[t] = pages - orders
        again = [
            sum(failed[n - 1][t - lag] * tap for lag, tap in kernel.items() if t >= lag)
            for n in range(2, limit + 1)
        ]
        tries[t] = orders + sum(again)
        healthy = 1000 * (1 - 0.6 * is_slow[t])
        usable = max(0.3 * healthy, healthy - 1.2 * max(0, tries[t] - healthy))
        paid[t] = min(tries[t], usable)
        share[t] = 1 - paid[t] / tries[t]
        failed[1:, t] = np.array([orders, *again]) * share[t]

    assert_same(result.series("tries"), tries, "tries")
    assert_same(result.series("paid"), paid, "paid")
    assert_same(result.series("orders_lost"), failed[limit], "orders_lost")


def test_the_shared_pool_is_the_one_of_a_loop() -> None:
    result = at_defaults("shared-database")
    most = {"Search": 1600, "Checkout": 700, "Reporting": 1200, "Backup": 400}
    shared = ((("Search", "Checkout", "Reporting"), 2000), (("Reporting", "Backup"), 900))
    queue = dict.fromkeys(most, 0.0)
    served: dict[str, list[float]] = {name: [] for name in most}

    for t in range(result.grid.bins):
        work = {name: queue[name] + result.role(name, "arrivals")[t] for name in most}
        wish = {name: min(most[name], work[name]) for name in most}
        done = dict(wish)
        for members, capacity in shared:
            wanted = sum(wish[name] for name in members)
            for name in members:
                if wanted > capacity:
                    done[name] = min(done[name], capacity * wish[name] / wanted)
        for name in most:
            queue[name] = work[name] - done[name]
            served[name].append(done[name])

    for name in most:
        assert_same(result.role(name, "served"), served[name], name)


def test_the_parcel_hub_is_the_one_of_a_loop() -> None:
    result = at_defaults("parcel-hub-waves")
    inbound, spaces, yard_spaces = (
        result.series(name) for name in ("inbound", "lorry_spaces", "yard_spaces")
    )
    sorter = yard = field = far = 0.0
    levels: list[list[float]] = []

    for t in range(result.grid.bins):
        sorted_now = min(1000, sorter + inbound[t])
        sorter += inbound[t] - sorted_now
        yard += sorted_now - min(spaces[t] if is_open(t, 6, 5) else 0, yard + sorted_now)
        to_field = max(0, yard - yard_spaces[t])
        yard -= to_field
        field += to_field - min(900 if is_open(t, 12, 11) else 0, field + to_field)
        to_far = max(0, field - 800)
        field -= to_far
        # The shuttle takes what stood there before this bin.
        far += to_far - (min(400, far) if is_open(t, 6, 3) else 0)
        levels.append([sorter, yard, field, far])

    names = ("sorter_queue", "yard_queue", "field_queue", "far_field")
    for name, level in zip(names, np.array(levels).T, strict=True):
        assert_same(result.series(name), level, name)


def test_the_container_port_is_the_one_of_a_loop() -> None:
    result = at_defaults("container-port")
    boxes = result.series("boxes")
    rates = {"Cranes": 4000, "Quay": 1600, "RailYard": 800, "DryPort": 400}
    spaces = {"Quay": 6000, "RailYard": 3000}
    direct = {"RailYard": 250, "DryPort": 80}
    queue = {"Cranes": 0.0, "Quay": 2500.0, "RailYard": 300.0, "DryPort": 200.0}
    levels: dict[str, list[float]] = {name: [] for name in queue}

    for t in range(result.grid.bins):
        handed_on = boxes[t]
        for name in queue:
            work = queue[name] + handed_on + direct.get(name, 0)
            served = min(rates[name], work)
            left = work - served
            queue[name] = min(left, spaces.get(name, left))
            handed_on = served if name == "Cranes" else left - queue[name]
            levels[name].append(queue[name])

    for name, level in levels.items():
        assert_same(result.role(name, "queueDepth"), level, name)


def test_the_platforms_of_the_terminus_are_those_of_a_loop() -> None:
    result = at_defaults("night-train")
    passengers, places = result.series("passengers"), result.series("places")
    lines = {"north": (5, 2, 1), "south": (3, 4, 1), "airport": (1, 6, 3)}
    gates, waiting = 0.0, dict.fromkeys(lines, 0.0)
    levels: dict[str, list[float]] = {name: [] for name in lines}

    for t in range(result.grid.bins):
        through = min(900, gates + passengers[t])
        gates += passengers[t] - through
        for name, (weight, period, phase) in lines.items():
            crowd = waiting[name] + through * weight / 9
            waiting[name] = crowd - min(places[t] if is_open(t, period, phase) else 0, crowd)
            levels[name].append(waiting[name])

    for name, level in levels.items():
        assert_same(result.series(f"{name}_waiting"), level, name)


def test_the_bullwhip_is_the_one_of_a_loop() -> None:
    result = at_defaults("bakery-supply-chain")
    customers = result.series("customers")
    bins = len(customers)
    lead = {"shop": 1, "bakery": 2, "mill": 3}
    stock = {"shop": 1600.0, "bakery": 2600.0, "mill": 3600.0}
    coming = dict.fromkeys(lead, 0.0)
    forecast: dict[str, float] = {}
    # What each tier was sent, week by week; the farms send the mill whatever it orders.
    sent = {name: np.zeros(bins) for name in lead}
    orders = {name: np.zeros(bins) for name in lead}

    for t in range(bins):
        asked = customers[t]
        supplier_of = {"bakery": "shop", "mill": "bakery"}
        for name in lead:
            seen = forecast.get(name, asked)
            forecast[name] = 0.5 * asked + 0.5 * seen
            received = sent[name][t - lead[name]] if t >= lead[name] else 0.0
            given = min(asked, stock[name] + received)
            if name in supplier_of:
                sent[supplier_of[name]][t] = given
                coming[supplier_of[name]] += given
            gap = forecast[name] * (lead[name] + 0.6) - stock[name] - coming[name] + given
            stock[name] += received - given
            coming[name] -= received
            asked = orders[name][t] = np.ceil(min(max(gap, 0), 8000) / 20) * 20
        sent["mill"][t] = asked
        coming["mill"] += asked

    for name in lead:
        assert_same(result.series(f"{name}_order"), orders[name], name)
