// @ts-check
/** The page: where one is, who one is, and what that changes. @module */

import * as account from "./account.js";
import * as cart from "./cart.js";
import { byId, h, notice } from "./dom.js";
import { Jotgate, JotgateError } from "./jotgate.js";
import * as underneath from "./underneath.js";

/** @typedef {import("./jotgate.js").Transport} Transport */
/** @typedef {{ issuer: string, cookies: boolean, demo: { email: string, password: string } | null }} About */
/** @typedef {keyof typeof STEPS} Step */

/** Seven things to try. */
const STEPS = {
  browse: "Browse",
  login: "Log in",
  look: "See your token",
  order: "Order",
  renew: "Let it expire",
  end: "End a session",
  logout: "Log out",
};

/**
 * What the parts of the page share.
 * @typedef {object} Page
 * @property {Jotgate} jotgate
 * @property {About} about
 * @property {(path: string) => string} at an address of the auth server
 * @property {(url: string, init?: { method?: string, body?: object }) => Promise<Response | null>} send a request with the token; `null`, and said, when there was no answer
 * @property {(then?: () => unknown) => void} logIn
 * @property {(scope: "local" | "others" | "global") => Promise<void>} logOut
 * @property {(step: Step) => void} did
 * @property {(transport: Transport) => void} use
 */

/** @type {Set<string>} */ const done = new Set(["browse"]);
/** @type {(() => unknown) | undefined} */ let afterLogIn;

const about = /** @type {About} */ (await fetch("/api/about").then((answer) => answer.json()));

/** @type {Page} */
const page = {
  jotgate: client(/** @type {Transport} */ (about.cookies ? (sessionStorage.getItem("transport") ?? "cookie") : "bearer")),
  about,
  at: (path) => `${about.issuer.replace(/\/$/, "")}/${path}`,
  async send(url, { method = "GET", body } = {}) {
    const headers = body ? { "Content-Type": "application/json" } : undefined;
    try {
      return await page.jotgate.fetch(url, { method, headers, body: body && JSON.stringify(body) });
    } catch (error) {
      notice(error instanceof JotgateError ? error.message : "There is no answer; try again", "bad");
      return null;
    }
  },
  logIn(then) {
    afterLogIn = then;
    register(false);
    /** @type {HTMLDialogElement} */ (byId("log-in")).showModal();
  },
  async logOut(scope) {
    try {
      await page.jotgate.logout(scope);
      page.did(scope === "others" ? "end" : "logout");
    } catch (error) {
      notice(error instanceof Error ? error.message : String(error), "bad");
    }
  },
  did(step) {
    done.add(step);
    showSteps();
  },
  use(transport) {
    sessionStorage.setItem("transport", transport);
    page.jotgate.close();
    page.jotgate = client(transport);
    underneath.switched();
    showSession();
    void route();
  },
};

/** @param {Transport} transport */
function client(transport) {
  const jotgate = new Jotgate({ issuer: about.issuer, transport });
  jotgate.addEventListener("request", (event) => underneath.sent(/** @type {CustomEvent} */ (event).detail));
  jotgate.addEventListener("session", (event) => changed(/** @type {CustomEvent} */ (event).detail));
  return jotgate;
}

/** @param {{ session: import("./jotgate.js").Session | null, elsewhere: boolean }} change */
function changed({ session, elsewhere }) {
  const before = underneath.changed(session, elsewhere);
  if (session && before?.id === session.id) {
    page.did("renew");
    return;
  }
  showSession();
  if (!session) notice(elsewhere ? "You were logged out in another tab" : "You are logged out");
  void route();
}

// Where one is

async function route() {
  const path = location.hash.slice(1) || "/";
  const sections = [...document.querySelectorAll("[data-page]")];
  const here = sections.find((section) => section.getAttribute("data-page") === path) ?? sections[0];
  for (const section of sections) /** @type {HTMLElement} */ (section).hidden = section !== here;
  for (const link of document.querySelectorAll("[data-route]")) {
    const isHere = link.getAttribute("data-route") === here?.getAttribute("data-page");
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const title = here?.querySelector("h1");
  document.title = path === "/" ? "Paperboat" : `${title?.textContent} · Paperboat`;
  if (path === "/cart") await cart.orders();
  if (path === "/account") await account.show();
  return title;
}

addEventListener("hashchange", async () => {
  scrollTo(0, 0);
  const title = await route();
  title?.focus({ preventScroll: true });
});

function showSteps() {
  const step = ([id, name] = ["", ""]) =>
    h("li", { class: done.has(id) ? "done" : null }, h("span", {}, name), done.has(id) && h("span", { class: "visually-hidden" }, " (done)"));
  byId("steps").replaceChildren(...Object.entries(STEPS).map(step));
}

// Who one is

function showSession() {
  const { session } = page.jotgate;
  byId("open-log-in").hidden = Boolean(session);
  byId("log-out").hidden = !session;
  byId("to-account").hidden = !session;
  byId("to-account").textContent = session?.user?.name || "Account";
}

const form = /** @type {HTMLFormElement} */ (byId("log-in-form"));
const dialog = /** @type {HTMLDialogElement} */ (byId("log-in"));

/** Whether the dialog makes an account or asks for one. @param {boolean} registers */
function register(registers) {
  form.dataset.registers = String(registers);
  byId("log-in-title").textContent = registers ? "Come aboard" : "Welcome back";
  byId("name-field").hidden = byId("password-hint").hidden = !registers;
  byId("log-in-submit").textContent = registers ? "Make an account" : "Log in";
  byId("switch-text").textContent = registers ? "Been here before?" : "New here?";
  byId("switch").textContent = registers ? "Log in" : "Make an account";
  byId("password").setAttribute("autocomplete", registers ? "new-password" : "current-password");
  byId("demo").hidden = registers || !about.demo;
  refuse(null);
}

/** @param {JotgateError | Error | null} error */
function refuse(error) {
  byId("log-in-error").textContent = error ? error.message : "";
  for (const input of form.querySelectorAll("input")) {
    const wrong = error instanceof JotgateError && input.name in error.fields;
    if (wrong) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
  /** @type {HTMLElement | null} */ (form.querySelector("[aria-invalid]"))?.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const written = new FormData(form);
  const [name, email, password] = ["name", "email", "password"].map((field) => String(written.get(field)));
  const submit = /** @type {HTMLButtonElement} */ (byId("log-in-submit"));
  submit.disabled = true;
  try {
    const who = { email: email ?? "", password: password ?? "" };
    const registers = form.dataset.registers === "true";
    const session = registers
      ? await page.jotgate.register({ ...who, ...(name ? { name } : {}) })
      : await page.jotgate.login({ ...who, device: device() });
    if (!session) notice("Look into your mail: a link there opens your account");
    dialog.close();
    form.reset();
    if (!session) return;
    page.did("login");
    notice(`Hello ${session.user?.name || session.user?.email}`);
    afterLogIn?.();
  } catch (error) {
    refuse(error instanceof JotgateError ? error : new Error("There is no answer; try again"));
  } finally {
    submit.disabled = false;
  }
});

/** What the list of sessions is to call this browser. */
function device() {
  const browsers = { Firefox: "Firefox", "Edg/": "Edge", "Chrome/": "Chrome", Safari: "Safari" };
  const systems = { Android: "Android", iPhone: "an iPhone", iPad: "an iPad", Windows: "Windows", Mac: "a Mac", Linux: "Linux" };
  const named = (/** @type {Record<string, string>} */ names) => Object.entries(names).find(([mark]) => navigator.userAgent.includes(mark))?.[1];
  return `${named(browsers) ?? "A browser"} on ${named(systems) ?? "some device"}`;
}

byId("open-log-in").addEventListener("click", () => page.logIn());
byId("log-out").addEventListener("click", () => page.logOut("local"));
byId("close-log-in").addEventListener("click", () => dialog.close());
byId("switch").addEventListener("click", () => register(form.dataset.registers !== "true"));
byId("fill-in").addEventListener("click", () => {
  /** @type {HTMLInputElement} */ (byId("email")).value = about.demo?.email ?? "";
  /** @type {HTMLInputElement} */ (byId("password")).value = about.demo?.password ?? "";
  byId("log-in-submit").focus();
});

underneath.start(page);
account.start(page);
showSteps();
showSession();
await cart.start(page);
await route();
document.documentElement.dataset.ready = "true";
