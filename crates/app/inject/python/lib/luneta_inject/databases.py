"""Sees to it that one database query becomes one span, not two and not none."""

import sys


def record_queries_once():
    """Let SQLAlchemy alone report its queries, and sqlite3 also its short form."""
    _record_sqlite_short_form()
    if "sqlalchemy" in sys.modules:
        _leave_sqlalchemy_connections_alone()


def _leave_sqlalchemy_connections_alone():
    """Take the driver's instrumentation off the connections that SQLAlchemy opens.

    The driver (sqlite3, psycopg2, ...) is instrumented too, for code that uses
    it directly.
    """
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
    from sqlalchemy.engine.default import DefaultDialect

    if not SQLAlchemyInstrumentor().is_instrumented_by_opentelemetry:
        return
    connect = DefaultDialect.connect

    def connect_uninstrumented(self, *arguments, **options):
        return _uninstrumented(connect(self, *arguments, **options))

    DefaultDialect.connect = connect_uninstrumented


def _uninstrumented(connection):
    from opentelemetry.instrumentation.dbapi import TracedConnectionProxy

    if isinstance(connection, TracedConnectionProxy):
        return connection.__wrapped__
    # psycopg and psycopg2 are instrumented through a subclass of their cursor.
    factory = getattr(connection, "cursor_factory", None)
    if getattr(factory, "__module__", "").startswith("opentelemetry.instrumentation."):
        connection.cursor_factory = factory.__mro__[1]
    return connection


def _record_sqlite_short_form():
    """Trace `connection.execute(...)` of sqlite3 like `cursor.execute(...)`.

    The instrumentation knows cursors only, and most scripts never ask for one.
    """
    import sqlite3

    from opentelemetry.instrumentation.dbapi import TracedConnectionProxy

    def short_form(name):
        def call(self, *arguments, **options):
            if not isinstance(self.__wrapped__, sqlite3.Connection):
                return getattr(self.__wrapped__, name)(*arguments, **options)
            cursor = self.cursor()
            getattr(cursor, name)(*arguments, **options)
            return cursor

        return call

    for name in ("execute", "executemany"):
        if name not in vars(TracedConnectionProxy):
            setattr(TracedConnectionProxy, name, short_form(name))
