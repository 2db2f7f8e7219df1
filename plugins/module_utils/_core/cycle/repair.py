# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repair the containers that depend on a provider which was replaced or restarted.

Each function looks at what exists and does only what is missing, so a later run can continue where an interrupted one stopped.
"""

from __future__ import annotations

import typing as t

from ..container.compose_hash import with_hash_label
from ..container.create_body import ContainerSpec
from ..container.dependents import NAMESPACE_MODES, Dependent, Repair, RepairResult, depends_on, links_of
from ..engine.errors import CreateIncomplete, EngineError, NoAnswer, NotFound
from ..engine.interfaces import Context
from ..engine.lookup import find_container
from ..engine.model import Document, Inspected, is_active, name_of
from ..engine.retry import retry_on_no_answer
from ..image.tags import point_tag_at_image, remove_tag, restore_tag


def restart_dependents(context: Context, dependents: t.Sequence[Dependent], provider: str) -> tuple[RepairResult, ...]:
    """Restart the dependents that ran, because `provider` was stopped and started. Never raise EngineError."""
    restarted = {provider}
    repaired = []
    for dependent in dependents:
        result = _give_back(context, dependent, namespace_is_new=not restarted.isdisjoint(dependent.shares_with))
        if result:
            restarted.add(dependent.id)
            repaired.append(result)
    return tuple(repaired)


def recreate_dependents(
    context: Context, dependents: t.Sequence[Dependent], provider: str, successor: str, archive: str
) -> tuple[RepairResult, ...]:
    """Recreate the dependents for `successor`, which took the place of `provider`. `provider` is now called `archive`.

    Each keeps its exact image. The old containers of the dependents stay, under the names of their archives. Never raise EngineError.
    """
    successors = {provider: successor}
    names = {archive: next((dependent.provider_name for dependent in dependents if dependent.provider == provider), archive)}
    lost: set[str] = set()
    repaired = []
    for dependent in dependents:
        result = _recreate(context, dependent, successors, names, lost)
        if result.id == dependent.id:
            lost.add(dependent.id)
        else:
            successors[dependent.id] = result.id
            names[dependent.archive] = dependent.name
        repaired.append(result)
    return tuple(repaired)


def remove_old_dependents(
    context: Context, dependents: t.Sequence[Dependent], repaired: t.Sequence[RepairResult]
) -> tuple[RepairResult, ...]:
    """Remove the old containers of the dependents that were recreated and are seen to be well. Never raise EngineError."""
    looked_at = [_look_again(context, dependent, result) for dependent, result in zip(dependents, repaired)]
    return tuple(_remove_old(context, dependent, result) for dependent, result in zip(dependents, looked_at))


def _give_back(context: Context, dependent: Dependent, *, namespace_is_new: bool) -> RepairResult | None:
    """Give a dependent its name back if an interrupted run replaced it, and restart it. Return None if nothing had to be done."""
    ops, clock = context.ops, context.clock
    try:
        now = retry_on_no_answer(clock, lambda: ops.inspect(dependent.id)).container
        was_replaced = name_of(now) == dependent.archive
        if was_replaced:
            _remove_replacement(context, dependent)
            _rename(context, dependent.id, dependent.name)
        if not dependent.runs or (is_active(now) and not namespace_is_new):
            return None
        retry_on_no_answer(clock, lambda: ops.stop(dependent.id, dependent.stop_timeout))
        retry_on_no_answer(clock, lambda: ops.start(dependent.id))
    except EngineError as error:
        return RepairResult(dependent.name, dependent.id, Repair.NEEDS_ATTENTION, f"it could not be restarted: {error}")
    tag_problem = remove_tag(context, dependent, dependent.tag_means, runs=True) if was_replaced else ""
    if tag_problem:
        return RepairResult(dependent.name, dependent.id, Repair.NEEDS_ATTENTION, f"it was restarted, but {tag_problem}")
    return RepairResult(dependent.name, dependent.id, Repair.RESTARTED)


def _remove_replacement(context: Context, dependent: Dependent) -> None:
    """Remove the container that was to replace the dependent. It has the same image, and the dependent was renamed for it."""
    occupant = _find(context, dependent.name)
    if occupant is None:
        return
    if occupant.container["Image"] != dependent.image_id:
        raise EngineError(f"another container has taken its name, and it is now called {dependent.archive}")
    retry_on_no_answer(context.clock, lambda: context.ops.remove(occupant.container["Id"], force=True))


def _recreate(
    context: Context, dependent: Dependent, successors: t.Mapping[str, str], names: t.Mapping[str, str], lost: t.AbstractSet[str]
) -> RepairResult:
    if lost & {dependent.provider, *dependent.shares_with}:
        return _left_alone(dependent, f"it depends on {dependent.provider_name}, which could not be repaired")
    try:
        old, occupant = _find(context, dependent.id), _find(context, dependent.name)
    except EngineError as error:
        return _left_alone(dependent, f"it could not be inspected: {error}")
    if old is None and occupant is None:
        return _left_alone(dependent, "it was removed")
    if occupant is not None and occupant.container["Id"] != dependent.id:
        if not depends_on(occupant.container, successors[dependent.provider], dependent.provider_name):
            return _left_alone(dependent, "another container has taken its name")
        return _finish(context, dependent, occupant.container["Id"], dependent.tag_means)
    if old is None:
        return _left_alone(dependent, "it was renamed")
    return _replace(context, dependent, old, successors, names)


def _replace(
    context: Context, dependent: Dependent, old: Inspected, successors: t.Mapping[str, str], names: t.Mapping[str, str]
) -> RepairResult:
    try:
        body, warning = with_hash_label(context.compose, dependent.name, old.container, _body(old, successors, names))
        if is_active(old.container):
            retry_on_no_answer(context.clock, lambda: context.ops.stop(dependent.id, dependent.stop_timeout))
        if name_of(old.container) != dependent.archive:
            _rename(context, dependent.id, dependent.archive)
        meant = point_tag_at_image(context, dependent)
    except EngineError as error:
        return _give_name_back(context, dependent, f"it could not be recreated: {error}")
    try:
        new_id = _create(context, dependent, body, successors)
    except EngineError as error:
        problems = (
            f"it could not be recreated: {error}",
            restore_tag(context, dependent, meant),
            remove_tag(context, dependent, meant, runs=False),
        )
        return _give_name_back(context, dependent, "; ".join(filter(None, problems)))
    return _finish(context, dependent, new_id, meant, warning)


def _finish(context: Context, dependent: Dependent, new_id: str, tag_meant: str | None, warning: str = "") -> RepairResult:
    """Give the dependent's tag its meaning back, and start the dependent. A tag that did not exist is needed until then."""
    tag_problem = restore_tag(context, dependent, tag_meant)
    try:
        if dependent.runs:
            retry_on_no_answer(context.clock, lambda: context.ops.start(new_id))
    except EngineError as error:
        return _unwell(dependent, new_id, f"could not be started: {error}")
    tag_problem = tag_problem or remove_tag(context, dependent, tag_meant, runs=dependent.runs)
    return RepairResult(dependent.name, new_id, Repair.RECREATED, tag_problem, warning)


def _body(old: Inspected, successors: t.Mapping[str, str], names: t.Mapping[str, str]) -> Document:
    """The create body of a dependent, with the heirs in place of the containers that they replaced."""
    body = ContainerSpec.from_inspect(old).create_body(old.container["Config"]["Image"])
    host_config = dict(body["HostConfig"])
    for mode in NAMESPACE_MODES:
        kind, _colon, other = (host_config.get(mode) or "").partition(":")
        if kind == "container" and other in successors:
            host_config[mode] = f"container:{successors[other]}"
    if host_config.get("VolumesFrom"):
        lenders = (source.partition(":") for source in host_config["VolumesFrom"])
        host_config["VolumesFrom"] = [f"{successors.get(lender, lender)}{colon}{mode}" for lender, colon, mode in lenders]
    if host_config.get("Links"):
        # The engine changed the link when the provider was renamed.
        targets = ((names.get(target, target), alias) for target, alias in links_of(old.container))
        host_config["Links"] = [f"{target}:{alias}" for target, alias in targets]
    return {**body, "HostConfig": host_config}


def _create(context: Context, dependent: Dependent, body: Document, successors: t.Mapping[str, str]) -> str:
    """Create the dependent and return its ID, even if the answer was lost. A failure leaves no container behind."""
    try:
        return context.ops.create(dependent.name, body)
    except CreateIncomplete as error:
        incomplete = error.container
        retry_on_no_answer(context.clock, lambda: context.ops.remove(incomplete, force=True))
        raise
    except NoAnswer:
        made = _find(context, dependent.name)
        if made is None or not depends_on(made.container, successors[dependent.provider], dependent.provider_name):
            raise
        made_id: str = made.container["Id"]
        return made_id


def _rename(context: Context, container: str, name: str) -> None:
    try:
        retry_on_no_answer(context.clock, lambda: context.ops.rename(container, name))
    except EngineError:
        # The engine refuses to repeat a rename whose answer was lost.
        found = _find(context, container)
        if found is None or name_of(found.container) != name:
            raise


def _give_name_back(context: Context, dependent: Dependent, problem: str) -> RepairResult:
    try:
        found = _find(context, dependent.id)
        if found is not None and name_of(found.container) == dependent.archive:
            _rename(context, dependent.id, dependent.name)
    except EngineError:
        problem = f"{problem}; it is now called {dependent.archive}"
    return _left_alone(dependent, problem)


def _left_alone(dependent: Dependent, problem: str) -> RepairResult:
    return RepairResult(dependent.name, dependent.id, Repair.NEEDS_ATTENTION, problem)


def _unwell(dependent: Dependent, new_id: str, why: str) -> RepairResult:
    problem = f"it was recreated, but {why}. The old container is now called {dependent.archive}"
    return RepairResult(dependent.name, new_id, Repair.NEEDS_ATTENTION, problem)


def _look_again(context: Context, dependent: Dependent, result: RepairResult) -> RepairResult:
    """Check that a dependent that ran still runs."""
    if result.repair is Repair.NEEDS_ATTENTION or not dependent.runs:
        return result
    try:
        if is_active(retry_on_no_answer(context.clock, lambda: context.ops.inspect(result.id)).container):
            return result
    except EngineError as error:
        return _unwell(dependent, result.id, f"could not be inspected: {error}")
    return _unwell(dependent, result.id, "has exited since then")


def _remove_old(context: Context, dependent: Dependent, result: RepairResult) -> RepairResult:
    if result.repair is Repair.NEEDS_ATTENTION:
        return result
    problem = result.problem
    try:
        retry_on_no_answer(context.clock, lambda: context.ops.remove(dependent.id))
    except NotFound:
        pass
    except EngineError as error:
        problem = f"the old container, now called {dependent.archive}, could not be removed: {error}"
    return result._replace(repair=Repair.NEEDS_ATTENTION, problem=f"it was recreated, but {problem}") if problem else result


def _find(context: Context, container: str) -> Inspected | None:
    return retry_on_no_answer(context.clock, lambda: find_container(context.ops, container))
