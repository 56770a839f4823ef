import { decodeJwt } from "jose";
import { drop, put } from "../directory.js";
import { namedCertificate, verifySignature } from "../login/client.js";
import type { Application } from "../tables.js";
import { certificateRow } from "../world/apps.js";
import {
  applicationIn,
  bothSpellings,
  demandWrite,
  refuseConcurrent,
} from "./application-access.js";
import { type Call, type GraphAnswer, isUuid, type Route } from "./call.js";
import { bodyOf, type Kinds } from "./body.js";
import { GraphError, GRAPH_ERRORS } from "./errors.js";
import { contextOf } from "./query.js";
import { certificateResource } from "./resources.js";

/** Whom a proof of possession is addressed to (Microsoft: "generate proof of possession tokens"). */
const PROOF_AUDIENCE = "00000002-0000-0000-c000-000000000000";
const PROOF_LIFETIME_S = 600;
const TOLERANCE_S = 300;

function badProof(): GraphError {
  return new GraphError(
    401,
    "Authentication_MissingOrMalformed",
    "Access Token missing or malformed.",
  );
}

const KEY: Kinds = {
  customKeyIdentifier: "text?",
  displayName: "text?",
  endDateTime: "text?",
  key: "text?",
  keyId: "text?",
  startDateTime: "text?",
  type: "text?",
  usage: "text?",
};

/** A proof is signed by a certificate that the app still holds and that has not ended. */
async function checkProof(call: Call, app: Application, proof: unknown): Promise<void> {
  if (typeof proof !== "string" || proof.includes("=")) throw badProof();
  try {
    const certificate = namedCertificate(call.view, app, proof);
    if (!certificate || call.service.clock.now() >= certificate.end) throw badProof();
    await verifySignature(certificate, proof);
    const { aud, iss, nbf = 0, exp = 0 } = decodeJwt(proof);
    const now = call.service.assertionNow() / 1000;
    const timely = now >= nbf - TOLERANCE_S && now < exp + TOLERANCE_S;
    if (aud !== PROOF_AUDIENCE || iss !== app.id || exp - nbf > PROOF_LIFETIME_S || !timely) {
      throw badProof();
    }
  } catch {
    throw badProof();
  }
}

/** An app rolls its own certificate without any permission; for another's it must own it. */
function demandSelfOrWrite(call: Call, app: Application): void {
  if (call.caller.appId !== app.appId) demandWrite(call, app);
}

async function addKey(call: Call): Promise<GraphAnswer> {
  const app = applicationIn(call);
  demandSelfOrWrite(call, app);
  const body = bodyOf(call, {
    keyCredential: KEY,
    passwordCredential: "any",
    proof: "any",
  });
  await checkProof(call, app, body.proof);
  const { type, usage, key, displayName } = (body.keyCredential ?? {}) as Record<string, unknown>;
  if (type !== "AsymmetricX509Cert" || usage !== "Verify" || typeof key !== "string") {
    throw GRAPH_ERRORS.bad("The key credential is not a certificate for 'Verify'.");
  }
  refuseConcurrent(call, app);
  const pem = `-----BEGIN CERTIFICATE-----\n${key}\n-----END CERTIFICATE-----`;
  const row = certificateRow(
    pem,
    call.service.random.uuid(),
    typeof displayName === "string" ? displayName : "certificate",
  );
  call.service.directory.write(put("certificate", app.id, row, row.keyId));
  const context = contextOf(call, "microsoft.graph.keyCredential");
  return { status: 200, body: { "@odata.context": context, ...certificateResource(row) } };
}

async function removeKey(call: Call): Promise<GraphAnswer> {
  const app = applicationIn(call);
  demandSelfOrWrite(call, app);
  const { keyId, proof } = bodyOf(call, { keyId: "any", proof: "any" });
  await checkProof(call, app, proof);
  if (typeof keyId !== "string" || !isUuid(keyId)) {
    throw GRAPH_ERRORS.bad("A value of type 'Edm.Guid' is required for parameter 'keyId'.");
  }
  if (!call.view.get("certificate", app.id, keyId)) {
    throw GRAPH_ERRORS.bad(`No key credential found with keyId '${keyId}'.`);
  }
  refuseConcurrent(call, app);
  call.service.directory.write(drop("certificate", app.id, keyId));
  return { status: 204 };
}

export const keyRoutes: Route[] = [
  ...bothSpellings({ method: "POST", path: "/addKey", handle: addKey }),
  ...bothSpellings({ method: "POST", path: "/removeKey", handle: removeKey }),
];
