"""Settings all tests share."""

from hypothesis import settings

# A busy machine makes a single example slow now and then; that is no fault.
settings.register_profile("samklang", deadline=None)
settings.load_profile("samklang")
