"""Predicted risk of reoffending: OGRS3 (one and two years), static ARP and VRP (two years only)."""

from evalkit.ogrs.offences import actuarial_category, offence_group
from evalkit.ogrs.ogrs3 import ogrs3
from evalkit.ogrs.scores import HORIZON_DAYS, check_horizon
from evalkit.ogrs.static import arp, vrp

__all__ = ["HORIZON_DAYS", "actuarial_category", "arp", "check_horizon", "offence_group", "ogrs3", "vrp"]
