# SPDX-License-Identifier: Apache-2.0
"""Settings of the documentation site, which ``sphinx-build --fail-on-warning -c docs . OUT`` builds.

It takes an environment with ``.[docs]``.  The source folder is the repository, so that the specification and the
project's other pages are shown where they stand: each link is right in the repository and on the site, or an error.
"""

from __future__ import annotations

import tallystick

project = "Tallystick"
version = release = tallystick.__version__
copyright = "the authors of Tallystick; licensed under Apache-2.0"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
include_patterns = ["*.md", "benchmarks/library.md", "docs/*.md", "docs/*.rst", "spec/*.md"]
root_doc = "docs/index"
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

myst_heading_anchors = 4

autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 88

# Nothing is fetched from elsewhere by who reads the pages.
html_theme = "furo"
html_title = f"Tallystick {release}"
html_additional_pages = {"index": "start.html"}
html_copy_source = False
templates_path = ["_templates"]
