"""The pools that orders are drawn from: heads (who ordered and how), baskets (what) and notes.

Faker makes them once, from the seed; each row is stored as the JSON text of its attributes, so that an order is a join
of a few fragments. All money is in whole cents, and a basket's amounts agree with each other to the cent.

The pools have patterns for queries: regions take turns through a "day" of `DAY_S` seconds of plan time, each region has
its own share of channels, and marketplace orders are cancelled most.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from loadgen.dynamodb.item import NOTHING, Fragment, fragment

if TYPE_CHECKING:
    from faker import Faker

DAY_S = 64
PHASES = 8
REGIONS = ("AMER", "EMEA", "APAC", "LATAM")
CHANNELS = ("web", "mobile", "store", "marketplace", "phone")

# 16 random bits select a head and a basket; the rows are few enough for a core's cache.
HEADS = 256
BASKETS = 128
NOTES = 64

_CUSTOMERS = 256

_PLACES = 40
_PRODUCTS = 240
_NOTE_SHARE = 0.2
_GIFT_SHARE = 0.1
# Region: locale, country, currency and weight of each market.
_MARKETS = {
    "AMER": (("en_US", "US", "USD", 5), ("en_CA", "CA", "CAD", 2)),
    "EMEA": (("de_DE", "DE", "EUR", 3), ("en_GB", "GB", "GBP", 3), ("fr_FR", "FR", "EUR", 2)),
    "APAC": (("ja_JP", "JP", "JPY", 3), ("en_AU", "AU", "AUD", 2)),
    "LATAM": (("pt_BR", "BR", "BRL", 3), ("es_MX", "MX", "MXN", 2)),
}
_TAX_PER_MILLE = {"AMER": 85, "EMEA": 200, "APAC": 100, "LATAM": 165}
# The share of each region in the orders of each phase of the day.
_REGION_WEIGHTS = {
    "AMER": (2, 1, 1, 3, 6, 8, 7, 4),
    "EMEA": (2, 4, 7, 8, 6, 4, 2, 1),
    "APAC": (7, 8, 5, 3, 1, 1, 2, 5),
    "LATAM": (1, 1, 1, 2, 3, 4, 4, 2),
}
_CHANNEL_WEIGHTS = {
    "AMER": (8, 7, 2, 6, 1),
    "EMEA": (9, 5, 4, 4, 1),
    "APAC": (3, 11, 2, 7, 1),
    "LATAM": (5, 9, 1, 3, 3),
}
_PAYMENTS = ("card", "paypal", "invoice", "transfer", "voucher")
_PAYMENT_WEIGHTS = {
    "web": (10, 7, 3, 2, 1),
    "mobile": (9, 9, 1, 1, 1),
    "store": (12, 1, 1, 1, 3),
    "marketplace": (6, 8, 1, 1, 1),
    "phone": (4, 1, 8, 5, 1),
}
_CATEGORIES = ("furniture", "kitchen", "garden", "books", "toys", "sports", "audio", "lighting")
_PROMOTIONS = ("SPRING10", "WELCOME", "FREESHIP", "BUNDLE3", "LOYALTY", "CLEARANCE")
_NOTE_LOCALES = ("en_US", "ja_JP", "pt_BR", "de_DE")
# Those of Faker's 26 providers whose texts are used here: streets are named after persons. The others only take time.
_PROVIDERS = ("faker.providers.address", "faker.providers.lorem", "faker.providers.person")
_PLACED = fragment({"version": {"N": "1"}, "status": {"S": "placed"}})


class Product(Struct, frozen=True):
    """A product of the catalogue."""

    sku: str
    name: str
    category: str
    unit_price_cents: int

    def attribute(self, quantity: int) -> dict[str, object]:
        """Return the order line for a quantity, as a DynamoDB attribute."""
        return {
            "M": {
                "sku": {"S": self.sku},
                "name": {"S": self.name},
                "category": {"S": self.category},
                "quantity": {"N": str(quantity)},
                "unit_price": {"N": cents(self.unit_price_cents)},
            }
        }


class OrderHead(Struct, frozen=True, gc=False):
    """Who ordered and how: `channel` is an index in CHANNELS, `baskets` are the BASKETS of the region.

    `bare` has the attributes without the customer's note, which may be NOTHING; `placed` has both and the initial
    attributes of every order.
    """

    channel: int
    bare: Fragment
    note: Fragment
    placed: Fragment
    baskets: tuple[Fragment, ...]


class Pools(Struct, frozen=True):
    """The pools of orders: `heads[phase]` has HEADS heads, of the regions in that phase's proportions."""

    heads: tuple[tuple[OrderHead, ...], ...]
    notes: tuple[Fragment, ...]


@lru_cache(maxsize=4)
def build(seed: int) -> Pools:
    """Make the pools: the same seed gives the same pools, which are cached for this process.

    Takes a fifth of a second, two thirds of it in Faker: its import, and its providers of each locale.
    """
    from faker import Faker  # A third of the start-up time, and not needed for the help.

    rng = random.Random(f"pools/{seed}")
    locales = {market[0] for markets in _MARKETS.values() for market in markets} | set(_NOTE_LOCALES)
    fakers = {locale: Faker(locale, providers=[*_PROVIDERS]) for locale in sorted(locales)}
    for locale, faker in fakers.items():
        faker.seed_instance(f"{seed}/{locale}")
    products = _products(rng, fakers["en_US"])
    notes = [
        fragment({"note": {"S": fakers[locale].sentence(6)}})
        for locale in _NOTE_LOCALES
        for _ in range(NOTES // len(_NOTE_LOCALES))
    ]
    heads = [_heads(rng, region, fakers, notes, products) for region in REGIONS]
    return Pools(heads=tuple(_phase(rng, phase, heads) for phase in range(PHASES)), notes=tuple(notes))


def cents(amount: int) -> str:
    """Format an amount of cents as an exact decimal with two digits."""
    return f"{amount // 100}.{amount % 100:02d}"


def _phase(rng: random.Random, phase: int, heads: Sequence[Sequence[OrderHead]]) -> tuple[OrderHead, ...]:
    """Make the heads of a phase of the day, with each region in proportion to its share."""
    weights = [_REGION_WEIGHTS[region][phase] for region in REGIONS]
    return tuple(rng.choice(heads[region]) for region in rng.choices(range(len(REGIONS)), weights, k=HEADS))


def _heads(
    rng: random.Random,
    region: str,
    fakers: Mapping[str, Faker],
    notes: Sequence[Fragment],
    products: Sequence[Product],
) -> tuple[OrderHead, ...]:
    customers = _customers(rng, region, fakers)
    baskets = tuple(_basket(rng, products, _TAX_PER_MILLE[region]) for _ in range(BASKETS))
    heads: list[OrderHead] = []
    for _ in range(HEADS):
        channel, how = _session(rng, region)
        bare = rng.choice(customers) + how
        note = rng.choice(notes) if rng.random() < _NOTE_SHARE else NOTHING
        heads.append(OrderHead(channel, bare, note, _PLACED + bare + note, baskets))
    return tuple(heads)


def _customers(rng: random.Random, region: str, fakers: Mapping[str, Faker]) -> tuple[Fragment, ...]:
    markets = _MARKETS[region]
    places = {
        locale: [
            (fakers[locale].street_address(), fakers[locale].city(), fakers[locale].postcode()) for _ in range(_PLACES)
        ]
        for locale, *_ in markets
    }
    customers: list[Fragment] = []
    for number in range(_CUSTOMERS):
        locale, country, currency, _ = rng.choices(markets, [market[3] for market in markets])[0]
        street, city, postcode = rng.choice(places[locale])
        address = {"street": street, "city": city, "postcode": postcode, "country": country}
        customers.append(
            fragment(
                {
                    "customer_id": {"S": f"{region}-{number:05d}"},
                    "region": {"S": region},
                    "country": {"S": country},
                    "currency": {"S": currency},
                    "shipping_address": {"M": {name: {"S": text} for name, text in address.items()}},
                }
            )
        )
    return tuple(customers)


def _products(rng: random.Random, faker: Faker) -> list[Product]:
    """Make the catalogue: cheap products are common, expensive ones rare."""
    return [
        Product(
            sku=f"SKU-{number:04d}",
            name=" ".join(faker.words(2)).title(),
            category=rng.choice(_CATEGORIES),
            unit_price_cents=round(rng.lognormvariate(3.4, 0.9) * 100) + 99,
        )
        for number in range(_PRODUCTS)
    ]


def _basket(rng: random.Random, products: Sequence[Product], tax_per_mille: int) -> Fragment:
    lines = rng.sample(products, rng.choices((1, 2, 3, 4), (5, 5, 3, 2))[0])
    quantities = rng.choices((1, 2, 3, 5, 10), (12, 4, 2, 1, 1), k=len(lines))
    subtotal = sum(line.unit_price_cents * quantity for line, quantity in zip(lines, quantities, strict=True))
    promotions = sorted(rng.sample(_PROMOTIONS, rng.choices((0, 1, 2), (14, 5, 1))[0]))
    discount = subtotal * 10 * len(promotions) // 100
    tax = ((subtotal - discount) * tax_per_mille + 500) // 1000
    shipping_fee = 0 if subtotal >= 10_000 else rng.choice((490, 690, 1290))
    attributes: dict[str, dict[str, object]] = {
        "item_count": {"N": str(sum(quantities))},
        "subtotal": {"N": cents(subtotal)},
        "discount": {"N": cents(discount)},
        "tax": {"N": cents(tax)},
        "shipping_fee": {"N": cents(shipping_fee)},
        "total": {"N": cents(subtotal - discount + tax + shipping_fee)},
        "line_items": {"L": [line.attribute(quantity) for line, quantity in zip(lines, quantities, strict=True)]},
    }
    if promotions:
        attributes["promotions"] = {"SS": promotions}
    return fragment(attributes)


def _session(rng: random.Random, region: str) -> tuple[int, Fragment]:
    """Draw a channel and its way of ordering."""
    channel = rng.choices(range(len(CHANNELS)), _CHANNEL_WEIGHTS[region])[0]
    name = CHANNELS[channel]
    payment = rng.choices(_PAYMENTS, _PAYMENT_WEIGHTS[name])[0]
    attributes = {
        "channel": {"S": name},
        "payment_method": {"S": payment},
        "gift": {"BOOL": rng.random() < _GIFT_SHARE},
    }
    return channel, fragment(attributes)
