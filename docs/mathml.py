"""Formulas in MathML, which browsers draw themselves: no script, no network."""

from docutils.nodes import SkipNode
from docutils.utils.math import latex2mathml


def inline(translator, node):
    """Write a formula in a line of text."""
    translator.body.append(latex2mathml.tex2mathml(node.astext(), as_block=False))
    raise SkipNode


def block(translator, node):
    """Write a formula in a paragraph of its own."""
    formula = latex2mathml.tex2mathml(node.astext(), as_block=True)
    translator.body.append(f'<div class="formula">{formula}</div>')
    raise SkipNode


def setup(app):
    """Add the renderer, for `html_math_renderer`."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
