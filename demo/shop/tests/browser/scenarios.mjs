// The shop in a real browser. Standard input says where everything is; one line of JSON is printed for each scenario.

import { pathToFileURL } from "node:url";

import { World } from "./kit.mjs";
import * as attacks from "./attacks.mjs";
import * as sessions from "./sessions.mjs";
import * as walks from "./walks.mjs";

/** So many at once: more would only wait for each other. */
const LANES = 3;

const input = JSON.parse(await new Promise((resolve, reject) => {
  let text = "";
  process.stdin.on("data", (chunk) => (text += chunk)).on("end", () => resolve(text)).on("error", reject);
}));
const { chromium } = await import(pathToFileURL(input.playwright));
const scenarios = { ...walks, ...sessions, ...attacks };
const browser = await chromium.launch({ executablePath: input.chromium });
const waiting = Object.entries(input.scenarios);

async function lane() {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const [name, addresses] = next;
    const world = new World(browser, addresses);
    let error = null;
    try {
      await scenarios[name](world);
    } catch (thrown) {
      error = thrown.stack ?? String(thrown);
    }
    await world.close();
    console.log(JSON.stringify({ name, error }));
  }
}

await Promise.all(Array.from({ length: LANES }, lane));
await browser.close();
