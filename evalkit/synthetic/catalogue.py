"""What may occur in the demonstration extract, with plausible shares (they need not add up to 1)."""

from __future__ import annotations

TEAMS = {
    "Birmingham": ["Aston", "Edgbaston", "Erdington", "Hall Green", "Perry Barr", "Selly Oak", "Yardley"],
    "Black Country": ["Dudley", "Sandwell East", "Sandwell West", "Walsall", "Wolverhampton"],
    "Coventry and Warwickshire": ["Coventry", "Leamington", "Nuneaton"],
    "Derbyshire": ["Buxton", "Chesterfield", "Derby North", "Derby South", "Ilkeston"],
    "Leicestershire and Rutland": ["Hinckley", "Leicester East", "Leicester West", "Loughborough", "Oakham"],
    "Nottinghamshire": ["Arnold", "Mansfield", "Newark", "Nottingham East", "Nottingham West", "Worksop"],
    "Staffordshire": ["Burton", "Cannock", "Stafford", "Stoke North", "Stoke South"],
}
"""Area -> its teams; 36 teams in all."""

PRISONS = {
    "male": {"Birmingham": 18, "Dovegate": 14, "Featherstone": 9, "Hewell": 12, "Leicester": 10, "Nottingham": 14}
    | {"Oakwood": 9, "Ranby": 7, "Stocken": 4, "Sudbury": 3},
    "female": {"Drake Hall": 40, "Foston Hall": 60},
}

SEX = {"male": 86, "female": 14}
ETHNICITY = {"white": 760, "asian": 85, "black": 75, "mixed": 45, "other": 10, "": 25}
DISABILITY = {"no": 70, "yes": 24, "": 6}
RELIGION = {"none": 50, "christian": 28, "muslim": 9, "sikh": 2, "other": 4, "": 7}
SEXUAL_ORIENTATION = {"heterosexual": 88, "gay or lesbian": 2, "bisexual": 2, "": 8}
NATIONALITY = {"british": 90, "other european": 5, "other": 3, "": 2}

SENTENCE_TYPES = {"community order": 46, "suspended sentence order": 25, "custody": 29}
RECONVICTION_TYPES = {"community order": 22, "suspended sentence order": 12, "custody": 31} | {
    "fine": 24,
    "discharge": 8,
    "other": 3,
}
LIGHT_TYPES = {"fine": 80, "discharge": 20}
EARLIER_TYPES = {"community order": 40, "fine": 45, "discharge": 15}

OFFENCES = {
    # violence, robbery, sexual
    **{"00501": 1.0, "00806": 5.5, "00801": 2.0, "10501": 9.0, "12500": 4.0, "00826": 2.0, "00838": 1.0},
    **{"10400": 2.5, "03401": 2.6, "03402": 0.4, "01700": 0.5, "02000": 0.5, "08802": 0.3, "02116": 0.5, "02300": 0.4},
    # public order, criminal damage, absconding
    **{"06600": 1.5, "06634": 2.5, "06635": 2.5, "12509": 1.5, "14900": 2.0, "05801": 1.0, "05601": 0.6},
    **{"08300": 0.9, "08301": 0.6, "08001": 0.2},
    # burglary, theft, handling, vehicles
    **{"02801": 3.0, "02802": 1.2, "03001": 1.4, "03002": 0.8, "04600": 8.5, "04910": 3.0, "03900": 1.0},
    **{"04100": 0.8, "04400": 0.4, "05401": 1.6, "05402": 0.4, "04510": 0.7, "04500": 0.3, "13000": 0.8, "04801": 0.9},
    # fraud, drugs
    **{"05301": 1.2, "05310": 1.4, "05200": 0.2, "07751": 1.2, "09250": 2.2, "09261": 2.4, "09271": 1.2},
    **{"09281": 1.0, "07750": 0.4, "09201": 0.8, "09205": 0.4, "09254": 0.6},
    # motoring and the rest
    **{"80301": 3.4, "80302": 1.6, "14102": 0.4, "80500": 1.2, "80701": 1.4, "80901": 0.8, "81100": 0.5},
    **{"00811": 1.6, "08110": 0.8, "06700": 0.5, "02400": 0.1, "16600": 0.1, "19500": 1.2, "09900": 1.0},
}
"""Home Office offence codes of index and later sentences."""

UNWEIGHTED_OFFENCES = {"95002": 3, "08800": 2, "14100": 1}
"""Codes that OGRS3 does not score: bail and licence matters, and codes that need the exact offence."""

SERVICES = {"accommodation": 0.10, "finance benefit and debt": 0.07, "personal wellbeing": 0.09} | {
    "through the gate": 0.55,
    "domestic abuse programme": 0.04,
}
"""Other services and the chance of a referral; through the gate is for people released from custody only."""

PATHWAY_OF_SERVICE = {
    "ETE": "employment training and education",
    "accommodation": "accommodation",
    "finance benefit and debt": "finance benefit and debt",
    "personal wellbeing": "health",
    "through the gate": "resettlement",
    "domestic abuse programme": "attitudes thinking and behaviour",
}
PATHWAYS = {"accommodation": 30, "employment training and education": 22, "finance benefit and debt": 20} | {
    "drugs and alcohol": 18,
    "health": 12,
    "children and families": 9,
    "attitudes thinking and behaviour": 9,
}
SETTINGS = {"community office": 78, "prison in-reach": 9, "approved premises": 5, "unpaid work": 8}
COMPLEXITY = {"standard": 60, "enhanced": 30, "intensive": 10}
END_REASONS = {"completed": 46, "moved into work": 12, "disengaged": 26, "sentence ended": 12, "transferred": 4}
PARTNERS = {"": 60, "college": 15, "training provider": 15, "charity": 10}
PROVIDERS = {"college": 40, "training provider": 45, "charity": 15}
QUALIFICATIONS = {"": 30, "entry level": 15, "level 1": 35, "level 2": 20}
STAGES = [
    "finding your feet",
    "taking steps",
    "setting actions",
    "ready and searching",
    "ready for interview",
    "adapting to work",
]
"""Stages of progress, in their order."""

HOUSED = {"settled": 55, "other housed": 18, "bail or probation": 8} | {
    "homeless not rough sleeping": 9,
    "rough sleeping": 4,
}
"""Accommodation where it is known."""

UNKNOWN = "unknown"
OUTCOMES = {"achieved": 52, "partly": 24, "not": 24}
ROLES = {"peer mentor": 70, "peer support": 20, "engagement worker": 10}
WELLBEING_PATHWAYS = (
    "emotional wellbeing",
    "lifestyle and associates",
    "family and significant others",
    "social inclusion",
)
"""Pathways of personal wellbeing."""
