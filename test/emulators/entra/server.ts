import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import type { FaultEffect, Faults } from "../common/faults.js";
import type { Interrupters } from "../common/interrupt.js";
import type { LoggedRequest, RequestLog } from "../common/log.js";
import type { IssuedCertificate } from "../common/tls.js";
import { altered, substitute, textOf } from "./effects.js";
import type { Answer, Incoming } from "./service.js";

/** What answers honestly, and what the host says for a status that it was ordered to give. */
export interface Host {
  answer(request: Incoming): Promise<Answer>;
  usualBody(path: string, status: number): unknown;
}

export interface ServerPorts {
  now(): number;
  faults: Faults;
  log: RequestLog;
  interrupters: Interrupters;
  host: Host;
  /** TLS 1.2 at most. */
  lean: boolean;
}

/** An https server. */
export interface Server {
  port: number;
  /** Breaks every connection; whoever comes again meets this certificate. */
  showCertificate(certificate: IssuedCertificate): void;
  close(): Promise<void>;
}

/** Bodies are Graph's or a form; nothing honest comes near this. */
const BODY_LIMIT = 4 * 1024 * 1024;

function incoming(request: FastifyRequest): Incoming {
  const [path = "", query = ""] = request.originalUrl.split("?");
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
  const body = typeof request.body === "string" ? request.body : "";
  return { method: request.method, path, query: new URLSearchParams(query), headers, body };
}

/** Breaks the connection without an answer. */
function cut(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.socket?.destroy();
}

class Exchange {
  constructor(
    private readonly ports: ServerPorts,
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
    private readonly logged: LoggedRequest,
  ) {}

  async run(effect: FaultEffect | undefined): Promise<void> {
    const { interrupters } = this.ports;
    const seen = { method: this.request.method, path: this.request.originalUrl };
    if (interrupters.arrived(seen)) return void this.reply.hijack();
    if (!effect) {
      const answer = await this.honest();
      return interrupters.done(seen) ? void this.reply.hijack() : this.send(answer);
    }
    switch (effect.kind) {
      case "delay":
        await delay(effect.ms);
        return this.send(await this.honest());
      case "hold":
        await effect.until;
        return this.send(await this.honest());
      case "stall":
        if (effect.withEffect) await this.honest();
        this.reply.hijack();
        return;
      case "cut":
        if (effect.when === "after") await this.honest();
        return cut(this.reply);
      case "status":
      case "json":
        return this.replaced(effect);
      case "date":
        return this.send(await this.honest(), effect.ms);
      default:
        return this.send(altered(effect, await this.honest(), this.selfUrl()));
    }
  }

  private honest(): Promise<Answer> {
    return this.ports.host.answer(incoming(this.request));
  }

  private async replaced(effect: Extract<FaultEffect, { kind: "status" | "json" }>): Promise<void> {
    if (effect.kind === "status" && effect.withEffect) await this.honest();
    const usual = (status: number): unknown =>
      this.ports.host.usualBody(this.request.originalUrl, status);
    if (effect.kind === "status" && effect.reason !== undefined) {
      this.reply.raw.statusMessage = effect.reason;
    }
    this.send(substitute(effect, usual));
  }

  private selfUrl(): string {
    return `https://${this.request.headers.host ?? "localhost"}${this.request.originalUrl}`;
  }

  private send(answer: Answer, dateOff = 0): void {
    const { reply, ports } = this;
    const text = textOf(answer.body);
    this.logged.status = answer.status;
    const type = typeof answer.body === "string" ? "text/plain" : "application/json; charset=utf-8";
    if (text !== "") void reply.header("content-type", type);
    // Ages and ends are judged by this header, so it must tell the emulator's time.
    void reply.header("date", new Date(ports.now() + dateOff).toUTCString());
    void reply.headers(answer.headers).code(answer.status).send(text);
  }
}

/** Starts the server: every request is noted, meets an ordered fault if one is due, and is answered. */
export async function startServer(
  certificate: IssuedCertificate,
  ports: ServerPorts,
  address = "127.0.0.1",
): Promise<Server> {
  const app = fastify({
    https: {
      key: certificate.keyPem,
      cert: certificate.certPem,
      ...(ports.lean && { maxVersion: "TLSv1.2" as const }),
    },
    forceCloseConnections: true,
    bodyLimit: BODY_LIMIT,
    // Entra's paths carry parentheses, quotes and bad escapes that a router would stumble over.
    rewriteUrl: () => "/",
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
  app.all("/", async (request, reply) => {
    const { method, originalUrl: path } = request;
    const body = typeof request.body === "string" ? request.body : "";
    const logged = ports.log.begin({ at: ports.now(), method, path, body });
    const effect = ports.faults.take(method, path, body);
    if (effect) logged.fault = effect.kind;
    await new Exchange(ports, request, reply, logged).run(effect);
    return reply;
  });
  await app.listen({ host: address, port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    port,
    showCertificate({ certPem, keyPem }) {
      app.server.setSecureContext({ cert: certPem, key: keyPem });
      app.server.closeAllConnections();
    },
    close: () => app.close(),
  };
}
