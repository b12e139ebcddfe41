// Pages and scripts that want what is not theirs.

import assert from "node:assert/strict";

import { PASSWORD, plainly } from "./kit.mjs";

const JSON_HEADERS = { "Content-Type": "application/json" };
const ORDER = JSON.stringify({ items: [{ product: "boat", quantity: 1 }] });

/** A form of the type `text/plain` sends `{"items":[…],"x":"="}`. */
const FORM_OF_JSON = { '{"items":[{"product":"boat","quantity":1}],"x":"': '"}' };

/** Ada is logged in to the shop, and opens a page of somebody else's in the same browser. */
async function lured(world, elsewhere) {
  const ada = await world.person();
  const shop = await ada.tab();
  await ada.register(shop, "ada@shop.example");
  const page = await ada.context.newPage();
  await page.goto(elsewhere);
  return { ada, shop, page };
}

/** Sends a form, as any page may to anybody: an empty one, or one whose body reads as JSON. Says how it was answered. */
async function form(page, action, fields = {}) {
  const send = page.evaluate(
    ([action, fields]) => {
      const form = Object.assign(document.createElement("form"), { method: "post", action, enctype: "text/plain" });
      form.append(...Object.entries(fields).map(([name, value]) => Object.assign(document.createElement("input"), { name, value })));
      document.body.append(form);
      form.submit();
    },
    [action, fields],
  );
  const [response] = await Promise.all([page.waitForResponse(action), send]);
  const { code } = JSON.parse((await response.body()).toString());
  return [response.status(), code];
}

/** Asks by script without asking for leave beforehand. The page is told nothing of what comes of it. */
async function quietly(page, url) {
  const send = page.evaluate(
    (url) => fetch(url, { method: "POST", mode: "no-cors", credentials: "include" }).then(() => "told nothing", (error) => error.name),
    url,
  );
  const [told] = await Promise.all([send, page.waitForRequest(url)]);
  assert.match(told, /told nothing|TypeError/);
}

/** What a page may not even ask for: the browser asks first, and nobody says yes. */
function openly(page, url) {
  return page.evaluate(
    ([url, headers, body]) =>
      fetch(url, { method: "POST", credentials: "include", headers, body }).then(
        (answer) => `answered with ${answer.status}`,
        (error) => error.name,
      ),
    [url, JSON_HEADERS, ORDER],
  );
}

/** The session lives as it did, and nothing was ordered. */
async function nothing_happened(ada, shop, before) {
  assert.deepEqual(await plainly(shop, "/api/orders"), { status: 200, body: [] });
  assert.equal((await plainly(shop, "/auth/v1/sessions")).body.sessions.length, 1);
  assert.equal((await ada.cookie("jg_rt")).value, before);
}

/** The neighbour is the same site, so the browser does send the cookies; only the cross-site check is between. */
export async function another_origin_can_do_nothing_with_the_cookies(world) {
  const { ada, shop, page } = await lured(world, world.neighbour);
  const before = (await ada.cookie("jg_rt")).value;
  for (const path of ["/api/orders", "/auth/v1/logout", "/auth/v1/logout?scope=global", "/auth/v1/refresh"]) {
    const url = world.shop + path;
    await quietly(page, url);
    assert.equal(await openly(page, url), "TypeError", path);
    assert.deepEqual(await form(page, url), [403, "cross_site_request"], path);
    await page.goto(world.neighbour);
  }
  assert.deepEqual(await form(page, `${world.shop}/api/orders`, FORM_OF_JSON), [403, "cross_site_request"]);
  await page.goto(world.neighbour);
  // It may ask for what changes nothing, and does not get to see the answer.
  const read = await page.evaluate((url) => fetch(url, { credentials: "include" }).catch((error) => error.name), `${world.shop}/api/orders`);
  assert.equal(read, "TypeError");
  await nothing_happened(ada, shop, before);
}

export async function another_site_is_not_sent_the_cookies(world) {
  const { ada, shop, page } = await lured(world, world.stranger);
  const before = (await ada.cookie("jg_rt")).value;
  for (const [path, code] of [
    ["/api/orders", "token_missing"],
    ["/auth/v1/logout", "token_missing"],
    ["/auth/v1/refresh", "refresh_token_invalid"],
  ]) {
    const url = world.shop + path;
    await quietly(page, url);
    assert.equal(await openly(page, url), "TypeError", path);
    assert.deepEqual(await form(page, url), [401, code], path);
    await page.goto(world.stranger);
  }
  await nothing_happened(ada, shop, before);
}

/** The status with which it was refused to become one. */
async function web_socket(page, url) {
  const said = page.waitForEvent("console", (message) => message.text().includes(url));
  await page.evaluate((url) => void new WebSocket(url), url);
  return Number(/Unexpected response code: (\d+)/.exec((await said).text())?.[1]);
}

/** Nothing keeps one origin from reading a WebSocket of another, so the handshake, a GET, counts as changing something. */
export async function another_origin_opens_no_web_socket(world) {
  const { shop, page } = await lured(world, world.neighbour);
  const url = `${world.shop.replace("http:", "ws:")}/api/orders`;
  assert.equal(await web_socket(page, url), 403);
  // From the shop's own page the cookie counts; there is no WebSocket here, so the list of orders is what answers.
  assert.equal(await web_socket(shop, url), 200);
}

export async function scripts_find_no_token(world) {
  const ada = await world.person();
  const page = await ada.tab();
  await ada.register(page, "ada@shop.example");
  assert.deepEqual([(await ada.cookie("jg_at")).httpOnly, (await ada.cookie("jg_rt")).httpOnly], [true, true]);
  const found = await page.evaluate(async () => ({
    cookie: document.cookie,
    store: (await globalThis.cookieStore?.getAll()) ?? [],
    kept: JSON.stringify({ ...localStorage, ...sessionStorage }),
    page: document.documentElement.outerHTML,
  }));
  assert.deepEqual([found.cookie, found.store], ["", []]);
  assert.doesNotMatch(found.kept + found.page, /eyJ|jgr_/);
  // Nor can it put others in their place.
  await page.evaluate(() => {
    document.cookie = "jg_at=mine; path=/";
    document.cookie = "jg_rt=mine; path=/auth/v1";
  });
  assert.equal((await plainly(page, "/api/orders")).status, 200);
  // And what somebody smuggles into the page is not run.
  const refused = await page.evaluate(() => {
    const ways = [
      () => document.body.append(Object.assign(document.createElement("script"), { textContent: "globalThis.smuggled = true" })),
      () => document.body.append(Object.assign(document.createElement("script"), { src: "data:text/javascript,globalThis.smuggled=true" })),
      () => (document.createElement("p").innerHTML = '<img src="x:" onerror="globalThis.smuggled = true">'),
    ];
    return ways.map((way) => {
      try {
        return String(way());
      } catch (error) {
        return error.name;
      }
    });
  });
  assert.deepEqual(refused, ["TypeError", "TypeError", "TypeError"]);
  assert.equal(await page.evaluate(() => globalThis.smuggled), undefined);
}

/** Whoever can write cookies for this host beforehand (a neighbour on another port, a network without TLS) plants their own session. */
export async function planted_cookies_do_not_survive_a_log_in(world) {
  const thief = await fetch(`${world.shop}/auth/v1/register`, {
    method: "POST",
    headers: JSON_HEADERS,
    body: JSON.stringify({ email: "thief@shop.example", password: PASSWORD }),
  }).then((answer) => answer.json());
  const ada = await world.person();
  const page = await ada.tab();
  await page.evaluate(
    ([access, refresh]) => {
      document.cookie = `jg_at=${access}; path=/`;
      document.cookie = `jg_rt=${refresh}; path=/auth/v1`;
    },
    [thief.access_token, thief.refresh_token],
  );
  await ada.register(page, "ada@shop.example");
  assert.equal((await plainly(page, "/auth/v1/me")).body.email, "ada@shop.example");
  await world.later(61);
  await page.click("#ten");
  await page.waitForSelector("#log .renewed");
  assert.equal((await plainly(page, "/auth/v1/me")).body.email, "ada@shop.example");
  // One that was planted beside it, for a longer path, makes two: nobody knows which, so neither counts.
  await page.evaluate((access) => (document.cookie = `jg_at=${access}; path=/api`), thief.access_token);
  const answer = await plainly(page, "/api/orders", { method: "POST", headers: JSON_HEADERS, body: ORDER });
  assert.deepEqual([answer.status, answer.body.code], [400, "invalid_request"]);
}

export async function the_page_is_in_nobodys_frame(world) {
  const { page } = await lured(world, world.neighbour);
  for (const path of ["/", "/auth/v1/me"]) {
    const frame = page.evaluate((src) => void document.body.append(Object.assign(document.createElement("iframe"), { src })), world.shop + path);
    const [blocked] = await Promise.all([page.waitForEvent("requestfailed", (request) => request.url() === world.shop + path), frame]);
    assert.match(blocked.failure().errorText, /BLOCKED_BY/);
  }
}
