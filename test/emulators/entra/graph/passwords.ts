import { parseDate } from "../dates.js";
import { drop, put } from "../directory.js";
import type { SecretPolicy } from "../settings.js";
import type { Application, Secret } from "../tables.js";
import { newSecretText } from "../world/secret-text.js";
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
import { secretResource } from "./resources.js";

const DAY_MS = 86_400_000;
const CREDENTIAL: Kinds = {
  customKeyIdentifier: "text?",
  displayName: "text?",
  endDateTime: "text?",
  hint: "text?",
  keyId: "text?",
  secretText: "text?",
  startDateTime: "text?",
};

function policyFor(call: Call, app: Application): SecretPolicy | undefined {
  const { appPolicies, tenantPolicy } = call.service.settings;
  return appPolicies.get(app.id) ?? tenantPolicy;
}

/** App management policies speak when a secret is made, never when it is used. */
function obeyPolicy(policy: SecretPolicy | undefined, start: number, end: number): void {
  if (!policy) return;
  if (policy.secretsForbidden) {
    throw new GraphError(
      400,
      "CredentialTypeNotAllowedAsPerAppPolicy",
      `Credential type not allowed as per assigned policy '${policy.name}'.`,
    );
  }
  const cap = policy.maxLifetimeDays;
  if (cap !== undefined && end - start > cap * DAY_MS) {
    throw new GraphError(
      400,
      "CredentialInvalidLifetimeAsPerAppPolicy",
      `Credential lifetime exceeds the max value allowed as per assigned policy '${policy.name}'.`,
    );
  }
}

function dateOr(value: unknown, name: string, otherwise: number): number {
  if (value === undefined || value === null) return otherwise;
  const ms = parseDate(value);
  if (ms === undefined) {
    throw GRAPH_ERRORS.bad(
      `Cannot convert the literal '${JSON.stringify(value)}' of property '${name}' to the expected type 'Edm.DateTimeOffset'.`,
    );
  }
  return ms;
}

/** Two years from the start, where no end is said. */
function twoYearsAfter(start: number): number {
  const end = new Date(start);
  return end.setUTCFullYear(end.getUTCFullYear() + 2);
}

function wantedCredential(call: Call): Record<string, unknown> {
  const given = bodyOf(call, { passwordCredential: "any" }).passwordCredential ?? {};
  return bodyOf({ body: given }, CREDENTIAL);
}

function addPassword(call: Call): GraphAnswer {
  const { service } = call;
  const app = applicationIn(call);
  demandWrite(call, app);
  const wanted = wantedCredential(call);
  const now = service.clock.now();
  const start = dateOr(wanted.startDateTime, "startDateTime", now);
  const end = dateOr(wanted.endDateTime, "endDateTime", twoYearsAfter(start));
  if (end <= start || end <= now) throw GRAPH_ERRORS.bad("Credential end date is invalid.");
  obeyPolicy(policyFor(call, app), start, end);
  refuseConcurrent(call, app);
  const secret: Secret = {
    keyId: service.random.uuid(),
    displayName: typeof wanted.displayName === "string" ? wanted.displayName : null,
    secretText: newSecretText(service.random),
    start,
    end,
  };
  service.world.noteSecret(secret.secretText);
  service.directory.write(put("secret", app.id, secret, secret.keyId));
  return {
    status: 200,
    body: {
      "@odata.context": contextOf(call, "microsoft.graph.passwordCredential"),
      ...secretResource(secret),
      secretText: secret.secretText,
    },
  };
}

/** Asks the replica of this request: a secret that it has not learnt of cannot be removed. */
function removePassword(call: Call): GraphAnswer {
  const app = applicationIn(call);
  demandWrite(call, app);
  const { keyId } = bodyOf(call, { keyId: "any" });
  if (typeof keyId !== "string" || !isUuid(keyId)) {
    throw GRAPH_ERRORS.bad("A value of type 'Edm.Guid' is required for parameter 'keyId'.");
  }
  if (!call.view.get("secret", app.id, keyId)) {
    throw GRAPH_ERRORS.bad(`No password credential found with keyId '${keyId}'.`);
  }
  refuseConcurrent(call, app);
  call.service.directory.write(drop("secret", app.id, keyId));
  return { status: 204 };
}

export const passwordRoutes: Route[] = [
  ...bothSpellings({ method: "POST", path: "/addPassword", handle: addPassword }),
  ...bothSpellings({ method: "POST", path: "/removePassword", handle: removePassword }),
];
