"""The register of alerts: what monitoring raised, kept from run to run beside what people did about it."""

from evalkit.register.alerts import alerts_text, edit_alert, read_history, read_register, read_updates
from evalkit.register.store import REGISTER_FILE, REGISTER_FOLDER, STEPS, register_file
from evalkit.register.update import update_register

__all__ = [
    "REGISTER_FILE",
    "REGISTER_FOLDER",
    "STEPS",
    "alerts_text",
    "edit_alert",
    "read_history",
    "read_register",
    "read_updates",
    "register_file",
    "update_register",
]
