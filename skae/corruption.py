"""Corruptions of the input: what a denoising autoencoder learns to undo.

Each is a small object that is called with rows and a random generator and returns
corrupted rows; none changes what it is given, and none needs Keras.
"""

import numpy as np


class GaussianNoise:
    """Additive normal noise, independent for every cell.

    Parameters
    ----------
    level : float
        Standard deviation of the noise, in units of `scale`.
    scale : array-like of shape (n_features,), default=1.0
        The unit of each column, such as its standard deviation.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.corruption import GaussianNoise
    >>> noise = GaussianNoise(0.5, scale=[1.0, 0.0])
    >>> noise(np.zeros((2, 2)), np.random.default_rng(0)).round(2)
    array([[0.06, 0.  ],
           [0.32, 0.  ]])
    """

    def __init__(self, level, scale=1.0):
        self.level = level
        self.scale = scale

    def __call__(self, X, rng):
        """Return corrupted rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features), float32 or float64
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of shape (n_samples, n_features), of the dtype of `X`
        """
        noise = rng.standard_normal(X.shape, dtype=X.dtype)
        noise *= np.multiply(self.level, self.scale).astype(X.dtype)
        noise += X
        return noise
