export { CREDENTIAL_WARNING_MS } from "./matters.js";
export { Postman } from "./postman.js";
