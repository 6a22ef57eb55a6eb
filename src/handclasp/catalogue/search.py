"""Finds causes by plain words of either language, typing errors included. Small enough to index at each call.

Words are weighed by how rare they are and by where they stand (slug, title and what people call it over the rest); two words
that stand side by side in both say more than each alone. A word that the catalogue does not have is replaced by the known words
that share most of its trigrams. Chinese is cut into pairs of characters. Words that can only be about upstreams favour those.
"""

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from handclasp.catalogue import causes
from handclasp.catalogue.cause import Outline
from handclasp.model.verdict import Side

SLUG, TITLE, BODY = 3.0, 3.0, 1.0
SAME_ENOUGH = 0.5
SLIP = 0.8
PAIR = 1.6
OTHER_SIDE = 0.7
# Words that say nothing about a cause; several are frequent in questions and rare in the catalogue, which would weigh them up.
_STOP = frozenset(
    """
    a an and are as at be but by can cannot could do does doesn for from get gets getting give gives has have how i if
    in into is it its keep keeps my me not of on or our so t that the their then there they this to was we what when
    where which while why will with you your nginx mtls always anyone help please after before says say see seen only
    still error errors problem issue using use
    """.split()  # noqa: SIM905 - a list of these would be a page of quotes
)
_SYNONYMS = {
    "cert": "certificate", "certs": "certificate", "certificates": "certificate", "mutual": "client", "outdated": "expired",
    "blacklisted": "revoked", "banned": "revoked", "backend": "upstream", "origin": "upstream", "hostname": "name",
    "p12": "pkcs12", "pfx": "pkcs12", "phone": "app", "mobile": "app", "android": "app", "ios": "app", "iphone": "app",
    "ca's": "ca", "cas": "ca", "intermediates": "intermediate", "roots": "root", "popup": "prompt", "picker": "dialog",
    "restart": "reload", "websocket": "connection", "websockets": "connection", "wss": "connection",
}  # fmt: skip
_CHINESE = {
    "撤销": "吊销", "后端": "上游", "源站": "上游", "双向tls": "双向认证", "过期了": "过期", "到期": "过期", "手机": "应用",
    "安卓": "应用", "目录": "路径",
}  # fmt: skip
# Words of questions that say nothing; cutting them out keeps their halves from pairing with others.
_FILLING = re.compile(
    "怎么办|怎么|为什么|如何|什么|需要|可以|不能|能够|之后|以后|然后|一个|这个|那个|已经|仍然|还是|只让|都|了|里|的|吗|呢|把|请问"
)
# Characters that say nothing when they stand alone.
_ALONE = "后前时上中下在是有和与用还能不就也"
_UPSTREAM = re.compile(r"upstream|backend|origin|proxy_pass|proxy_ssl|\b502\b|上游|后端|源站|反向代理", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hit:
    """A cause that was found; `score` is the share of the asked words' weight it covers, about 0 to 1."""

    slug: str
    score: float


def search(query: str, *, limit: int = 5) -> tuple[Hit, ...]:
    """Causes for these words, best first; empty when nothing of them is known."""
    index = _index()
    scores: dict[str, float] = defaultdict(float)
    asked = 0.0
    words = _words(query)
    for word in dict.fromkeys(words):
        alike = index.alike(word)
        rarity = index.rarity(alike[0][0]) if alike else index.unknown
        asked += rarity
        best: dict[str, float] = {}
        for known, likeness in alike:
            for slug, weight in index.places[known].items():
                best[slug] = max(best.get(slug, 0.0), likeness * likeness * weight * rarity)
        for slug, score in best.items():
            scores[slug] += score
    for pair in dict.fromkeys(_pairs(words)):
        for slug, weight in index.places.get(pair, {}).items():
            scores[slug] += PAIR * weight / TITLE * index.rarity(pair)
    if about_upstream(query):
        scores = {slug: score * (OTHER_SIDE if index.sides[slug] is Side.CLIENT else 1) for slug, score in scores.items()}
    order = {slug: place for place, slug in enumerate(causes.slugs())}
    ranked = sorted(scores.items(), key=lambda item: (-item[1], order[item[0]]))
    return tuple(Hit(slug, score / (asked * TITLE)) for slug, score in ranked[:limit])


def about_upstream(text: str) -> bool:
    """Whether words of it belong to nginx's own connections and to no client's."""
    return bool(_UPSTREAM.search(text))


class _Index:
    def __init__(self, outlines: tuple[Outline, ...]) -> None:
        self.sides = {outline.slug: outline.side for outline in outlines}
        self.places: dict[str, dict[str, float]] = defaultdict(dict)
        for outline in outlines:
            for word, weight in _weights(outline).items():
                self.places[word][outline.slug] = weight
        self.count = len(outlines)
        self.unknown = math.log(1 + self.count)
        self.trigrams = {word: _trigrams(word) for word in self.places if word.isascii() and " " not in word}

    def rarity(self, word: str) -> float:
        """The weight of a known word: the fewer causes have it, the more it says."""
        return math.log(1 + self.count / len(self.places[word]))

    def alike(self, word: str) -> list[tuple[str, float]]:
        """Known words for `word` with their likeness: itself, or those that share most of its trigrams."""
        if word in self.places:
            return [(word, 1.0)]
        if not word.isascii() or len(word) < 4:
            return []
        mine = _trigrams(word)
        near = ((known, _slip(word, known) or _dice(mine, theirs)) for known, theirs in self.trigrams.items())
        return sorted((pair for pair in near if pair[1] >= SAME_ENOUGH), key=lambda pair: -pair[1])[:3]


@cache
def _index() -> _Index:
    return _Index(causes.outlines())


def _weights(outline: Outline) -> dict[str, float]:
    """Words of one cause; a word counts by its best place, and a little more when it comes again."""
    weights: dict[str, float] = {}
    body = [outline.summary, outline.tell_apart]
    fields = [(SLUG, outline.slug.replace("-", " ")), *((TITLE, text) for text in (outline.title.en, outline.title.zh))]
    fields += [(TITLE, text) for text in outline.keywords]
    fields += [(BODY, text) for both in body for text in (both.en, both.zh)]
    fields += [(BODY, " ".join((*symptom.variants, *symptom.logs, symptom.seen or ""))) for symptom in outline.symptoms]
    for weight, text in fields:
        words = _words(text)
        for word, times in Counter((*words, *_pairs(words))).items():
            weights[word] = max(weights.get(word, 0.0), weight) + 0.1 * min(times, 3)
    return weights


def _words(text: str) -> list[str]:
    found: list[str] = []
    for run in re.findall(r"[a-z0-9_$']+|[\u3400-\u9fff]+", text.lower()):
        if run[0] >= "\u3400":
            for said, ours in _CHINESE.items():
                run = run.replace(said, ours)  # noqa: PLW2901
            for part in filter(None, _FILLING.split(run)):
                found += [part[place : place + 2] for place in range(len(part) - 1)] or ([] if part in _ALONE else [part])
        else:
            found += [_stem(part) for part in dict.fromkeys((run, *run.strip("$").split("_"))) if part and part not in _STOP]
    return found


def _pairs(words: list[str]) -> list[str]:
    """Words of Latin letters that stand side by side."""
    return [f"{one} {other}" for one, other in pairwise(words) if one.isascii() and other.isascii() and one != other]


def _stem(word: str) -> str:
    word = _SYNONYMS.get(word, word)
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4 and not word.endswith("ss"):
            return word.removesuffix(ending)
    return word


def _trigrams(word: str) -> frozenset[str]:
    padded = f"  {word} "
    return frozenset(padded[place : place + 3] for place in range(len(padded) - 2))


def _slip(word: str, known: str) -> float:
    """Two letters in each other's place, the typing error that trigrams forgive least: 0 when it is not that."""
    if len(word) != len(known) or sorted(word) != sorted(known):
        return 0.0
    return SLIP if sum(mine != theirs for mine, theirs in zip(word, known, strict=True)) == 2 else 0.0


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other))
