"""Measures of runs, as defined in docs/metrics.md: one function each, to a number or a frame."""

from .crossing import (
    Cost,
    Crossing,
    Effort,
    cost_of_run,
    cost_to_accuracy,
    crossing_s,
    effort_to,
    highest_reached,
)
from .curve import (
    MEAN_OF,
    accuracy_curve,
    best_accuracy,
    best_arm,
    best_of_run,
    final_accuracy,
    grid_curve,
    mean_accuracy,
    moving_mean,
    smoothed_curve,
)
from .effort import Share, cache_hit_rate, trial_overhead, utilisation, wasted_work
from .full import fastest_full, full_arms, full_highest, full_hours
from .hindsight import best_in_hindsight
from .memory import excluded_share, excluded_shares
from .participation import fairness, jain, participation
from .path import configuration_path, is_moving, trial_windows
from .staleness import mean_staleness, staleness

__all__ = [
    "MEAN_OF",
    "Cost",
    "Crossing",
    "Effort",
    "Share",
    "accuracy_curve",
    "best_accuracy",
    "best_arm",
    "best_in_hindsight",
    "best_of_run",
    "cache_hit_rate",
    "configuration_path",
    "cost_of_run",
    "cost_to_accuracy",
    "crossing_s",
    "effort_to",
    "excluded_share",
    "excluded_shares",
    "fairness",
    "fastest_full",
    "final_accuracy",
    "full_arms",
    "full_highest",
    "full_hours",
    "grid_curve",
    "highest_reached",
    "is_moving",
    "jain",
    "mean_accuracy",
    "mean_staleness",
    "moving_mean",
    "participation",
    "smoothed_curve",
    "staleness",
    "trial_overhead",
    "trial_windows",
    "utilisation",
    "wasted_work",
]
