// @ts-check
/** The side panel: what happens while the page does what it does. @module */

import { byId, h } from "./dom.js";
import { follow, part } from "./feed.js";

/** @typedef {import("./app.js").Page} Page */
/** @typedef {import("./jotgate.js").Session} Session */
/** @typedef {import("./jotgate.js").Sent} Sent */

const MOST_LINES = 80;
/** The life of the present token in milliseconds, for the clock's hand. */
let lifetime = 60_000;
/** @type {Page} */ let page;
/** @type {Session | null} */ let known = null;
let heardAt = 0;

/** @param {Page} of */
export function start(of) {
  page = of;
  known = page.jotgate.session;
  for (const radio of radios()) {
    radio.checked = radio.value === page.jotgate.transport;
    radio.disabled = radio.value === "cookie" && !page.about.cookies;
    radio.addEventListener("change", () => page.use(radio.value === "bearer" ? "bearer" : "cookie"));
  }
  byId("ten").addEventListener("click", ten);
  byId("look").addEventListener("click", steal);
  byId("forget").addEventListener("click", () => page.send("/api/orders", { method: "DELETE" }));
  byId("expand").addEventListener("click", expand);
  follow(page.about.issuer, heard);
  void showToken();
  setInterval(tick, 250);
  tick();
}

/** A request went out, and came back. Those that are alike are one line with a count. @param {Sent} request */
export function sent({ method, url, credential, status, code, ms }) {
  const { pathname, search } = new URL(url);
  const key = [method, pathname, search, credential, status, code].join(" ");
  const latest = /** @type {HTMLElement | null} */ (byId("log").firstElementChild);
  if (latest?.dataset.key === key) {
    latest.dataset.count = String(Number(latest.dataset.count ?? 1) + 1);
    const times = latest.querySelector(".times");
    if (times) times.textContent = `×${latest.dataset.count}`;
    return;
  }
  const bad = status === 0 || status >= 400;
  const outcome = status === 0 ? "no answer" : String(status);
  line(bad ? "bad" : pathname.includes("/v1/") ? "auth" : "api", [
    h("span", { class: "what" }, h("b", {}, method), " ", shortened(pathname) + search, " ", h("span", { class: "times" })),
    h("span", { class: `by by-${credential}` }, credential === "none" ? "no token" : credential),
    h("span", { class: "status" }, outcome),
    h("span", { class: "ms" }, `${Math.max(1, Math.round(ms))} ms`),
    code && h("code", { class: "code" }, code),
  ]).dataset.key = key;
}

/**
 * The session changed; says what it was before.
 * @param {Session | null} session
 * @param {boolean} elsewhere
 */
export function changed(session, elsewhere) {
  const before = known;
  known = session;
  const by = elsewhere ? "by another tab" : "by this tab";
  if (!session) {
    line("end", [h("span", { class: "what" }, "Logged out")], by);
  } else if (before?.id === session.id) {
    const generations = h("span", { class: "generation" }, `${before.generation} → ${session.generation}`);
    line("renewed", [h("span", { class: "what" }, "Refreshed: generation ", generations)], by);
  } else {
    line("begin", [h("span", { class: "what" }, "Session ", h("code", {}, short(session.id)), " begins")], by);
  }
  if (session) lifetime = Math.max(session.expiresAt - Date.now(), 1000);
  void showToken();
  tick();
  return before;
}

/** Another transport: its own session, or none. */
export function switched() {
  known = page.jotgate.session;
  line("begin", [h("span", { class: "what" }, page.jotgate.transport === "cookie" ? "Tokens travel as cookies" : "Tokens are in the memory of this tab")]);
  void showToken();
  tick();
}

/** @param {import("./feed.js").Ended[]} ended */
function heard(ended) {
  heardAt = Date.now();
  for (const { seq, sid, sub, jti, kid } of ended) {
    const what = sid ? ["session", sid] : sub ? ["all of a person", sub] : jti ? ["token", jti] : ["key", kid ?? ""];
    line("revoked", [h("span", { class: "what" }, `Every verifier hears: ${what[0]} `, h("code", {}, short(what[1] ?? "")), " has ended")], `entry ${seq}`);
  }
}

// Things to try

async function ten() {
  await Promise.all(Array.from({ length: 10 }, () => page.send("/api/orders")));
}

/** What a script that somebody smuggled in would find. */
function steal() {
  const { accessToken, session } = page.jotgate;
  const cookies = document.cookie;
  if (accessToken) line("bad", [h("span", { class: "what" }, "A script finds ", h("code", {}, `${accessToken.slice(0, 18)}…`))], "and could send it anywhere");
  else if (cookies) line("bad", [h("span", { class: "what" }, "A script finds ", h("code", {}, cookies.slice(0, 60)))]);
  else line("good", [h("span", { class: "what" }, "A script finds ", h("code", {}, 'document.cookie === ""'))], session ? "the browser keeps the token to itself" : "and there is nothing to find");
}

// The token

async function showToken() {
  const token = byId("token");
  if (!page.jotgate.session) {
    token.replaceChildren(h("p", { class: "nothing" }, "None. Log in to get one."));
    return;
  }
  const { accessToken } = page.jotgate;
  const read = accessToken ? { header: part(accessToken, 0), claims: part(accessToken, 1) } : await fromApi();
  if (!read || !page.jotgate.session) return;
  token.replaceChildren(accessToken ? whole(accessToken) : kept(), json("header", read.header), json("payload", read.claims), signature(read.header));
}

/** With cookies only the API sees the token, and says what it has read. */
async function fromApi() {
  const answer = await page.send("/api/token");
  return answer?.ok ? answer.json() : null;
}

/** @param {string} jwt */
function whole(jwt) {
  const [header = "", payload = "", signature = ""] = jwt.split(".");
  const part = (/** @type {string} */ kind, /** @type {string} */ text, /** @type {number} */ most) =>
    h("span", { class: kind }, text.length > most ? `${text.slice(0, most)}…` : text);
  return h("p", { class: "jwt", title: jwt }, part("header", header, 36), ".", part("payload", payload, 64), ".", part("signature", signature, 40));
}

function kept() {
  const name = location.protocol === "https:" ? "__Host-jg_at" : "jg_at";
  return h(
    "p",
    { class: "jwt cookie" },
    `${name}=`,
    h("span", { class: "header" }, "••••••"),
    ".",
    h("span", { class: "payload" }, "••••••••••••"),
    ".",
    h("span", { class: "signature" }, "••••••••"),
    h("span", { class: "attributes" }, " HttpOnly  SameSite=Lax  Path=/"),
  );
}

/** @param {"header" | "payload"} kind @param {Record<string, unknown>} members */
function json(kind, members) {
  const rows = Object.entries(members).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, typeof value === "string" ? value : JSON.stringify(value))));
  return h("dl", { class: `json ${kind}`, "aria-label": kind }, ...rows);
}

/** @param {{ alg?: string }} header */
function signature({ alg }) {
  return h("p", { class: "json signature" }, `${alg} signature, checked by the API`);
}

function tick() {
  const { session } = page.jotgate;
  const left = session ? session.expiresAt - Date.now() : 0;
  byId("clock").hidden = !session;
  byId("clock").style.setProperty("--left", String(Math.max(0, Math.min(1, left / lifetime))));
  byId("clock").classList.toggle("late", left < 10_000);
  const seconds = Math.ceil(left / 1000);
  const remaining = !session ? "" : seconds > 0 ? `expires in ${seconds} s` : "expired; the next request renews it";
  const generation = session ? `generation ${session.generation}` : "";
  write("remaining", [remaining, generation].filter(Boolean).join(" · "));
  write("gist", session ? `${page.jotgate.transport} · ${seconds > 0 ? `${seconds} s` : "expired"} · gen ${session.generation}` : "not logged in");
  const silence = Math.round((Date.now() - heardAt) / 1000);
  byId("feed").classList.toggle("heard", silence < 8);
  write("feed", heardAt ? `feed heard ${silence < 3 ? "just now" : `${silence} s ago`}` : "listening to the feed", "span");
}

/** Writes only what has changed. @param {string} id @param {string} text @param {string} [inside] */
function write(id, text, inside) {
  const element = inside ? byId(id).querySelector(inside) : byId(id);
  if (element && element.textContent !== text) element.textContent = text;
}

// The log

/**
 * @param {"api" | "auth" | "bad" | "good" | "begin" | "renewed" | "end" | "revoked"} kind
 * @param {(Node | string | null)[]} content
 * @param {string} [aside]
 */
function line(kind, content, aside) {
  const now = new Date();
  const time = h("time", { datetime: now.toISOString() }, now.toLocaleTimeString("en", { hourCycle: "h23" }));
  const log = byId("log");
  const entry = h("li", { class: kind }, time, h("div", {}, ...content, aside ? h("span", { class: "aside" }, aside) : null));
  log.prepend(entry);
  while (log.childElementCount > MOST_LINES) log.lastElementChild?.remove();
  return entry;
}

/** The end of an id, where those of one moment differ. @param {string} id */
function short(id) {
  return id.length > 12 ? `…${id.slice(-8)}` : id;
}

/** A path with its ids shortened. @param {string} path */
function shortened(path) {
  return path.split("/").map((word) => (word.length > 30 ? short(word) : word)).join("/");
}

function radios() {
  return /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll('input[name="transport"]')]);
}

/** On a narrow screen the panel is folded. */
function expand() {
  const open = byId("underneath").classList.toggle("open");
  byId("expand").setAttribute("aria-expanded", String(open));
}
