"""What ftrack Connect loads: offers the bundle's actions to the person at this machine, and to nobody else.

In the bundle this file lies in `hook/`, beside `plugins/` and `dependencies/`. *Source*: protocol reference
10.2.
"""

import logging
import sys
from pathlib import Path

logger = logging.getLogger("ftrack_jobs.hook")

BUNDLE = Path(__file__).resolve().parent.parent


def register(session, **options):
    """Register the bundle's plugins with *session*; logs what is wrong and never raises.

    An exception would end the start of Connect itself. *Source*: protocol reference 10.1.
    """
    try:
        # Other interfaces than the event API scan the same folders.
        if not hasattr(session, "event_hub"):
            return
        dependencies = str(BUNDLE / "dependencies")
        if dependencies not in sys.path:
            # At the end: what Connect or a studio's own set-up brings along wins.
            sys.path.append(dependencies)
        from ftrack_jobs.plugin import register_folder

        register_folder(session, BUNDLE / "plugins", limit_to_user=session.api_user)
    except Exception:
        logger.exception("The actions of %s cannot be offered", BUNDLE)
