// People who do what the shop is for.

import assert from "node:assert/strict";

import { session, until } from "./kit.mjs";

/** The seven steps, as the page itself counts them. */
export async function seven_steps(world) {
  const ada = await world.person();
  const page = await ada.tab();
  assert.equal(await page.locator(".product").count(), 8);
  await ada.register(page, "ada@shop.example");

  await page.click("#to-account");
  await page.waitForSelector(".claims");
  const claims = await page.locator(".claims").innerText();
  assert.match(claims, /sub\b[\s\S]*scope[\s\S]*orders:write/);
  assert.match(await page.locator("#remaining").innerText(), /expires in \d+ s · generation 0/);
  assert.match(await page.locator("#token").innerText(), /alg\s+EdDSA[\s\S]*scope\s+orders:read orders:write/);

  await page.click('[data-route="/"]');
  await page.click('button[aria-label^="Add Paper boat"]');
  await page.click('button[aria-label^="Add Umbrella"]');
  await page.click('[data-route="/cart"]');
  await page.click("#order");
  await page.waitForSelector("#order-list li");
  assert.match(await page.locator("#order-list").innerText(), /No\. 1[\s\S]*1 × Paper boat, 1 × Umbrella[\s\S]*€71\.00/);

  await world.later(61);
  await page.click("#ten");
  await page.waitForSelector("#log .renewed");
  assert.match(await page.locator("#log .renewed").first().innerText(), /generation 0 → 1/);
  assert.match(await page.locator("#log").innerText(), /token_expired/);
  assert.equal(ada.refreshes.length, 1);

  const elsewhere = await world.person();
  const other = await elsewhere.tab();
  await elsewhere.logIn(other, "ada@shop.example");
  await page.click("#to-account");
  await page.waitForSelector(".devices li:nth-child(2)");
  await page.click(".devices button");
  await page.waitForSelector("#log .revoked");
  await until("one session is left", () => page.locator(".devices li").count(), (count) => count === 1);
  await other.click("#ten");
  await other.waitForSelector("#open-log-in:visible");
  assert.match(await other.locator("#log").innerText(), /session_ended/);

  await page.click("#log-out");
  await page.waitForSelector("#open-log-in:visible");
  assert.equal(await ada.cookie("jg_at"), undefined);
  assert.equal(await ada.cookie("jg_rt"), undefined);
  await page.click('[data-route="/"]');
  assert.equal(await page.locator("#steps .done").count(), 7);
}

/** A reload forgets them, another tab never knew them, and there is nothing in any store of the browser. */
export async function bearer_tokens_stay_in_the_memory_of_the_tab(world) {
  const ada = await world.person();
  const page = await ada.tab();
  const authorizations = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/api/orders")) authorizations.push(request.headers());
  });
  await page.check('input[value="bearer"]', { force: true });
  await ada.register(page, "ada@shop.example");
  await page.click("#ten");
  await until("ten requests have gone out", () => authorizations.length, (count) => count >= 10);
  for (const headers of authorizations) {
    assert.match(headers.authorization, /^Bearer eyJ/);
    assert.equal(headers.cookie, undefined);
  }
  assert.match(await page.locator("#log li").first().innerText(), /GET \/api\/orders[\s\S]*bearer\s+200/);
  assert.match(await page.locator("#token .jwt").innerText(), /^eyJ/);
  assert.deepEqual(await ada.context.cookies(), []);
  assert.equal(await session(page), null);
  assert.doesNotMatch(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })), /eyJ|jgr_/);

  await world.later(61);
  await page.click("#ten");
  await page.waitForSelector("#log .renewed");
  assert.equal(ada.refreshes.length, 1, "one refresh for ten requests");
  assert.match(ada.refreshes[0].postData(), /jgr_/);

  const neighbour = await ada.tab();
  await neighbour.waitForSelector("#open-log-in:visible");
  await page.reload();
  await page.waitForSelector("html[data-ready]");
  await page.waitForSelector("#open-log-in:visible");
}

/** The guard names what is lacking, and the page shows it. */
export async function what_lacks_a_scope_is_refused_by_name(world) {
  const ada = await world.person();
  const page = await ada.tab();
  await ada.register(page, "ada@shop.example");
  const answer = await page.evaluate(async () => {
    const answer = await fetch("/api/orders", { method: "DELETE" });
    return { status: answer.status, challenge: answer.headers.get("WWW-Authenticate"), code: (await answer.json()).code };
  });
  assert.deepEqual(answer, {
    status: 403,
    challenge: 'Bearer error="insufficient_scope", error_description="scope_insufficient", scope="orders:admin"',
    code: "scope_insufficient",
  });
  await page.click("#forget");
  await page.waitForSelector("#log .code");
  assert.match(await page.locator("#log .bad").first().innerText(), /DELETE \/api\/orders[\s\S]*cookie\s+403[\s\S]*scope_insufficient/);
}

/** From the first tab key to an order, without a mouse; focus is always somewhere, and what happens is said. */
export async function it_works_by_keyboard(world) {
  const ada = await world.person();
  const page = await ada.tab();
  const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim());
  const reach = async (id) => {
    for (let tabs = 0; tabs < 60; tabs += 1) {
      if ((await focused()) === id) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`#${id} cannot be reached by the tab key`);
  };
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the shop");
  await reach("open-log-in");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "email");
  await page.keyboard.press("Escape");
  assert.equal(await focused(), "open-log-in", "the dialog gives the focus back");
  await page.keyboard.press("Enter");
  await reach("fill-in");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "log-in-submit");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#log-out:visible");
  await until("it is said", () => page.locator('[role="status"]').innerText(), (text) => text.includes("Hello Ada"));

  await page.locator('button[aria-label^="Add Compass"]').focus();
  await page.keyboard.press("Enter");
  await page.locator('[data-route="/cart"]').focus();
  await page.keyboard.press("Enter");
  await until("the new page's title has the focus", focused, (id) => id === "cart-title");
  await reach("order");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#order-list li");
}

/** Dark on light or light on dark, as the system has it. */
export async function it_is_light_and_dark(world) {
  const ada = await world.person();
  const page = await ada.tab();
  const brightness = async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    return page.evaluate(() => {
      const { backgroundColor } = getComputedStyle(document.documentElement);
      return [backgroundColor, getComputedStyle(document.body).color].map((colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0));
    });
  };
  for (const [scheme, sign] of [["light", 1], ["dark", -1]]) {
    const [paper, ink] = await brightness(scheme);
    assert.ok((paper - ink) * sign > 400, `${scheme}: ${ink} on ${paper}`);
  }
}
