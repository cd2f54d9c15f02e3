"""The shelf of entities: one file for each region."""

from __future__ import annotations

from tilth.entities.entity import Entity
from tilth.shelf import Shelf

REGIONS: Shelf[tuple[Entity, ...]] = Shelf(
    "region",
    "entities",
    {
        "north_america": "tilth.entities.regions.north_america:ENTITIES",
        "latin_america": "tilth.entities.regions.latin_america:ENTITIES",
        "british_isles": "tilth.entities.regions.british_isles:ENTITIES",
        "western_europe": "tilth.entities.regions.western_europe:ENTITIES",
        "central_europe": "tilth.entities.regions.central_europe:ENTITIES",
        "southern_europe": "tilth.entities.regions.southern_europe:ENTITIES",
        "northern_europe": "tilth.entities.regions.northern_europe:ENTITIES",
        "eastern_europe": "tilth.entities.regions.eastern_europe:ENTITIES",
        "asia_pacific": "tilth.entities.regions.asia_pacific:ENTITIES",
        "middle_east_africa": "tilth.entities.regions.middle_east_africa:ENTITIES",
        "common": "tilth.entities.regions.common:ENTITIES",
    },
)
