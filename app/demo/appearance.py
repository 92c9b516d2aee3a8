"""What each student looks like: a cast of different people, the same at every start."""

from dataclasses import dataclass, replace
from random import Random

from app.demo.paint import Colour, rgb

SKINS = tuple(map(rgb, ("f3cfb3", "e9bd98", "dba67c", "c68a60", "a96f4a", "875638")))
HAIRS = tuple(map(rgb, ("221c1c", "38261d", "5c3a24", "86552f", "9a6a33", "9b4a27", "7a4a35")))
CLOTHES = tuple(
    map(
        rgb,
        ("c4634a", "d9a441", "37506b", "7f9a80", "c98c8c", "3f7f83", "e6dccb", "6d5a7e", "4c5a50", "a3b7c4"),
    )
)


BROWN = rgb("4a3324")


@dataclass(frozen=True, slots=True)
class Appearance:
    """How one student looks. `jaw` to `brow` are relative to the average face: 1 is average."""

    skin: Colour
    hair: Colour
    style: str
    """One of hair.STYLES."""
    clothes: Colour
    top: str
    """One of clothes.TOPS."""
    feminine: float = 0.0
    """0 to 1: softer jaw, thinner brows, fuller lips, longer lashes."""
    glasses: str = ""
    """"round", "square", or empty for none."""
    beard: float = 0.0
    """How dense, 0 to 1."""
    jaw: float = 1.0
    length: float = 1.0
    eyes: float = 1.0
    nose: float = 1.0
    mouth: float = 1.0
    brow: float = 1.0
    """The brows' thickness."""
    iris: Colour = BROWN


def _person(
    style: str, skin: int, hair: int, clothes: int, top: str, feminine: float, **more: object
) -> Appearance:
    return Appearance(SKINS[skin], HAIRS[hair], style, CLOTHES[clothes], top, feminine, **more)


LEADS = (
    _person("long", 1, 2, 0, "crew", 1.0, iris=rgb("5b6b45")),
    _person("side", 0, 3, 2, "hoodie", 0.0, iris=rgb("51708a")),
    _person("afro", 5, 0, 1, "crew", 0.9),
    _person("crop", 3, 0, 3, "shirt", 0.0, beard=0.55, glasses="square"),
    _person("bob", 1, 0, 6, "stripes", 1.0),
    _person("curls", 2, 1, 5, "hoodie", 0.1),
    _person("scarf", 2, 1, 4, "crew", 1.0, glasses="round"),
    _person("long", 4, 0, 3, "stripes", 1.0),
    _person("crop", 5, 0, 8, "crew", 0.0),
    _person("bun", 0, 5, 7, "hoodie", 0.9, iris=rgb("5b6b45")),
    _person("side", 2, 0, 6, "shirt", 0.0, glasses="round"),
    _person("waves", 0, 4, 9, "shirt", 1.0, iris=rgb("4e7690")),
)
"""The first twelve, cast by hand, since everybody sees them first."""

EXTRAS = (
    ("long", 1.0),
    ("side", 0.0),
    ("bob", 1.0),
    ("crop", 0.0),
    ("waves", 1.0),
    ("curls", 0.0),
    ("bun", 1.0),
)


def appearance_of(student: int) -> Appearance:
    """Give the appearance of student number `student`, counted from 0."""
    chance = Random(f"mien {student}")
    person = LEADS[student] if student < len(LEADS) else _extra(student, chance)
    return replace(
        person,
        jaw=chance.uniform(0.94, 1.05),
        length=chance.uniform(0.97, 1.04),
        eyes=chance.uniform(0.95, 1.07),
        nose=chance.uniform(0.9, 1.1),
        mouth=chance.uniform(0.95, 1.06),
        brow=chance.uniform(0.85, 1.15),
    )


def _extra(student: int, chance: Random) -> Appearance:
    """Cast somebody from the crowd: the hairstyles in turn, everything else by chance."""
    style, feminine = EXTRAS[student % len(EXTRAS)]
    skin = chance.randrange(len(SKINS))
    return _person(
        style,
        skin,
        chance.randrange(3 if skin > 1 else len(HAIRS)),
        chance.randrange(len(CLOTHES)),
        chance.choice(("crew", "hoodie", "shirt", "stripes")),
        feminine,
        glasses=chance.choice(("", "", "", "", "round", "square")),
        beard=0.0 if feminine else chance.choice((0.0, 0.0, 0.5)),
    )
