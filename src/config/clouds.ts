import type { CloudName } from "./types.js";

/** Microsoft's clouds: where people and apps sign in, and where Graph answers. */
export const CLOUDS: Readonly<
  Record<CloudName, { readonly authority: string; readonly graph: string }>
> = {
  public: {
    authority: "https://login.microsoftonline.com",
    graph: "https://graph.microsoft.com",
  },
  usgov: {
    authority: "https://login.microsoftonline.us",
    graph: "https://graph.microsoft.us",
  },
  "usgov-dod": {
    authority: "https://login.microsoftonline.us",
    graph: "https://dod-graph.microsoft.us",
  },
  china: {
    authority: "https://login.partner.microsoftonline.cn",
    graph: "https://microsoftgraph.chinacloudapi.cn",
  },
};
