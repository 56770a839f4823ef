/** Where health is served after reloads, good and bad ones. */
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { request } from "undici";
import type { HealthConfig } from "../src/config/types.js";
import { HealthDoor } from "../src/daemon/health-door.js";
import { Counters, createHealth } from "../src/health/index.js";
import type { Health } from "../src/health/index.js";
import { silentLog } from "../src/log.js";
import { well } from "./health-common.js";
import { freePort, OWN_ADDRESS } from "./support/free-port.js";

const make = (config: HealthConfig): Health =>
  createHealth({ state: () => well, counters: new Counters(), config, log: silentLog });

const status = async (url: string, token: string): Promise<number> => {
  const { statusCode, body } = await request(`${url}/ready`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await body.dump();
  return statusCode;
};

t.test("a door that neither the new nor the old configuration opens is opened later", async (t) => {
  const dir = t.testdir();
  const file = (name: string): string => join(dir, name);
  const write = (name: string): void => {
    writeFileSync(file(name), `token-${name}\n`);
    chmodSync(file(name), 0o600);
  };
  const port = await freePort();
  const config = (name: string): HealthConfig => ({
    host: OWN_ADDRESS,
    port,
    tokenFile: file(name),
  });
  write("a");
  const door = new HealthDoor(make, config("a"));
  t.teardown(() => door.close());
  await door.listen();
  t.equal(await status(door.url, "token-a"), 200);

  await t.rejects(door.move(config("b")), { code: "CREDENTIAL_INVALID" });
  t.equal(await status(door.url, "token-a"), 200, "a bad one leaves the door as it was");

  rmSync(file("a"));
  await t.rejects(door.move(config("b")), { code: "HEALTH_LISTEN", message: /\/b .*\/a / });
  await t.rejects(status(door.url, "token-a"), { code: "ECONNREFUSED" });
  await t.rejects(door.move(config("a")), { code: "CREDENTIAL_INVALID" }, "still shut");

  write("a");
  await door.move(config("a"));
  t.equal(await status(door.url, "token-a"), 200, "the same configuration as before opens it");
  write("b");
  await door.move(config("b"));
  t.equal(await status(door.url, "token-a"), 401);
  t.equal(await status(door.url, "token-b"), 200);
});
