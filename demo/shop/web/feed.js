// @ts-check
/**
 * The revocation feed, as every verifier of these tokens hears it. One tab listens and tells its neighbours: a browser has few
 * connections for one origin, and a stream keeps one.
 *
 * It is shown and nothing else, so its documents are read here without being verified. A guard verifies them.
 *
 * @module
 */

/**
 * @typedef {object} Ended an entry of the feed
 * @property {number} seq
 * @property {string} [sid]
 * @property {string} [sub]
 * @property {string} [jti]
 * @property {string} [kid]
 */

/**
 * Calls `heard` with what ended since it was last called: nothing, every two seconds, when nothing did.
 * @param {string} issuer
 * @param {(ended: Ended[]) => void} heard
 */
export function follow(issuer, heard) {
  const address = new URL("v1/revocations", new URL(issuer.replace(/\/?$/, "/"), location.href));
  const neighbours = "BroadcastChannel" in globalThis ? new BroadcastChannel("paperboat feed") : null;
  neighbours?.addEventListener("message", (event) => heard(event.data));
  let last = -1;
  const listen = () => {
    new EventSource(address).onmessage = (event) => {
      const document = payload(event.data);
      // What ended before this page was opened is nothing new.
      const ended = last < 0 ? [] : document.entries.filter((/** @type {Ended} */ entry) => entry.seq > last);
      last = document.upto;
      heard(ended);
      neighbours?.postMessage(ended);
    };
    return new Promise(() => {});
  };
  if (navigator.locks && neighbours) navigator.locks.request("paperboat feed", listen);
  else listen();
}

/** The claims of a JWT, unverified. @param {string} jwt @returns {any} */
export function payload(jwt) {
  return part(jwt, 1);
}

/** @param {string} jwt @param {0 | 1} index of the header or the payload @returns {any} */
export function part(jwt, index) {
  const base64 = (jwt.split(".")[index] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
