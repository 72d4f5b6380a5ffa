# SPDX-License-Identifier: Apache-2.0
"""Tallystick: computations on data that nobody may see, whose results anybody can check.

A program is an ordinary function over secret arrays::

    import tallystick as ts

    @ts.program
    def wages(table: ts.Members[ts.Table]):
        wage = ts.concat(t["wage_cents"] for t in table)
        return {"count": wage.size, "mean": ts.mean(wage), "variance": ts.variance(wage)}

What ``ts`` offers is listed once, in ``__init__.pyi``, and is loaded when it is first used: whoever imports a room,
such as ``tallystick.audit``, loads that room and those below it.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
