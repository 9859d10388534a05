"""The register of alerts: what monitoring raised, kept from run to run beside what people did about it."""

from evalkit.register.alerts import alerts_text, edit_alert, read_history, read_register
from evalkit.register.store import REGISTER_FILE, STEPS
from evalkit.register.update import update_register

__all__ = ["REGISTER_FILE", "STEPS", "alerts_text", "edit_alert", "read_history", "read_register", "update_register"]
