/** Whether only this machine reaches an IP address. */
export function isLoopback(host: string): boolean {
  return host === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(host);
}
