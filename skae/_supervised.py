"""SupervisedAutoencoder: research version."""
import numpy as np
from sklearn.utils.multiclass import type_of_target
from ._autoencoder import AutoencoderTransformer
from ._data._labels import known_classes, known_values
from ._data._validation import nothing_lost, checked_rows
from ._fits._autoencoder import Fit
from ._fits._supervised import SupervisedPlan
from ._fits._targets import Classes, Values
from ._training import Reconstruction, RowsAndLabels
from ._fits._noise import Corruption

class SupervisedAutoencoder(AutoencoderTransformer):
    def __init__(self, n_components=2, *, target_weight=1.0, target_type="auto", mix=0.0, hidden_layer_sizes=(128,64), activation="silu", init="pca", input_noise="auto", build_network=None, loss="mse", optimizer="adamw", learning_rate=None, weight_decay=None, batch_size="auto", max_epochs="auto", features="code", validation_fraction=0.1, patience=None, callbacks=None, warm_start=False, verbose=0, random_state=None):
        kw = dict(locals()); kw.pop("self"); kw.pop("__class__")
        for k in ("target_weight","target_type","mix"):
            setattr(self,k,kw.pop(k))
        super().__init__(kw.pop("n_components"), **kw)
    _parameter_constraints = {**AutoencoderTransformer._parameter_constraints, "target_weight":[object], "target_type":[str], "mix":[object]}

    def fit(self, X, y=None, sample_weight=None):
        with nothing_lost(self):
            X = checked_rows(self, X, reset=True)
            y = np.asarray(y)
            kind = self.target_type
            if kind == "auto":
                kind = "values" if type_of_target(y).startswith("continuous") else "classes"
            if kind == "classes":
                has, known = known_classes(y)
                self._targets = Classes(np.unique(known))
            else:
                has, known = known_values(y)
                self._targets = Values.of(known, None)
            t = self._targets.targets(known)
            labels = np.full((len(has), t.shape[1]), np.nan, np.float32)
            labels[has] = t
            self._prior = self._targets.prior(t, None)
            base = 1.0
            if kind == "classes":
                _, c = np.unique(known, return_counts=True)
                p = c / c.sum(); base = -(p*np.log(p)).sum()
            self._label_weight = self.target_weight / base * len(has) / has.sum()
            return self._fit(Fit, X, sample_weight, labels=labels)

    def _task(self):
        return RowsAndLabels(Reconstruction(self.loss), self._targets.make_loss(), self.n_features_in_, self._label_weight)

    def _plan(self, goes_on=False):
        return SupervisedPlan(super()._plan(goes_on), self._prior)
