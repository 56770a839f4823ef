/** The control socket's place: nobody but root and the service's user may put anything there. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import {
  daemonListens,
  listenForOrders,
  runOnDaemon,
  statusOfDaemon,
} from "../src/control/index.js";
import type { ControlServer } from "../src/control/index.js";
import { silentLog } from "../src/log.js";
import { idle, serve, socketPath } from "./control-common.js";

const listen = async (path: string): Promise<ControlServer> =>
  listenForOrders({ path, handlers: idle, log: silentLog });

t.test("a folder that others may write is refused, sticky or not", async (t) => {
  for (const mode of [0o777, 0o1777, 0o757, 0o702]) {
    const path = socketPath(t);
    chmodSync(dirname(path), mode);
    await t.rejects(listen(path), { code: "CONTROL_LISTEN", message: /chmod/ }, mode.toString(8));
    t.notOk(existsSync(path));
  }
  for (const mode of [0o700, 0o755, 0o711]) {
    const path = socketPath(t);
    chmodSync(dirname(path), mode);
    const { server } = await serve(t, {}, path);
    t.equal(statSync(path).mode & 0o777, 0o600);
    await server.close();
  }
});

t.test("no command trusts a socket where others may put one", async (t) => {
  const path = socketPath(t);
  const forger = createServer((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n{}"));
  forger.listen(path);
  await once(forger, "listening");
  t.teardown(() => void forger.close());
  chmodSync(dirname(path), 0o1777);
  const refused = { code: "CONTROL_UNREACHABLE", message: /chmod/ };
  await t.rejects(daemonListens(path), refused);
  await t.rejects(statusOfDaemon(path), refused);
  await t.rejects(runOnDaemon(path, { kind: "sync" }).next(), refused);
});

t.test("a link in its place is neither followed nor replaced", async (t) => {
  const { path: elsewhere } = await serve(t);
  const targets = {
    living: elsewhere,
    nowhere: join(folder(t), "none"),
    file: import.meta.filename,
  };
  for (const [what, target] of Object.entries(targets)) {
    const path = socketPath(t);
    symlinkSync(target, path);
    await t.rejects(listen(path), { code: "CONTROL_LISTEN" }, what);
    await t.rejects(statusOfDaemon(path), { code: "CONTROL_UNREACHABLE" }, what);
    t.ok(lstatSync(path).isSymbolicLink(), `${what}: left as it was`);
  }
});

t.test("the umask is what it was, whatever becomes of listening", async (t) => {
  const before = process.umask();
  const { path, server } = await serve(t);
  t.equal(process.umask(), before);
  await t.rejects(listen(path), { code: "NODE_LOCKED" });
  await t.rejects(listen(join(path, "below")), { code: "CONTROL_LISTEN" });
  t.equal(process.umask(), before);
  await server.close();
});

function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), "control-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
