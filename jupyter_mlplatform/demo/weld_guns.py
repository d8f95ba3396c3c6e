"""Sensor readings of spot-welding guns with faults: made, not measured, and the same on every machine.

Each row is one weld. Heat goes with current squared, resistance and time; what the joint needs goes with the sheets'
thickness. Tips wear until they are dressed, air leaks lower the force, a blocked coolant line warms the gun. Too
little heat leaves the joint cold, too much heat for the force blows metal out of it, and the operator inspects with
some error: so a model can find most faults, and none can find all of them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

ROWS = 14_400
GUNS = 24
SEED = 20_240_311
FIRST = datetime(2024, 3, 11, 5, 0, tzinfo=timezone.utc)
WELDS_BETWEEN_DRESSINGS = 180
SHEETS_MM = (0.8, 1.0, 1.2, 1.5, 2.0)

Row = dict[str, Any]


def readings(rows: int = ROWS, seed: int = SEED) -> list[Row]:
    """``rows`` welds in the order of time, the guns taking turns. The same arguments give the same rows."""
    chance = random.Random(seed)  # noqa: S311 (made-up sensors, not secrets)
    guns = [_welds(number, chance) for number in range(GUNS)]
    return [next(guns[number % GUNS]) for number in range(rows)]


def _welds(number: int, chance: random.Random) -> Iterator[Row]:
    """One gun's welds, for ever: its wear, its leaks and its coolant go on from one weld to the next."""
    station, start = f"BS{number // 4 + 1:02d}", chance.randrange(WELDS_BETWEEN_DRESSINGS)
    compensation, weak_pump = chance.uniform(0.3, 0.9), chance.random() < 0.25
    moment = FIRST + timedelta(seconds=chance.randrange(90))
    leak = 0.0
    weld = start
    while True:
        worn = weld % WELDS_BETWEEN_DRESSINGS / WELDS_BETWEEN_DRESSINGS
        leak = chance.uniform(0.25, 0.9) if chance.random() < 0.006 else leak * 0.93
        sheet = chance.choice(SHEETS_MM)
        wear = max(0.0, 1.15 * worn**1.3 + chance.gauss(0, 0.04))
        force = 1.9 + 0.95 * sheet - leak + chance.gauss(0, 0.09)
        coolant = 19 + 2.5 * math.sin(moment.hour / 24 * math.tau) + (7.5 * worn if weak_pump else 0)
        coolant += chance.gauss(0, 0.7)
        current = 6.6 + 1.9 * sheet + 0.8 * compensation * wear + chance.gauss(0, 0.22)
        time = 110 + 85 * sheet + chance.gauss(0, 4)
        resistance = 128 + 14 / max(force - 1, 0.3) - 21 * wear + 0.5 * (coolant - 19) + chance.gauss(0, 3.5)
        yield {
            "gun_id": f"WG-{number + 1:03d}",
            "station": station,
            "timestamp": moment,
            "weld_current_ka": round(current, 3),
            "weld_time_ms": round(time, 1),
            "electrode_force_kn": round(force, 3),
            "tip_wear_mm": round(wear, 3),
            "sheet_thickness_mm": sheet,
            "resistance_uohm": round(resistance, 1),
            "coolant_temp_c": round(coolant, 1),
            "operator_id": f"OP-{1 + (number // 6 + moment.hour // 8 * 4) % 12:02d}",
            "fault": int(chance.random() < _risk(current, time, force, wear, sheet, resistance, coolant)),
        }
        moment += timedelta(seconds=chance.randint(45, 75))
        weld += 1


def _risk(
    current: float, time: float, force: float, wear: float, sheet: float, resistance: float, coolant: float
) -> float:
    """The chance that inspection finds this weld faulty."""
    worn_face = 1 + 0.25 * wear  # a flattened tip spreads the same current over a larger spot
    heat = current**2 * resistance * time / worn_face**2
    nominal = (6.6 + 1.9 * sheet) ** 2 * 136 * (110 + 85 * sheet)
    cold = 34 * (0.62 - heat / nominal)
    splash = 30 * (heat / nominal - 1.05) + 12 * (1.6 + 0.95 * sheet - force)
    hot_gun = 0.5 * (coolant - 25.5)
    return 0.006 + 0.92 / (1 + math.exp(1.7 - max(cold, splash, -4) - max(hot_gun, 0)))
