import { generate } from "selfsigned";

/** A server certificate with its key, both PEM. */
export interface IssuedCertificate {
  certPem: string;
  keyPem: string;
}

/** Whom a server certificate speaks for. */
export interface CertificateRequest {
  names: string[];
  ips: string[];
  /** Days until it ends; 30 by default. */
  days?: number;
}

/** A certificate authority that lives as long as the test that made it. */
export interface Authority {
  /** What a client is told to trust. */
  caPem: string;
  issue(request: CertificateRequest): Promise<IssuedCertificate>;
}

const DAY_MS = 86_400_000;
/** Certificates begin a day ago, for a test may set its own clock back a little. */
const BACKDATED_MS = DAY_MS;

function lifetime(days: number): { notBeforeDate: Date; notAfterDate: Date } {
  const now = Date.now();
  return {
    notBeforeDate: new Date(now - BACKDATED_MS),
    notAfterDate: new Date(now + days * DAY_MS),
  };
}

/** Makes a certificate authority (P-256: fast enough to make one per test). */
export async function createAuthority(name: string): Promise<Authority> {
  const ca = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    algorithm: "sha256",
    ...lifetime(365),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const issue = async (request: CertificateRequest): Promise<IssuedCertificate> => {
    const commonName = request.names[0] ?? request.ips[0] ?? "localhost";
    const made = await generate([{ name: "commonName", value: commonName }], {
      keyType: "ec",
      algorithm: "sha256",
      ...lifetime(request.days ?? 30),
      extensions: [
        { name: "basicConstraints", cA: false, critical: true },
        { name: "keyUsage", digitalSignature: true, critical: true },
        { name: "extKeyUsage", serverAuth: true },
        {
          name: "subjectAltName",
          altNames: [
            ...request.names.map((value) => ({ type: 2 as const, value })),
            ...request.ips.map((ip) => ({ type: 7 as const, ip })),
          ],
        },
      ],
      ca: { key: ca.private, cert: ca.cert },
    });
    return { certPem: made.cert, keyPem: made.private };
  };
  return { caPem: ca.cert, issue };
}

/** A certificate for a server on this machine's loopback. */
export function issueForLoopback(authority: Authority): Promise<IssuedCertificate> {
  return authority.issue({ names: ["localhost"], ips: ["127.0.0.1"] });
}
