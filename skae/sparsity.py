"""Sparse codes: Keras layers that make the code of an autoencoder sparse.

Each is a layer to stand behind the last dense layer of an encoder. It brings the
activation that its kind of sparsity needs, and adds its penalty to the loss while the
network trains. The layers are registered, so that Keras saves and loads them, and serve
in any Keras model, such as one that `build_network` returns.
"""

from typing import TYPE_CHECKING, Any

from ._keras import load_keras

if TYPE_CHECKING:
    import keras
else:
    keras = load_keras()
ops = keras.ops

HORIZON = 2000  # rows that running means go back
HALVINGS = 12  # of the interval that the bound on the n largest is sought in
DEAD = 0.1  # a unit with less than this part of its fair share of rows is revived
REVIVAL = 1e-2


@keras.saving.register_keras_serializable("skae")
class TopK(keras.layers.Layer):
    """Keep the largest activations of each row, and set all others to zero.

    The activations are rectified first, so a row has at most `n_nonzero` codes that are
    not zero. Of equal activations the first are kept; while training, values as large as
    the largest that is dropped are dropped too. A row's code does not depend on the rows
    beside it.

    Parameters
    ----------
    n_nonzero : int
        How many activations to keep.
    **kwargs
        Name and dtype, as of every Keras layer.

    References
    ----------
    .. [1] Alireza Makhzani and Brendan Frey, "k-sparse autoencoders", ICLR 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.sparsity import TopK
    >>> np.array(TopK(2)(np.array([[3.0, -4.0, 1.0, 2.0]], dtype=np.float32)))
    array([[3., 0., 0., 2.]], dtype=float32)
    """

    def __init__(self, n_nonzero: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_nonzero = n_nonzero

    def build(self, input_shape: Any) -> None:
        """Make the running fraction of rows in which each unit is active."""
        self._fair = min(1.0, self.n_nonzero / input_shape[-1])
        self.usage = self.add_weight(
            shape=(input_shape[-1],),
            initializer=keras.initializers.Constant(self._fair),
            trainable=False,
            name="usage",
        )
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the codes for activations of shape (n_samples, n_units)."""
        active = ops.relu(inputs)
        if self.n_nonzero >= inputs.shape[-1]:
            return active
        if not training:
            return ops.where(self._is_kept(active), active, 0.0)
        bound = _bound(ops.stop_gradient(active), self.n_nonzero)
        kept = active > bound
        self._revive(inputs, bound, kept)
        return ops.where(kept, active, 0.0)

    def _is_kept(self, active):
        largest, unit = ops.top_k(active, self.n_nonzero)
        smallest, last = largest[:, -1:], unit[:, -1:]
        is_first = ops.arange(active.shape[-1], dtype=unit.dtype) <= last
        return (active > smallest) | ((active == smallest) & is_first)

    def _revive(self, inputs, bound, kept):
        """Draw units that are hardly ever kept towards the bound above which they are.

        A dead unit has no gradient from the error, so an optimizer that adapts its
        steps moves it at full speed, however small this loss is.
        """
        part = running_part(inputs)
        fired = ops.mean(ops.cast(kept, inputs.dtype), axis=0)
        self.usage.assign(self.usage + part * (fired - self.usage))
        is_dead = ops.cast(self.usage < DEAD * self._fair, inputs.dtype)
        missing = ops.mean(ops.relu(bound - inputs), axis=0)
        self.add_loss(REVIVAL * ops.mean(is_dead * missing))

    def get_config(self) -> dict[str, Any]:
        """Return what it takes to build the layer again."""
        return {**super().get_config(), "n_nonzero": self.n_nonzero}


@keras.saving.register_keras_serializable("skae")
class KLSparsity(keras.layers.Layer):
    r"""Logistic codes, each drawn to be active in a small part of the rows.

    The penalty is

    .. math::

       \beta \sum_j \rho \log \frac{\rho}{m_j} + (1 - \rho) \log \frac{1 - \rho}{1 - m_j} ,

    where :math:`m_j` is the mean activation of unit :math:`j` over the data: a running
    mean over about 2,000 rows, so that neither its value nor its strength depends on the
    size of the batch.

    Parameters
    ----------
    target : float
        Mean activation to reach, :math:`\rho`, in (0, 1).
    weight : float
        Weight of the penalty, :math:`\beta`.
    **kwargs
        Name and dtype, as of every Keras layer.

    References
    ----------
    .. [1] Andrew Ng, "Sparse autoencoder", CS294A lecture notes, Stanford, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.sparsity import KLSparsity
    >>> layer = KLSparsity(target=0.1, weight=2.0)
    >>> np.array(layer(np.zeros((4, 3), dtype=np.float32)))[0]
    array([0.5, 0.5, 0.5], dtype=float32)
    >>> means = np.array([0.1, 0.5], dtype=np.float32)
    >>> round(float(layer.penalty(means)), 4)
    0.7361
    """

    def __init__(self, target: float, weight: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._start = target
        self.target = self._setting("target", target)
        self.strength = self._setting("strength", weight)

    def _setting(self, name, value):
        return self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(value),
            trainable=False,
            name=name,
        )

    def build(self, input_shape: Any) -> None:
        """Make the running mean of each unit; it starts at the target."""
        self.mean = self.add_weight(
            shape=(input_shape[-1],),
            initializer=keras.initializers.Constant(self._start),
            trainable=False,
            name="mean",
        )
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the codes for activations of shape (n_samples, n_units)."""
        codes = ops.sigmoid(inputs)
        if training:
            now = ops.mean(codes, axis=0)
            part = running_part(inputs)
            mean = self.mean + part * (ops.stop_gradient(now) - self.mean)
            self.mean.assign(mean)
            # The value is that of the running mean, the gradient that of this batch.
            self.add_loss(self.penalty(mean + now - ops.stop_gradient(now)))
        return codes

    def penalty(self, means: Any) -> Any:
        """Return the penalty for mean activations of the units.

        Parameters
        ----------
        means : array-like of shape (n_units,)
            Mean activations over the rows, in [0, 1].

        Returns
        -------
        Keras tensor of shape ()
            The penalty, not negative.
        """
        rho = ops.convert_to_tensor(self.target)
        means = ops.clip(means, 1e-6, 1 - 1e-6)
        divergence = rho * ops.log(rho / means)
        divergence += (1 - rho) * ops.log((1 - rho) / (1 - means))
        return self.strength * ops.sum(divergence)

    def get_config(self) -> dict[str, Any]:
        """Return what it takes to build the layer again."""
        return {
            **super().get_config(),
            "target": float(self.target),
            "weight": float(self.strength),
        }


@keras.saving.register_keras_serializable("skae")
class L1Sparsity(keras.layers.Layer):
    r"""Rectified codes whose sum is penalised.

    The penalty is :math:`\lambda \sum_j |z_j|`, averaged over the rows. Alone it could
    be cheated: small codes before large weights in the decoder cost nothing. So the
    weights that leave each unit of the decoder must be held to norm 1, with
    ``kernel_constraint=keras.constraints.UnitNorm(axis=1)``, as `SparseAutoencoder` does.

    Parameters
    ----------
    weight : float
        Weight of the penalty, :math:`\lambda`.
    **kwargs
        Name and dtype, as of every Keras layer.

    References
    ----------
    .. [1] B. A. Olshausen and D. J. Field, "Emergence of simple-cell receptive field
       properties by learning a sparse code for natural images", Nature 381, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.sparsity import L1Sparsity
    >>> np.array(L1Sparsity(0.1)(np.array([[1.0, -2.0]], dtype=np.float32)))
    array([[1., 0.]], dtype=float32)
    """

    def __init__(self, weight: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.strength = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(weight),
            trainable=False,
            name="strength",
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the codes for activations of shape (n_samples, n_units)."""
        codes = ops.relu(inputs)
        if training:
            self.add_loss(self.strength * ops.mean(ops.sum(codes, axis=-1)))
        return codes

    def get_config(self) -> dict[str, Any]:
        """Return what it takes to build the layer again."""
        return {**super().get_config(), "weight": float(self.strength)}


def running_part(inputs):
    """Return the part that a batch has in a running mean over `HORIZON` rows."""
    n_rows = ops.cast(ops.shape(inputs)[0], inputs.dtype)
    return ops.minimum(1.0, n_rows / HORIZON)


def _bound(active, n_largest):
    """Return a bound for each row that at most `n_largest` of its values exceed.

    Halving an interval takes a tenth of the time of a sort. A value within 1/4096 of
    the largest from the bound may be left out.
    """
    high = ops.max(active, axis=-1, keepdims=True)
    low = ops.zeros_like(high)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        n_above = ops.sum(ops.cast(active > middle, active.dtype), axis=-1, keepdims=True)
        too_many = n_above > n_largest
        low, high = ops.where(too_many, middle, low), ops.where(too_many, high, middle)
    return high
