"""The clash in the operation that ended a call: the sizes, types or devices that do not fit together."""
