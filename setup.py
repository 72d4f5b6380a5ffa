# SPDX-License-Identifier: Apache-2.0
"""Build the native core as an optional extension, and a wheel named by what was built; see pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel


class Wheel(bdist_wheel):
    """A wheel whose tag says what is in it, since installers keep it and hand it to whatever the tag fits.

    ``py3-none-any`` where no compiler made the optional extension; with it one for every CPython from 3.11 on, or for
    one CPython alone where the extension cannot keep to the limited API, as in free-threaded builds.
    """

    def run(self) -> None:
        """Build first, and choose the tag then."""
        self.run_command("build")
        extensions = self.distribution.ext_modules
        if not all(Path(file).exists() for file in self.get_finalized_command("build_ext").get_outputs()):
            self.distribution.ext_modules = []
            self.root_is_pure = True
        elif all(extension.py_limited_api for extension in extensions):
            self.py_limited_api = "cp311"
        super().run()


setup(cffi_modules=["native/cffi_build.py:ffibuilder"], cmdclass={"bdist_wheel": Wheel})
