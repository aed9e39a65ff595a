"""Instruments Django at the one moment when that is safe."""


def instrument_when_settings_are_ready(instrument):
    """Call `instrument` right before Django builds its first middleware chain.

    Instrumentation adds a middleware to the settings. At process start there
    are none: `manage.py` and `wsgi.py` name them later, and asking too early
    makes Django settle on empty ones, which breaks the application.
    """
    from wrapt import register_post_import_hook

    def wrap_load_middleware(handlers):
        load_middleware = handlers.BaseHandler.load_middleware
        pending = [instrument]

        def load_middleware_instrumented(self, *arguments, **options):
            while pending:
                pending.pop()()
            return load_middleware(self, *arguments, **options)

        handlers.BaseHandler.load_middleware = load_middleware_instrumented

    register_post_import_hook(wrap_load_middleware, "django.core.handlers.base")
