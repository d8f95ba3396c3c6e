"""What a table carries besides its values: comments of columns that were left out, values of rows that are gone."""

from __future__ import annotations

from typing import Any


def bare(table: Any) -> Any:
    """The ``pyarrow.Table`` without metadata, and with only those dictionary values that its rows use."""
    import pyarrow

    columns = [_used_values(column) for column in table.columns]
    fields = [_plain(pyarrow.field(field.name, field.type, field.nullable)) for field in table.schema]
    cast = [
        column if column.type.equals(field.type, check_metadata=True) else column.cast(field.type)
        for column, field in zip(columns, fields, strict=True)
    ]
    return pyarrow.table(cast, schema=pyarrow.schema(fields))


def _plain(field: Any) -> Any:
    """The field without metadata, neither its own nor that of fields inside it."""
    import pyarrow

    kind, types = field.type, pyarrow.types
    if types.is_struct(kind):
        kind = pyarrow.struct([_plain(kind.field(number)) for number in range(kind.num_fields)])
    elif types.is_map(kind):
        kind = pyarrow.map_(_plain(kind.key_field), _plain(kind.item_field), keys_sorted=kind.keys_sorted)
    elif types.is_fixed_size_list(kind):
        kind = pyarrow.list_(_plain(kind.value_field), kind.list_size)
    elif types.is_large_list(kind):
        kind = pyarrow.large_list(_plain(kind.value_field))
    elif types.is_list(kind):
        kind = pyarrow.list_(_plain(kind.value_field))
    return pyarrow.field(field.name, kind, field.nullable)


def _used_values(column: Any) -> Any:
    """A dictionary column (a pandas category, say) may name values of rows that were deleted; others stay as is."""
    import pyarrow
    import pyarrow.compute

    kind = column.type
    if not pyarrow.types.is_dictionary(kind) or not column.num_chunks:
        return column
    first = column.chunk(0).dictionary
    if all(chunk.dictionary.equals(first) for chunk in column.chunks):
        # All chunks keep the same values, so that the order of an ordered category stays one order.
        kept = [_kept(pyarrow.chunked_array([chunk.indices for chunk in column.chunks]))] * column.num_chunks
    else:
        kept = [_kept(chunk.indices) for chunk in column.chunks]
    bared = [
        pyarrow.DictionaryArray.from_arrays(
            pyarrow.compute.index_in(chunk.indices, value_set=used).cast(kind.index_type),
            chunk.dictionary.take(used),
            ordered=kind.ordered,
        )
        for chunk, used in zip(column.chunks, kept, strict=True)
    ]
    return pyarrow.chunked_array(bared, type=kind)


def _kept(indices: Any) -> Any:
    import pyarrow.compute

    return pyarrow.compute.unique(indices).drop_null().sort()
