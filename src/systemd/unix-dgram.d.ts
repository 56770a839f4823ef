/** The little of unix-dgram that is used here; the package brings no types. */
declare module "unix-dgram" {
  interface UnixDatagramSocket {
    on(event: "message", listener: (bytes: Buffer) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    bind(path: string): void;
    /** Sends at once; `error.code` is the negated errno, a number. */
    send(
      bytes: Buffer,
      offset: number,
      length: number,
      path: string,
      callback: (error?: Error & { readonly code: number }) => void,
    ): void;
    close(): void;
  }
  const dgram: { createSocket(type: "unix_dgram"): UnixDatagramSocket };
  export default dgram;
}
