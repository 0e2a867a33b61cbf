"""Sphinx settings."""

import inspect
import sys
from pathlib import Path

import skae

sys.path.insert(0, str(Path(__file__).parent))
project = "skae"
author = "the skae developers"
copyright = "the skae developers"
release = version = skae.__version__
extensions = [
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "mathml",
    "sphinx_gallery.gen_gallery",
]
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "ignore_pattern": r"serve\.py",  # it draws nothing, and does not end
    "within_subsection_order": "gallery.Order",
    "thumbnail_size": (480, 288),
    "capture_repr": (),
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,
}
autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say more than types can
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"
autodoc_default_options = {
    "members": True,
    "inherited-members": "BaseEstimator, Layer",
    # scikit-learn's and Keras' own docstrings are written for their own sites.
    "exclude-members": "get_metadata_routing, set_fit_request, set_partial_fit_request, "
    "set_score_request, set_output, from_config",
}
nitpicky = True  # a name that leads nowhere is wrong, or missing in the list below
# A list of our own of what the pages name: the site is built without a network.
intersphinx_mapping = {
    "scikit-learn": ("https://scikit-learn.org/stable/", "scikit-learn.txt"),
}
copybutton_selector = "div:not(.highlight-none) > .highlight > pre"  # not on output
copybutton_prompt_text = ">>> |\\.\\.\\. "
copybutton_prompt_is_regexp = True
exclude_patterns = ["_build", "scikit-learn.txt"]
html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_center": [],  # the sidebar has all pages
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"**": ["pages"]}
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["skae.css"]
html_title = "skae"
html_show_sourcelink = False


def signature_of_init(_app, what, name, obj, _options, signature, returns):
    """Show the parameters of a Keras layer, whose ``__new__`` hides them."""
    if what == "class" and name.startswith("skae.sparsity"):
        parameters = list(inspect.signature(obj.__init__).parameters.values())[1:]
        bare = [parameter.replace(annotation=parameter.empty) for parameter in parameters]
        signature = str(inspect.Signature(bare))
    return signature, returns


def setup(app):
    app.connect("autodoc-process-signature", signature_of_init)
