import { X509Certificate } from "node:crypto";
import { shortDate } from "../dates.js";
import { drop, put, type Write } from "../directory.js";
import { APPLICATION_ROLES, GRAPH_APP_ID, type Role } from "../roles.js";
import type {
  Application,
  Certificate,
  OptionalClaim,
  Secret,
  ServicePrincipal,
} from "../tables.js";
import type { WorldContext } from "./context.js";
import { principalOf, theApp, theObjectId, thePrincipal } from "./find.js";
import { newSecretText } from "./secret-text.js";

const DAY_MS = 86_400_000;

export interface NewApp {
  displayName: string;
  id?: string;
  appId?: string;
  redirectUris?: string[];
  /** Application permissions of Microsoft Graph, consented to. */
  roles?: Role[];
  /** Owners: users by id or UPN, apps by object id, app id or name. `self`: its own principal. */
  owners?: string[];
  /** A certificate (PEM) that it may sign in with. */
  certificate?: string;
  /** Optional claims of its ID tokens, such as `upn`. */
  idTokenClaims?: (string | Partial<OptionalClaim>)[];
  groupMembershipClaims?: string | null;
  signInAudience?: string;
}

/** An app registration with its service principal. */
export interface AppIds {
  /** Object id of the application. */
  id: string;
  appId: string;
  /** Object id of the service principal. */
  principalId: string;
}

export interface NewSecret {
  /** Days from its start to its end; 180 by default. */
  days?: number;
  /** Milliseconds since 1970; now by default. */
  start?: number;
  end?: number;
  displayName?: string | null;
}

function optionalClaim(claim: string | Partial<OptionalClaim>): OptionalClaim {
  const given = typeof claim === "string" ? { name: claim } : claim;
  return { name: "", source: null, essential: false, additionalProperties: [], ...given };
}

/** A certificate's row from its PEM. */
export function certificateRow(pem: string, keyId: string, displayName: string): Certificate {
  const parsed = new X509Certificate(pem);
  const print = (hex: string): string =>
    Buffer.from(hex.replaceAll(":", ""), "hex").toString("base64url");
  return {
    keyId,
    displayName,
    start: Date.parse(parsed.validFrom),
    end: Date.parse(parsed.validTo),
    der: parsed.raw.toString("base64"),
    sha1: print(parsed.fingerprint),
    sha256: print(parsed.fingerprint256),
  };
}

function ownerId(ctx: WorldContext, ref: string): string {
  try {
    return thePrincipal(ctx, ref).id;
  } catch {
    return theObjectId(ctx, ref);
  }
}

/** Orders about app registrations, which are meant by object id, app id or display name. */
export interface AppOrders {
  addApp(wanted: NewApp): AppIds;
  editApp(ref: string, change: Partial<Application>): Application;
  /** A secret as an administrator makes one in the portal. */
  addSecret(ref: string, wanted?: NewSecret): Secret;
  removeSecretByHand(ref: string, keyId: string): void;
  /** The secrets of an app, as the truth has them, oldest first. */
  secretsOf(ref: string): Secret[];
  /** The text of every secret that this emulator ever made, to look for it where it must not be. */
  secretTexts(): readonly string[];
  /** Notes a secret that a request made. */
  noteSecret(text: string): void;
  addCertificate(ref: string, pem: string, displayName?: string): Certificate;
  removeCertificate(ref: string, keyId: string): void;
  /** Consents to an application permission of Microsoft Graph; tokens issued later carry it. */
  grantRole(ref: string, role: Role): void;
  revokeRole(ref: string, role: Role): void;
  setOwner(ref: string, owner: string): void;
  removeOwner(ref: string, owner: string): void;
  disableApp(ref: string): void;
  enableApp(ref: string): void;
  /** Only people with an assignment may sign in to this app. */
  requireAssignment(ref: string, required?: boolean): void;
  app(ref: string): Application;
  principal(ref: string): ServicePrincipal;
}

export function appOrders(ctx: WorldContext): AppOrders {
  const { directory, random } = ctx;
  const { truth } = directory;
  const secretsMade: string[] = [];
  const roleWrites = (principalId: string, roles: readonly Role[]): Write[] =>
    roles.map((role) => {
      const id = random.uuid();
      const resourceId = principalOf(truth, GRAPH_APP_ID)?.id ?? "";
      const createdDateTime = shortDate(ctx.clock.now());
      const appRoleId = APPLICATION_ROLES[role];
      return put(
        "appRole",
        principalId,
        { id, appRoleId, principalId, resourceId, createdDateTime },
        id,
      );
    });
  const setEnabled = (ref: string, accountEnabled: boolean): void => {
    const principal = thePrincipal(ctx, ref);
    directory.write(put("servicePrincipal", principal.id, { ...principal, accountEnabled }));
  };
  const editApp = (ref: string, change: Partial<Application>): Application => {
    const changed = { ...theApp(ctx, ref), ...change };
    directory.write(put("application", changed.id, changed));
    return changed;
  };
  const setOwner = (ref: string, owner: string): void =>
    directory.write(put("owner", theApp(ctx, ref).id, true, ownerId(ctx, owner)));
  const addCertificate = (ref: string, pem: string, displayName = "emulated"): Certificate => {
    const certificate = certificateRow(pem, random.uuid(), displayName);
    directory.write(put("certificate", theApp(ctx, ref).id, certificate, certificate.keyId));
    return certificate;
  };
  return {
    addApp(wanted: NewApp): AppIds {
      const ids = {
        id: wanted.id ?? random.uuid(),
        appId: wanted.appId ?? random.uuid(),
        principalId: random.uuid(),
      };
      const application: Application = {
        id: ids.id,
        appId: ids.appId,
        displayName: wanted.displayName,
        createdDateTime: shortDate(ctx.clock.now()),
        signInAudience: wanted.signInAudience ?? "AzureADMyOrg",
        identifierUris: [],
        redirectUris: wanted.redirectUris ?? [],
        groupMembershipClaims: wanted.groupMembershipClaims ?? null,
        idTokenClaims: (wanted.idTokenClaims ?? []).map(optionalClaim),
        requiredResourceAccess: [],
        tags: [],
        notes: null,
        description: null,
      };
      directory.write(
        put("application", ids.id, application),
        put("servicePrincipal", ids.principalId, {
          id: ids.principalId,
          appId: ids.appId,
          displayName: wanted.displayName,
          accountEnabled: true,
          appRoleAssignmentRequired: false,
          appRoles: [],
          oauth2PermissionScopes: [],
          tags: [],
        }),
        ...roleWrites(ids.principalId, wanted.roles ?? []),
      );
      for (const owner of wanted.owners ?? []) {
        setOwner(ids.id, owner === "self" ? ids.principalId : owner);
      }
      if (wanted.certificate !== undefined) addCertificate(ids.id, wanted.certificate);
      return ids;
    },
    editApp,
    addSecret(ref: string, wanted: NewSecret = {}): Secret {
      const start = wanted.start ?? ctx.clock.now();
      const secret: Secret = {
        keyId: random.uuid(),
        displayName: wanted.displayName ?? null,
        secretText: newSecretText(random),
        start,
        end: wanted.end ?? start + (wanted.days ?? 180) * DAY_MS,
      };
      secretsMade.push(secret.secretText);
      directory.write(put("secret", theApp(ctx, ref).id, secret, secret.keyId));
      return secret;
    },
    removeSecretByHand(ref: string, keyId: string): void {
      directory.write(drop("secret", theApp(ctx, ref).id, keyId));
    },
    secretsOf: (ref: string): Secret[] =>
      [...truth.held("secret", theApp(ctx, ref).id).values()].sort((x, y) => x.start - y.start),
    secretTexts: (): readonly string[] => secretsMade,
    noteSecret: (text: string): void => void secretsMade.push(text),
    addCertificate,
    removeCertificate(ref: string, keyId: string): void {
      directory.write(drop("certificate", theApp(ctx, ref).id, keyId));
    },
    grantRole(ref: string, role: Role): void {
      directory.write(...roleWrites(thePrincipal(ctx, ref).id, [role]));
    },
    revokeRole(ref: string, role: Role): void {
      const { id } = thePrincipal(ctx, ref);
      const held = [...truth.held("appRole", id).values()];
      const ended = held.filter((row) => row.appRoleId === APPLICATION_ROLES[role]);
      directory.write(...ended.map((row) => drop("appRole", id, row.id)));
    },
    setOwner,
    removeOwner(ref: string, owner: string): void {
      directory.write(drop("owner", theApp(ctx, ref).id, ownerId(ctx, owner)));
    },
    disableApp: (ref: string): void => setEnabled(ref, false),
    enableApp: (ref: string): void => setEnabled(ref, true),
    requireAssignment(ref: string, required = true): void {
      const principal = thePrincipal(ctx, ref);
      const changed = { ...principal, appRoleAssignmentRequired: required };
      directory.write(put("servicePrincipal", principal.id, changed));
    },
    app: (ref: string): Application => theApp(ctx, ref),
    principal: (ref: string) => thePrincipal(ctx, ref),
  };
}
