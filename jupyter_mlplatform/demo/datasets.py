"""The small datasets around the welding guns, so that searching a catalogue means something. All of it is made up.

Each function gives the rows of one dataset; ``files/catalogue.toml`` says what they are and who owns them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from jupyter_mlplatform.demo import weld_guns

Rows = list[dict[str, Any]]
START = datetime(2024, 3, 1, tzinfo=timezone.utc)


def weld_plan(chance: random.Random) -> Rows:
    """The programmed weld spots of one car body."""
    return [
        {
            "spot_id": f"SP-{number:04d}",
            "station": f"BS{number % 6 + 1:02d}",
            "part": chance.choice(("floor", "side frame left", "side frame right", "roof", "front end", "door")),
            "sheets": chance.choice((2, 2, 2, 3)),
            "sheet_thickness_mm": (thickness := chance.choice(weld_guns.SHEETS_MM)),
            "nominal_current_ka": round(6.6 + 1.9 * thickness, 1),
            "nominal_time_ms": round(110 + 85 * thickness),
            "safety_relevant": chance.random() < 0.2,
        }
        for number in range(1, 1201)
    ]


def paint_defects(chance: random.Random) -> Rows:
    """Findings of the inspection after the top coat."""
    return [
        {
            "body_id": f"B{240_000 + number * 3 + chance.randrange(3)}",
            "found_at": (START + timedelta(minutes=11 * number)).isoformat(timespec="minutes"),
            "panel": chance.choice(("roof", "bonnet", "left door", "right door", "tailgate", "wing")),
            "defect": chance.choice(("dirt", "dirt", "run", "crater", "scratch", "orange peel")),
            "size_mm": round(chance.lognormvariate(0, 0.6), 2),
            "booth_humidity_pct": round(chance.gauss(62, 4), 1),
            "inspector_id": f"IN-{chance.randint(1, 9)}",
        }
        for number in range(1500)
    ]


def press_energy(chance: random.Random) -> Rows:
    """Hourly energy of four presses."""
    return [
        {
            "hour": (START + timedelta(hours=hour)).isoformat(),
            "press": f"P{press}",
            "strokes": (strokes := chance.randint(350, 620) if 6 <= hour % 24 < 22 else chance.randint(0, 30)),
            "energy_kwh": round(38 + 0.41 * strokes + chance.gauss(0, 9), 1),
        }
        for hour in range(24 * 21)
        for press in range(1, 5)
    ]


def wheelsets(chance: random.Random) -> Rows:
    """Wheel profiles measured at the depot."""
    return [
        {
            "wheelset_id": f"WS-{10_000 + number}",
            "measured_on": date(2024, 1, 8) + timedelta(days=number // 12),
            "series": chance.choice(("430", "442", "463")),
            "mileage_km": (mileage := chance.randint(5_000, 310_000)),
            "flange_thickness_mm": round(33 - mileage / 60_000 + chance.gauss(0, 0.4), 2),
            "flange_height_mm": round(28 + mileage / 90_000 + chance.gauss(0, 0.3), 2),
            "diameter_mm": round(920 - mileage / 9_000 + chance.gauss(0, 1.5), 1),
        }
        for number in range(1400)
    ]


def track_circuits(chance: random.Random) -> Rows:
    """Faults of track vacancy detection."""
    return [
        {
            "fault_id": number,
            "section": f"GA{chance.randint(100, 180)}",
            "began_at": START + timedelta(minutes=chance.randrange(90 * 24 * 60)),
            "minutes": max(1, round(chance.lognormvariate(3.1, 0.9))),
            "cause": chance.choice(("ballast wet", "rail joint", "power supply", "unknown", "works on the track")),
            "delayed_trains": chance.choice((0, 0, 0, 1, 2, 5, 11)),
        }
        for number in range(1, 901)
    ]


def motor_claims(chance: random.Random) -> Rows:
    """Motor insurance claims."""
    return [
        {
            "claim_id": f"MC-{2_024_000 + number}",
            "reported_on": (date(2024, 1, 1) + timedelta(days=number // 8)).isoformat(),
            "policy_holder": f"PH-{chance.randrange(90_000):05d}",
            "birth_year": chance.randint(1944, 2005),
            "postcode": f"{chance.randint(10, 99)}xxx",
            "vehicle_age_years": chance.randint(0, 18),
            "cover": chance.choice(("liability", "partial", "comprehensive")),
            "paid_eur": round(chance.lognormvariate(7.2, 0.9), 2),
        }
        for number in range(2000)
    ]


def weather(chance: random.Random) -> Rows:
    """Hourly weather at the plant."""
    return [
        {
            "hour": START + timedelta(hours=hour),
            "temperature_c": round(6 + hour / 120 + 4 * (1 if 10 <= hour % 24 < 18 else -1) + chance.gauss(0, 1.5), 1),
            "humidity_pct": round(min(100, max(25, chance.gauss(70, 12)))),
            "rain_mm": round(max(0.0, chance.gauss(-1.2, 1.1)), 1),
        }
        for hour in range(24 * 31)
    ]


FILES: dict[str, Callable[[random.Random], Rows]] = {
    "weld_guns.parquet": lambda chance: weld_guns.readings(),
    "weld_plan.parquet": weld_plan,
    "paint_defects.csv": paint_defects,
    "press_energy.csv": press_energy,
    "wheelsets.parquet": wheelsets,
    "track_circuits.parquet": track_circuits,
    "motor_claims.csv": motor_claims,
    "weather.parquet": weather,
}


def write(folder: Path) -> None:
    """Write every file of :data:`FILES` that ``folder`` lacks; each appears whole or not at all."""
    import pyarrow as arrow
    from pyarrow import csv, parquet

    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in FILES.items():
        path, unfinished = folder / name, folder / f"{name}.unfinished"
        if path.exists():
            continue
        table = arrow.Table.from_pylist(rows(random.Random(name)))  # noqa: S311 (made-up data, not secrets)
        if path.suffix == ".csv":
            csv.write_csv(table, unfinished)
        else:
            parquet.write_table(table, unfinished)
        unfinished.replace(path)
