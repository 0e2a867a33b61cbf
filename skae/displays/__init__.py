"""Pictures of fits and codes, in the anatomy of scikit-learn's displays.

`from_estimator` computes and draws, `plot` draws again, `frame` gives the numbers behind
the picture. Matplotlib is imported when something is drawn.
"""

from ._code import CodeDisplay
from ._error import ErrorDisplay
from ._reconstruction import ReconstructionDisplay
from ._training import TrainingDisplay
from ._width import WidthDisplay

__all__ = [
    "CodeDisplay",
    "ErrorDisplay",
    "ReconstructionDisplay",
    "TrainingDisplay",
    "WidthDisplay",
]
