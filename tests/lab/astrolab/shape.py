# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frozen dataclasses from plain data (YAML, JSON) and back, strictly: what is unknown or misshapen is said by its path."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface
from typing import Any, TypeVar

Shape = TypeVar("Shape")
_TEXTUAL = (IPv4Address, IPv4Network, IPv4Interface, IPv6Interface)


class ShapeError(ValueError):
    """The data does not have the shape that was asked for."""


def read(kind: type[Shape], data: object, where: str) -> Shape:
    """The data as a value of this dataclass."""
    result: Shape = _value(kind, data, where)
    return result


def plain(value: Any) -> Any:
    """The value as JSON and YAML know it."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list, frozenset, set)):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, _TEXTUAL) else value


def _value(kind: Any, data: Any, where: str) -> Any:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind is typing.Any or kind is object:
        return data
    if dataclasses.is_dataclass(kind):
        return _record(kind, data, where)
    if origin in (typing.Union, types.UnionType):
        return None if data is None else _value(next(each for each in inner if each is not types.NoneType), data, where)
    if origin is typing.Literal:
        return _choice(inner, data, where)
    if origin is tuple:
        return tuple(_value(inner[0], each, f"{where}[{index}]") for index, each in enumerate(_list(data, where)))
    if origin is not None and issubclass(origin, Mapping):
        items = _mapping(data, where).items()
        return {_value(inner[0], key, where): _value(inner[1], each, f"{where}.{key}") for key, each in items}
    return _scalar(kind, data, where)


def _record(kind: Any, data: object, where: str) -> Any:
    given = _mapping(data, where)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    if unknown := sorted(set(map(str, given)) - set(fields)):
        raise ShapeError(f"{where} does not know {', '.join(unknown)}; it knows {', '.join(fields)}")
    required = {
        name
        for name, field in fields.items()
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    if missing := sorted(required - set(map(str, given))):
        raise ShapeError(f"{where} lacks {', '.join(missing)}")
    hints = typing.get_type_hints(kind)
    return kind(**{str(name): _value(hints[str(name)], each, f"{where}.{name}") for name, each in given.items()})


def _scalar(kind: Any, data: object, where: str) -> Any:
    if kind in _TEXTUAL:
        try:
            return kind(data if isinstance(data, str) else "")
        except ValueError as error:
            raise ShapeError(f"{where} is not an {kind.__name__[:4]} {kind.__name__[4:].lower()}: {error}") from error
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise ShapeError(f"{where} must be a {kind.__name__}, not {data!r}")
    return data


def _choice(choices: tuple[object, ...], data: object, where: str) -> object:
    if data not in choices:
        raise ShapeError(f"{where} must be one of {', '.join(map(str, choices))}, not {data!r}")
    return data


def _mapping(data: object, where: str) -> Mapping[Any, Any]:
    if not isinstance(data, Mapping):
        raise ShapeError(f"{where} must be a mapping, not {data!r}")
    return data


def _list(data: object, where: str) -> list[Any]:
    if not isinstance(data, list):
        raise ShapeError(f"{where} must be a list, not {data!r}")
    return data
