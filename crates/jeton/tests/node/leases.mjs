// Verifies leases with jose, as a product written in JavaScript would.
//
// Standard input is JSON: `leases`, each a `lease` and the second `at` which it is looked at; `jwks`, or the `url` of
// one; `leeway_s`. Standard output is, for each lease, its `claims`, or the `error` for which it was refused.

import { text } from "node:stream/consumers";
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from "jose";

const asked = JSON.parse(await text(process.stdin));
const keys = asked.url ? createRemoteJWKSet(new URL(asked.url)) : createLocalJWKSet(asked.jwks);

// The key that the lease names, and no other that might fit.
const named = (header, token) => {
  if (header.kid === undefined) throw new Error("it names no key");
  return keys(header, token);
};

const told = [];
for (const { lease, at } of asked.leases) {
  try {
    const { payload } = await jwtVerify(lease, named, {
      algorithms: ["Ed25519", "EdDSA"],
      requiredClaims: ["exp"],
      currentDate: new Date(at * 1000),
      clockTolerance: asked.leeway_s,
    });
    told.push({ claims: payload });
  } catch (error) {
    told.push({ error: `${error.code ?? error.name}: ${error.message}` });
  }
}
console.log(JSON.stringify(told));
