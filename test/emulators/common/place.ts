import type { Authority, IssuedCertificate } from "./tls.js";

/** Where an emulator listens, and as whom. */
export interface Place {
  /** An address of this machine or of the network namespace that the process lives in. */
  readonly address: string;
  /** The name in the URL; whoever connects must find the address under it. */
  readonly name: string;
}

/** The certificate that a server at this place shows. */
export function issueForPlace(authority: Authority, place: Place): Promise<IssuedCertificate> {
  return authority.issue({ names: [place.name], ips: [place.address] });
}
