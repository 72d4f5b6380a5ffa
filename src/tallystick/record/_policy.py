# SPDX-License-Identifier: Apache-2.0
"""Whether what a plan computes and opens keeps to a policy: for members before a run, for auditors after it."""

from __future__ import annotations

from ..disclosure import unneeded
from ..errors import PolicyError
from ..plan import Plan, policy_names
from ._terms import Policy

__all__ = ["check_policy"]


def check_policy(policy: Policy, plan: Plan, *, whose: str) -> None:
    """Raise ``PolicyError`` with the rule unless the plan keeps to the policy."""
    if len(plan.members) < policy.min_members:
        raise PolicyError(
            f"{whose} demands at least {policy.min_members} members; the computation has {len(plan.members)}"
        )
    for member in plan.members:
        if member.rows < policy.min_rows:
            raise PolicyError(
                f"{whose} demands at least {policy.min_rows} rows of every member; "
                f"{member.name} has {member.rows}"
            )
    for name in policy_names(plan):
        if not policy.allows(name):
            raise PolicyError(
                f"{whose} does not allow the output {name!r}",
                hint=f"it allows: {', '.join(policy.outputs or ()) or 'none'}",
            )
    if policy.outputs is None:
        return
    found = unneeded(plan)
    if found is None:
        raise PolicyError(f"{whose} names outputs, and too much is opened to see that these need all of it")
    if found:
        opened = ", ".join(f"[{name}]" for name in found)
        raise PolicyError(
            f"{whose} allows results, none of which needs all of what the program opens as {opened}",
            hint="`tallystick plan` shows what that is; return what is needed, or do not reveal it",
        )
