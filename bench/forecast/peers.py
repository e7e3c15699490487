"""Forecasts of statsforecast's models, for bench/forecast/peers.ts.

stdin: one JSON object
  {"series": {id: {"values": [number or null, …], "day": steps, "week": steps, "horizons": [steps, …]}},
   "jobs": [{"id": …, "peer": name, "series": id, "origin": index of the last value known}, …]}
stdout: a JSON object per line, as jobs end
  {"id": …, "quantiles": [[.1, .5, .9, .95, .99] per horizon], "seconds": CPU time of fit and forecast, "failed": why, or absent}

A model that fails, takes more than LIMIT seconds, or answers with something that is no number, is replaced by Naive,
and says so.
"""

import os

# One process is one core: times are per core.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import json
import signal
import sys
import time
import warnings

import numpy as np
from statsforecast.models import MSTL, AutoARIMA, AutoETS, AutoTheta, Naive, SeasonalNaive

warnings.filterwarnings("ignore")

# Prediction intervals of 80, 90 and 98 % have these quantiles at their upper ends, and .1 below.
LEVELS = [80, 90, 98]
# Seconds of CPU time for one fit: most take less than one, but a search now and then does not end.
LIMIT = 20


class TooLong(Exception):
    pass


def stop(*_):
    raise TooLong(f"more than {LIMIT} s")


def forecast(peer, known, one):
    day, week = one["day"], one["week"]
    model, most = {
        "Naive": lambda: (Naive(), None),
        "SeasonalNaive day": lambda: (SeasonalNaive(season_length=day), None),
        "SeasonalNaive week": lambda: (SeasonalNaive(season_length=week), None),
        # Seasons of more than 24 steps are beyond exponential smoothing.
        "AutoETS": lambda: (AutoETS(season_length=day if day <= 24 else 1), 21 * day if day <= 24 else 1000),
        "AutoTheta": lambda: (AutoTheta(season_length=day), 1000),
        "AutoARIMA": lambda: (AutoARIMA(season_length=1, approximation=True), 1000),
        "MSTL": lambda: (None, max(2016, 2 * week) if 2 * week <= 4032 else 4000),
    }[peer]()
    y = known if most is None else known[-most:]
    if peer == "MSTL":
        seasons = [season for season in (day, week) if 2 * season <= len(y)]
        if not seasons:
            raise ValueError(f"expected at least {2 * day} values, got {len(y)}")
        # As R does: local fits at some points, straight lines between. The answers are the same to five digits, ten times sooner.
        jump = max(1, day // 10)
        model = MSTL(season_length=seasons, stl_kwargs={"trend_jump": jump, "low_pass_jump": jump})
    made = model.forecast(y=y, h=max(one["horizons"]), level=LEVELS)
    columns = [made["lo-80"], made["mean"], made["hi-80"], made["hi-90"], made["hi-98"]]
    answer = np.array([[column[h - 1] for column in columns] for h in one["horizons"]], dtype=float)
    if not np.isfinite(answer).all():
        raise ValueError("an answer that is no number")
    return answer


def main():
    signal.signal(signal.SIGVTALRM, stop)
    asked = json.load(sys.stdin)
    series = {name: {**one, "values": np.array(one["values"], dtype=float)} for name, one in asked["series"].items()}
    # The first call of a model loads what it needs.
    forecast("AutoETS", np.arange(50.0) % 7, {"day": 7, "week": 14, "horizons": [1]})
    for job in asked["jobs"]:
        one = series[job["series"]]
        known = one["values"][: job["origin"] + 1]
        there = np.flatnonzero(~np.isnan(known))
        # Straight lines over gaps; after the last value it is held. Nothing later than the origin enters.
        known = np.interp(np.arange(len(known)), there, known[there])
        answer = {"id": job["id"]}
        begun = time.process_time()
        signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
        try:
            quantiles = forecast(job["peer"], known, one)
        except Exception as error:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            answer["failed"] = f"{type(error).__name__}: {error}"[:200]
            # Widths that are no numbers come of histories without any change: no width then.
            quantiles = np.full((len(one["horizons"]), 5), known[-1])
            try:
                quantiles = forecast("Naive", known, one)
            except ValueError:
                pass
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        answer["seconds"] = time.process_time() - begun
        answer["quantiles"] = np.maximum(0, quantiles).tolist()
        print(json.dumps(answer), flush=True)


main()
