"""The order of the examples: the first steps first."""

ORDER = [
    "plot_first_autoencoder.py",
    "plot_versus_pca.py",
    "plot_gain.py",
    "plot_manifold.py",
    "plot_curse_of_dimensionality.py",
    "plot_undercomplete_overcomplete.py",
    "plot_denoising.py",
    "plot_sparse_photographs.py",
    "plot_stacked.py",
    "plot_supervised.py",
    "plot_few_labels.py",
    "plot_table_with_holes.py",
    "plot_mixed_table.py",
    "plot_pipeline_grid_search.py",
    "plot_anomalies.py",
    "plot_custom_network.py",
]


class Order:
    """The key by which sphinx-gallery sorts."""

    def __init__(self, source_folder):
        self.source_folder = source_folder

    def __call__(self, file_name):
        return ORDER.index(file_name)
