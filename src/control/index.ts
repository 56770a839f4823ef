export { daemonListens, runOnDaemon, statusOfDaemon } from "./client.js";
export type * from "./events.js";
export { listenForOrders } from "./server.js";
export type { ControlOptions, ControlServer } from "./server.js";
export { controlSocket, serviceSocket } from "./socket.js";
export { worded } from "./worded.js";
