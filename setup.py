"""Build the native core as an optional abi3 extension; everything else is in pyproject.toml."""

from setuptools import setup

setup(
    cffi_modules=["native/cffi_build.py:ffibuilder"],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
