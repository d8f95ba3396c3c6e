"""The made-up sensors: the same on every machine, and worth learning from."""

from __future__ import annotations

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from jupyter_mlplatform.demo.weld_guns import ROWS, readings

NOT_FEATURES = ["gun_id", "station", "timestamp", "operator_id", "fault"]


def test_the_same_seed_gives_the_same_rows_and_another_one_others() -> None:
    assert readings(500) == readings(500)
    assert readings(500) != readings(500, seed=1)
    assert readings(500) == readings(1000)[:500]


def test_the_first_weld_is_the_same_on_every_machine() -> None:
    first = readings(1)[0]
    assert (first["gun_id"], first["station"], first["sheet_thickness_mm"]) == ("WG-001", "BS01", 1.0)


def test_readings_are_believable() -> None:
    welds = pd.DataFrame(readings())
    assert len(welds) == ROWS
    assert welds.groupby("gun_id")["timestamp"].is_monotonic_increasing.all()
    assert 0.05 < welds["fault"].mean() < 0.15
    assert welds["weld_current_ka"].between(6, 13).all()
    assert welds["electrode_force_kn"].between(1, 5).all()
    assert welds["tip_wear_mm"].between(0, 1.5).all()
    assert welds["coolant_temp_c"].between(10, 35).all()


def test_a_model_finds_most_faults_but_not_all() -> None:
    welds = pd.DataFrame(readings())
    features, fault, cut = welds.drop(columns=NOT_FEATURES), welds["fault"], int(len(welds) * 0.75)
    model = HistGradientBoostingClassifier(random_state=0, max_iter=100, learning_rate=0.08)
    model.fit(features[:cut], fault[:cut])
    assert 0.85 < roc_auc_score(fault[cut:], model.predict_proba(features[cut:])[:, 1]) < 0.95


def test_the_personal_column_does_not_help() -> None:
    welds = pd.DataFrame(readings())
    rates = welds.groupby("operator_id")["fault"].mean()
    assert rates.max() - rates.min() < 0.06
