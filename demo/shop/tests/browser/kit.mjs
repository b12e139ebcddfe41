// What the scenarios share: a browser, people in front of it, and waiting for what is to come. Nothing here sleeps.

import assert from "node:assert/strict";

/** Longest wait for anything that is to happen, in milliseconds: long enough for a busy machine, and never waited out when all is well. */
const PATIENCE = 20_000;
export const PASSWORD = "paper boats on a quiet canal";

/** One scenario's world: its shop, its other origins, and as many separate browsers as it has people. */
export class World {
  #browser;
  #contexts = [];

  constructor(browser, addresses) {
    this.#browser = browser;
    Object.assign(this, addresses);
  }

  /** A browser of its own: nobody else's cookies. `prepare` runs in each of its pages first. */
  async person(prepare) {
    const context = await this.#browser.newContext({ reducedMotion: "reduce", viewport: { width: 1440, height: 900 } });
    context.setDefaultTimeout(PATIENCE);
    if (prepare) await context.addInitScript(prepare);
    this.#contexts.push(context);
    return new Person(context, this);
  }

  /** The shop's clock goes on: the access tokens of this world live for 60 seconds. */
  async later(seconds) {
    const moved = await fetch(`${this.control}/advance?seconds=${seconds}`, { method: "POST" });
    assert.equal(moved.status, 200);
  }

  /** The next refresh is `unanswered`, its answer is `cut` off, or the server is `busy`. */
  async lose(how) {
    const told = await fetch(`${this.control}/lose?how=${how}`, { method: "POST" });
    assert.equal(told.status, 200);
  }

  /** How many have been lost. */
  async lost() {
    return Number(await fetch(`${this.control}/lost`).then((answer) => answer.text()));
  }

  async close() {
    await Promise.all(this.#contexts.map((context) => context.close()));
  }
}

export class Person {
  constructor(context, world) {
    this.context = context;
    this.world = world;
    /** Every request to the auth server's refresh, by any tab. */
    this.refreshes = [];
    context.on("request", (request) => {
      if (new URL(request.url()).pathname === "/auth/v1/refresh") this.refreshes.push(request);
    });
  }

  /** A tab with the shop, ready. */
  async tab(path = "/") {
    const page = await this.context.newPage();
    await page.goto(this.world.shop + path);
    await page.waitForSelector("html[data-ready]");
    return page;
  }

  /** Makes an account through the page's own form. */
  async register(page, email, name = "Ada") {
    await page.click("#open-log-in");
    await page.click("#switch");
    await page.fill("#name", name);
    await page.fill("#email", email);
    await page.fill("#password", PASSWORD);
    await page.click("#log-in-submit");
    await page.waitForSelector("#log-out:visible");
  }

  async logIn(page, email) {
    await page.click("#open-log-in");
    await page.fill("#email", email);
    await page.fill("#password", PASSWORD);
    await page.click("#log-in-submit");
    await page.waitForSelector("#log-out:visible");
  }

  async cookie(name) {
    const cookies = await this.context.cookies([this.world.shop, `${this.world.shop}/auth/v1/refresh`]);
    return cookies.find((cookie) => cookie.name === name);
  }
}

/** Waits until it holds, and fails with what was seen last. */
export async function until(what, look, holds = Boolean) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    assert.ok(Date.now() < end, `${what}: still ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** What the page says of its session. */
export function session(page) {
  return page.evaluate(() => {
    const key = Object.keys(localStorage).find((name) => name.startsWith("jotgate "));
    return key ? JSON.parse(localStorage.getItem(key)) : null;
  });
}

/** Sends so many requests at once through the client in the page, and says how each was answered. */
export function ask(page, count, path = "/api/orders", issuer = "/auth") {
  return page.evaluate(
    async ([count, path, issuer]) => {
      const { Jotgate } = await import("/jotgate.js");
      const jotgate = new Jotgate({ issuer });
      const statuses = await Promise.all(Array.from({ length: count }, async () => (await jotgate.fetch(path)).status));
      jotgate.close();
      return statuses;
    },
    [count, path, issuer],
  );
}

/** A request by the page's script without the client: its status, and the code of a refusal. */
export function plainly(page, path, init = {}) {
  return page.evaluate(
    async ([path, init]) => {
      const answer = await fetch(path, init);
      const text = await answer.text();
      return { status: answer.status, body: text ? JSON.parse(text) : null };
    },
    [path, init],
  );
}
