"""Models small enough to write down, for tests of several parts."""

import base64
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataselect.models.encoders.base import unit

# Trained by lmplz, order 3, on: play some jazz | play the blues | some jazz please
ARPA = r"""\data\
ngram 1=9
ngram 2=10
ngram 3=9

\1-grams:
-1.20412	<unk>	0
0	<s>	-0.30103
-0.67264104	</s>	0
-0.9488475	play	-0.30103
-0.78914666	some	-0.30103
-0.9488475	jazz	-0.30103
-0.9488475	the	-0.30103
-0.9488475	blues	-0.30103
-0.9488475	please	-0.30103

\2-grams:
-0.44824514	jazz </s>	0
-0.21734825	blues </s>	0
-0.21734825	please </s>	0
-0.40939963	<s> play	-0.30103
-0.6056943	<s> some	-0.30103
-0.4798441	play some	-0.30103
-0.25473	some jazz	-0.30103
-0.5139239	play the	-0.30103
-0.25473	the blues	-0.30103
-0.5139239	jazz please	-0.30103

\3-grams:
-0.36842942	some jazz </s>
-0.09521685	the blues </s>
-0.09521685	jazz please </s>
-0.38129833	<s> play some
-0.10895064	<s> some jazz
-0.10895064	play some jazz
-0.39456028	<s> play the
-0.10895064	play the blues
-0.39456028	some jazz please

\end\
"""

# The same model by KenLM's build_binary, as a trie.
BINARY = zlib.decompress(
    base64.b85decode(
        "c-qU&O)OBz$yLZGDJihh*U!#KO-"
        "##7%}LQq&d=3P&QD2INXswEO)OC;OD!tS%+FIW<zhg9274f}pAks>2Lg}?BUFYNOdhajf{KAKCsYn*0w<D598kKTPI"
        "0egTPef6?u(}iIyt!yIEpgu*zYCCmGk{$ZSjL_?L|+e)~H)AiQ3lZz0Kv-rsc{TCU8Z1AFl3{Iiz*1>p#rA*$T7vgB"
        "*xt1xRckjJ^7K(SB@vnEOqPbin$V(BxU6{1#R(FrN)go&$}K>_=q3qXQ2P%MZ6%E`Dh}6fgWGw<+USn}$=>PmoNih~"
        "nNFkW-qI8=l$$84gxXCmQdobu7zg-E{a^zOc*X>wHJH-rLT(=w-I!S;@B`V{8vYjgf;{AOvGPvsv(F_rVG8<;+-"
        "kzOPbD*pYr>(Vl$;asl65lg@3>XLH_HZ7%WYE;F+0Y)bR8?HFu|?HCGjQWJ|)8Ip2JQ;QjF^noHJ8L14#`MIe;sl-"
        "Z#ti-A+1^@%ir04"
    )
)


class Overlap:
    """Stands for a detector: the share of words in common, and vectors of words."""

    digest = "0" * 64

    def new_share(self, _: Sequence[str]) -> float:
        return 0.0

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        words = [(set(one.split()), set(other.split())) for one, other in pairs]
        return np.array([len(one & other) / len(one | other) for one, other in words])

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        known = ["play", "some", "jazz", "rain", "now"]
        rows = [[float(word in text.split()) for word in known] for text in texts]
        return unit(np.array(rows, np.float32))

    def describe(self) -> dict[str, Any]:
        return {"sha256": self.digest}
