/** The part of a pass that is about secrets: observe, decide, and set rotations going. */
import type { Config, RealmConfig } from "../config/types.js";
import { isRealm } from "../decide/facts.js";
import { decideRotation } from "../decide/rotation.js";
import type { RotationDecision } from "../decide/rotation-facts.js";
import type { Finding } from "../errors.js";
import type { Observation, SsoAppPort } from "../ports.js";
import { cleanUp } from "./clean-up.js";
import { issuerOf } from "./observe.js";
import { rotate } from "./rotate.js";
import { secretsDistrust } from "./rotate-tools.js";
import type { RotationOutcome, RotationTools } from "./rotate-tools.js";
import { byApp, observeSecrets, orderOf } from "./secrets.js";
import type { AppRealms } from "./secrets.js";

export interface RenewTools extends Omit<RotationTools, "app" | "distrust"> {
  readonly config: Config;
  readonly clusterId: () => string;
  readonly ssoApp: (clientId: string) => SsoAppPort;
  readonly serverTime: Parameters<typeof observeSecrets>[3]["serverTime"];
}

export interface Renewed {
  readonly decisions: readonly RotationDecision[];
  readonly findings: readonly Finding[];
  /** Rotations that go on beside the passes; they never reject but when aborted. */
  readonly rotations: readonly Promise<RotationOutcome>[];
}

/** What is asked of the secrets' part of a pass; see `PassOrder`. */
export interface RenewOrder {
  readonly realms: readonly RealmConfig[];
  readonly rotate: ReadonlySet<string>;
  readonly patient?: boolean;
}

/**
 * @param busy apps whose rotation was under way before the keys were read: nothing is decided anew
 * @param mayWrite false: only says what it would do
 * @param lasting aborts what outlives this pass
 */
export async function renewSecrets(
  order: RenewOrder,
  observation: Observation,
  busy: ReadonlySet<string>,
  mayWrite: boolean,
  tools: RenewTools,
  signal: AbortSignal,
  lasting: AbortSignal,
): Promise<Renewed> {
  const apps = await Promise.all(
    byApp(order.realms).map((app) =>
      renewApp(
        app,
        observation,
        order,
        mayWrite && !busy.has(app.clientId),
        tools,
        signal,
        lasting,
      ),
    ),
  );
  return {
    decisions: apps.map(({ decision }) => decision),
    findings: apps.flatMap(({ findings }) => findings),
    rotations: apps.flatMap(({ rotation }) => rotation ?? []),
  };
}

interface AppRenewed {
  readonly decision: RotationDecision;
  readonly findings: readonly Finding[];
  readonly rotation?: Promise<RotationOutcome>;
}

async function renewApp(
  app: AppRealms,
  observation: Observation,
  { rotate: ordered, patient = false }: RenewOrder,
  mayWrite: boolean,
  shared: RenewTools,
  signal: AbortSignal,
  lasting: AbortSignal,
): Promise<AppRenewed> {
  const ssoApp = shared.ssoApp(app.clientId);
  const distrust = secretsDistrust(app.realms, issuerOf(shared.config));
  const tools: RotationTools = { ...shared, app: ssoApp, distrust };
  const awaited = app.realms.some(({ name }) => ordered.has(name));
  const observed = await observeSecrets(
    app,
    observation,
    { ordered: awaited, patient },
    {
      app: ssoApp,
      watch: shared.watch,
      rotations: shared.rotations,
      own: (clientId) => shared.journal.secrets.all(clientId),
      distrust,
      config: shared.config.rotation,
      clusterId: shared.clusterId(),
      clock: shared.clock,
      serverTime: shared.serverTime,
    },
    signal,
  );
  const decision = decideRotation(observed.facts);
  const findings = [...distrusted(app, observation, distrust), ...decision.findings];
  if (!mayWrite || observed.facts.running) {
    // The order is for a new secret, and one is on its way.
    const underWay = awaited ? shared.rotations.join(app.clientId) : undefined;
    return { decision, findings, ...(underWay && { rotation: underWay }) };
  }
  if (decision.remove.length > 0) {
    const held = app.realms.filter(({ name }) => observed.keys.has(name)).map(({ name }) => name);
    findings.push(...(await cleanUp(decision.remove, held, tools, signal)).findings);
  }
  if (decision.rotate === undefined) return { decision, findings };
  const toDo = orderOf(observed, decision.rotate);
  return { decision, findings, rotation: rotate(toDo, tools, lasting) };
}

function distrusted(
  app: AppRealms,
  { access }: Observation,
  distrust: RotationTools["distrust"],
): readonly Finding[] {
  return app.realms.flatMap(({ name }) => {
    const read = access.realms.get(name);
    return isRealm(read) ? distrust(name, read) : (read ?? []);
  });
}
