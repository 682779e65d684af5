"""Graphs as read-only documents.

A client that asks for the content of such documents gets it (`workspace/textDocumentContent`); for others it is written
to a file.
"""
