// Sessions of one person in several tabs: nobody honest is logged out, and everybody sees a log-out.

import assert from "node:assert/strict";

import { ask, plainly, session, until } from "./kit.mjs";

const ALL_WELL = Array(10).fill(200);

async function four_tabs(world, prepare) {
  const ada = await world.person(prepare);
  const first = await ada.tab();
  await ada.register(first, "ada@shop.example");
  const tabs = [first, await ada.tab(), await ada.tab(), await ada.tab()];
  await world.later(61);
  return { ada, tabs };
}

export async function forty_requests_in_four_tabs_are_one_refresh(world) {
  const { ada, tabs } = await four_tabs(world);
  let well = 0;
  ada.context.on("response", (answer) => {
    if (answer.url().endsWith("/api/orders") && answer.status() === 200) well += 1;
  });
  await Promise.all(tabs.map((tab) => tab.evaluate(() => document.getElementById("ten").click())));
  await until("forty requests are answered well", () => well, (count) => count === 40);
  assert.equal(ada.refreshes.length, 1);
  for (const tab of tabs) {
    // Each tab's panel has heard of it, whoever did it.
    await tab.waitForSelector("#log .renewed");
    assert.equal((await session(tab)).generation, 1);
  }
  for (const generation of [2, 3, 4]) {
    await world.later(61);
    assert.deepEqual(await Promise.all(tabs.map((tab) => ask(tab, 10))), Array(4).fill(ALL_WELL));
    assert.equal(ada.refreshes.length, generation);
  }
}

/** An old browser: the tabs cannot wait for each other, and the server gives all of them the same successor. */
export async function without_web_locks_each_tab_refreshes_once(world) {
  const { ada, tabs } = await four_tabs(world, () => {
    Object.defineProperty(Navigator.prototype, "locks", { value: undefined });
  });
  const answers = await Promise.all(tabs.map((tab) => ask(tab, 10)));
  assert.deepEqual(answers, Array(4).fill(ALL_WELL));
  assert.ok(ada.refreshes.length >= 1 && ada.refreshes.length <= 4, `${ada.refreshes.length} refreshes`);
  for (const tab of tabs) await until("told by storage", async () => (await session(tab)).generation, (generation) => generation >= 1);
  await world.later(61);
  assert.deepEqual(await ask(tabs[0], 10), ALL_WELL);
}

/** The server has refreshed, and the browser never hears of it: the line breaks, before the answer or in the middle of it. */
export async function a_lost_answer_logs_nobody_out(world) {
  const ada = await world.person();
  const page = await ada.tab();
  await ada.register(page, "ada@shop.example");
  for (const [generation, how] of [[1, "unanswered"], [2, "cut"]]) {
    const before = (await ada.cookie("jg_rt")).value;
    await world.later(61);
    await world.lose(how);
    assert.deepEqual(await ask(page, 10), ALL_WELL, how);
    assert.equal(await world.lost(), generation, "answers that were lost");
    assert.equal((await session(page)).generation, generation, "the same successor, given again");
    assert.notEqual((await ada.cookie("jg_rt")).value, before);
  }
}

/** Only a refusal ends a session: the page says that there was no answer, and goes on when there is one. */
export async function an_outage_logs_nobody_out(world) {
  const ada = await world.person();
  const page = await ada.tab();
  await ada.register(page, "ada@shop.example");
  await world.later(61);
  await world.lose("busy");
  await page.click("#forget");
  await page.waitForSelector("#notices .bad");
  assert.equal((await session(page)).generation, 0);
  await page.waitForSelector("#log-out:visible");
  await page.click("#ten");
  await page.waitForSelector("#log .renewed");
  assert.equal(ada.refreshes.length, 2);
}

export async function a_log_out_is_seen_by_all_tabs(world) {
  const ada = await world.person();
  const first = await ada.tab();
  await ada.register(first, "ada@shop.example");
  const others = [await ada.tab(), await ada.tab("/#/account")];
  for (const tab of others) await tab.waitForSelector("#log-out:visible");
  await first.click("#log-out");
  for (const tab of others) {
    await tab.waitForSelector("#open-log-in:visible");
    assert.match(await tab.locator("#log .end").first().innerText(), /by another tab/);
  }
  assert.equal((await plainly(others[0], "/api/orders")).body.code, "token_missing");
  // And a log-in as well.
  await ada.logIn(others[1], "ada@shop.example");
  for (const tab of [first, others[0]]) await tab.waitForSelector("#log-out:visible");
}

/** A thief has a copy of the refresh token and uses it late: the session ends for both, and the page says so. */
export async function a_stolen_copy_ends_the_session(world) {
  const ada = await world.person();
  const page = await ada.tab();
  await ada.register(page, "ada@shop.example");
  const stolen = (await ada.cookie("jg_rt")).value;
  await world.later(61);
  assert.deepEqual(await ask(page, 10), ALL_WELL);
  await world.later(31);
  const theft = await fetch(`${world.shop}/auth/v1/refresh`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ refresh_token: stolen }),
  });
  assert.deepEqual([theft.status, (await theft.json()).code], [401, "refresh_token_reused"]);
  await page.click("#ten");
  await page.waitForSelector("#open-log-in:visible");
  assert.match(await page.locator("#log").innerText(), /session_ended/);
}
