"""What the Tune dock says."""

import math

from napari_morphogen.tuning import Candidate, Ranking, Suggestion


def underway(ranking: Ranking) -> str:
    """Return how far a search is."""
    left = max(0.0, ranking.budget - ranking.elapsed)
    words = f"{ranking.tried} tried, {left:.0f} s left"
    if not ranking.rows:
        return words
    best = ranking.rows[0]
    return f"{words}; best so far: {best.candidate.main.method} {best.score:.2f}"


def conclusion(ranking: Ranking | None) -> str:
    """Return what a search came to."""
    why = {} if ranking is None else ranking.skipped
    reasons = "; ".join(f"{name}: {reason}" for name, reason in why.items())
    if ranking is None or not ranking.rows:
        return f"No method made labels in time. {reasons}".strip()
    words = f"{ranking.tried} tried in {ranking.elapsed:.0f} s."
    if math.isfinite(ranking.score) and not ranking.note:  # else too little to tell
        words += " On new images like this expect about "
        words += score_words(ranking.score, ranking.error) + "."
    if reasons:
        words += f" Left out: {reasons}."
    return words + " Click a row to apply it."


def score_words(score: float, error: float) -> str:
    """Return a score with its standard error, where that is known."""
    return f"{score:.2f}" + (f" ± {error:.2f}" if math.isfinite(error) else "")


def applied_words(candidate: Candidate, title: str) -> str:
    """Return where the parameters of an applied candidate stand.

    Parameters
    ----------
    candidate : Candidate
        What was applied.
    title : str
        Of the dock that was filled.
    """
    count, method = len(candidate.steps), candidate.main.method
    if count == 1:
        return f"Applied; the {title} dock holds the parameters."
    return (
        f"Applied all {count} steps; the {title} dock holds {method}, "
        "the recipe holds all."
    )


def suggestion_words(found: Suggestion) -> str:
    """Return what an image says about itself."""
    size = f"about {found.size:.3g} pixels wide" if found.size else "of no one size"
    return f"Objects are {found.objects} and {size}; the noise is {found.noise:.3g}."
