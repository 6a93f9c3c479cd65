"""Verifies leases with joserfc, as a product written in Python would.

Standard input is JSON: `leases`, each a `lease` and the second `at` which it is looked at; `jwks`, or the `url` of one;
`leeway_s`. Standard output is, for each lease, its `claims`, or the `error` for which it was refused.
"""

import json
import sys
import urllib.request

from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

ALGORITHMS = ["Ed25519", "EdDSA"]


def main() -> None:
    asked = json.load(sys.stdin)
    if "url" in asked:
        with urllib.request.urlopen(asked["url"]) as answer:
            asked["jwks"] = json.load(answer)
    keys = KeySet.import_key_set(asked["jwks"])
    json.dump([verified(lease, keys, asked["leeway_s"]) for lease in asked["leases"]], sys.stdout)


def verified(asked: dict, keys: KeySet, leeway_s: int) -> dict:
    try:
        # The key that the lease names, and the algorithm that the key is for.
        kid = extract_compact(asked["lease"].encode()).headers()["kid"]
        key = next(key for key in keys.keys if key.kid == kid)
        token = jwt.decode(asked["lease"], key, algorithms=[name for name in ALGORITHMS if name == key.alg])
        registry = jwt.JWTClaimsRegistry(now=asked["at"], leeway=leeway_s, exp={"essential": True})
        registry.validate(token.claims)
    except Exception as error:  # noqa: BLE001 - whatever it is that it is refused for
        return {"error": f"{type(error).__name__}: {error}"}
    return {"claims": token.claims}


main()
