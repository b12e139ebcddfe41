// @ts-check
/** The dashboard: who one is, what is in the token, and where else one is logged in. @module */

import { byId, h, notice } from "./dom.js";

/** @typedef {import("./app.js").Page} Page */
/** @typedef {{ id: string, device: string | null, address: string | null, created_at: string, last_used_at: string, current: boolean }} Device */

/** What each claim is for. @type {Record<string, string>} */
const MEANING = {
  iss: "who issued it",
  sub: "who you are, for good",
  aud: "the API it is for",
  exp: "when it expires",
  iat: "when it was issued",
  jti: "this very token",
  sid: "your session",
  scope: "what it allows",
  client_id: "the program you log in with",
  auth_time: "when you gave your password",
  email: "your address",
  email_verified: "whether that was proven",
  name: "your name",
  roles: "your roles",
};
const TIMES = new Set(["exp", "iat", "auth_time"]);

/** @type {Page} */ let page;

/** @param {Page} of */
export function start(of) {
  page = of;
}

/** Shows everything anew. */
export async function show() {
  const account = byId("account");
  const session = page.jotgate.session;
  if (!session) {
    const logIn = h("button", { type: "button", class: "primary", onclick: () => page.logIn(show) }, "Log in");
    account.replaceChildren(h("div", { class: "card empty" }, h("p", {}, "You are not logged in."), logIn));
    return;
  }
  const [token, devices] = await Promise.all([page.send("/api/token"), page.send(page.at("v1/sessions"))]);
  if (!token?.ok || !devices?.ok) return;
  const { claims } = await token.json();
  const { sessions } = await devices.json();
  page.did("look");
  account.replaceChildren(h("div", { class: "columns" }, h("div", { class: "stack" }, who(claims), where(sessions)), what(claims)));
}

/** @param {Record<string, any>} claims */
function who(claims) {
  const name = claims.name || claims.email;
  const scopes = String(claims.scope ?? "").split(" ").filter(Boolean);
  return h(
    "section",
    { class: "card who", "aria-label": "Who am I" },
    h("span", { class: "face", "aria-hidden": "true" }, String(name).slice(0, 1).toUpperCase()),
    h("div", {}, h("h2", {}, name), h("p", {}, claims.email)),
    h("ul", { class: "chips", "aria-label": "What you may do" }, ...scopes.map((scope) => h("li", {}, scope))),
  );
}

/** @param {Record<string, any>} claims */
function what(claims) {
  const rows = Object.entries(claims).map(([name, value]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("code", {}, name)),
      h("td", {}, h("span", { class: "value" }, readable(name, value)), h("small", {}, MEANING[name] ?? "a claim of its own")),
    ),
  );
  return h(
    "section",
    { class: "card", "aria-label": "What is in my token" },
    h("h2", {}, "What is in my token"),
    h("p", { class: "fine" }, "As the shop’s API has read it: signed by the auth server, and verified without asking it."),
    h("table", { class: "claims" }, h("tbody", {}, ...rows)),
  );
}

/** @param {Device[]} sessions */
function where(sessions) {
  const others = sessions.filter((session) => !session.current).length;
  const end = async (/** @type {Device} */ device) => {
    const answer = await page.send(page.at(`v1/sessions/${device.id}`), { method: "DELETE" });
    if (!answer?.ok) return;
    notice("That session has ended. Its window is logged out with its next request.");
    page.did("end");
    await show();
  };
  const row = (/** @type {Device} */ device) =>
    h(
      "li",
      {},
      h("div", {}, h("strong", {}, device.device ?? "A device"), h("span", { class: "fine" }, [device.address, since(device.created_at)].filter(Boolean).join(" · "))),
      device.current
        ? h("span", { class: "here" }, "this one")
        : h("button", { type: "button", class: "quiet", "aria-label": `End the session of ${device.device ?? "a device"}, ${since(device.created_at)}`, onclick: () => end(device) }, "End"),
    );
  return h(
    "section",
    { class: "card", "aria-label": "Where I am logged in" },
    h("h2", {}, "Where I am logged in"),
    h("ul", { class: "devices" }, ...sessions.map(row)),
    others === 0 && h("p", { class: "fine" }, "Log in from a private window or another browser, then end it here."),
    h(
      "p",
      { class: "actions" },
      others > 0 && h("button", { type: "button", class: "quiet", onclick: () => page.logOut("others").then(show) }, "End all others"),
      h("button", { type: "button", class: "quiet", onclick: () => page.logOut("global") }, "Log out everywhere"),
    ),
  );
}

/** @param {string} name @param {unknown} value */
function readable(name, value) {
  if (TIMES.has(name)) return new Date(Number(value) * 1000).toLocaleTimeString();
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** @param {string} time */
function since(time) {
  return `since ${new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
}
