// @ts-check
/** The products, the cart, and ordering. @module */

import { art, byId, h, money, notice } from "./dom.js";

/** @typedef {import("./app.js").Page} Page */
/** @typedef {{ id: string, name: string, line: string, price: number }} Product */
/** @typedef {{ product: string, quantity: number }} Item */

const KEPT = "paperboat cart";
const MOST_OF_ONE = 99;

/** @type {Product[]} */ let products = [];
/** @type {Item[]} */ let items = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
/** @type {Page} */ let page;

/** @param {Page} of */
export async function start(of) {
  page = of;
  products = await page.jotgate.fetch("/api/products").then((answer) => answer.json());
  byId("products").replaceChildren(...products.map(card));
  addEventListener("storage", (event) => {
    if (event.key !== KEPT) return;
    items = JSON.parse(event.newValue ?? "[]");
    show();
  });
  show();
}

/** @param {Product} product */
function card(product) {
  return h(
    "li",
    { class: "product" },
    h("div", { class: "tile", "data-art": product.id }, art(product.id)),
    h("h3", {}, product.name),
    h("p", { class: "line" }, product.line),
    h("p", { class: "price" }, money(product.price)),
    h(
      "button",
      { type: "button", class: "add", "aria-label": `Add ${product.name} to the cart`, onclick: () => add(product) },
      "Add",
    ),
  );
}

/** @param {Product} product */
function add(product) {
  change(product.id, 1);
  notice(`${product.name} is in your cart`);
}

/** @param {string} id @param {number} by */
function change(id, by) {
  const item = items.find((item) => item.product === id);
  if (item) item.quantity = Math.min(item.quantity + by, MOST_OF_ONE);
  else items.push({ product: id, quantity: by });
  keep(items.filter((item) => item.quantity > 0));
}

/** @param {Item[]} next */
function keep(next) {
  items = next;
  localStorage.setItem(KEPT, JSON.stringify(items));
  show();
}

function show() {
  const count = items.reduce((sum, item) => sum + item.quantity, 0);
  const badge = byId("cart-count");
  badge.hidden = count === 0;
  badge.replaceChildren(h("span", { class: "visually-hidden" }, "with "), String(count), h("span", { class: "visually-hidden" }, " items"));
  byId("cart").replaceChildren(count ? filled() : empty());
}

function empty() {
  return h(
    "div",
    { class: "card empty" },
    art("boat"),
    h("p", {}, "Nothing aboard yet."),
    h("a", { class: "button", href: "#/" }, "Look around"),
  );
}

function filled() {
  const bought = items.flatMap((item) => {
    const product = products.find((product) => product.id === item.product);
    return product ? [{ ...item, product }] : [];
  });
  const total = bought.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0);
  return h(
    "div",
    { class: "card" },
    h("ul", { class: "cart" }, ...bought.map(row)),
    h("p", { class: "total" }, h("span", {}, "Together"), h("strong", {}, money(total))),
    h("button", { type: "button", class: "primary wide", id: "order", onclick: order }, "Order"),
    h("p", { class: "fine" }, "Ordering asks for the scope ", h("code", {}, "orders:write"), " in your token."),
  );
}

/** @param {{ product: Product, quantity: number }} item */
function row({ product, quantity }) {
  const step = (/** @type {number} */ by, /** @type {string} */ sign, /** @type {string} */ word) =>
    h("button", { type: "button", "aria-label": `One ${product.name} ${word}`, onclick: () => change(product.id, by) }, sign);
  return h(
    "li",
    {},
    h("div", { class: "tile small", "data-art": product.id }, art(product.id)),
    h("div", { class: "what" }, h("strong", {}, product.name), h("span", {}, money(product.price))),
    h("div", { class: "stepper", role: "group", "aria-label": `How many: ${product.name}` }, step(-1, "−", "less"), h("output", {}, String(quantity)), step(1, "+", "more")),
  );
}

async function order() {
  if (!page.jotgate.session) {
    page.logIn(order);
    return;
  }
  const answer = await page.send("/api/orders", { method: "POST", body: { items } });
  if (!answer) return;
  if (answer.ok) {
    const { number, total } = await answer.json();
    notice(`Order ${number} is placed: ${money(total)}`);
    keep([]);
    page.did("order");
    await orders();
  } else {
    const { code, detail, title } = await answer.json();
    notice(`Not ordered: ${detail ?? title} (${code})`, "bad");
  }
}

/** Shows one's orders, whenever the cart is looked at. */
export async function orders() {
  const list = byId("orders");
  if (!page.jotgate.session) {
    list.hidden = true;
    return;
  }
  const answer = await page.send("/api/orders");
  if (!answer?.ok) return;
  /** @type {{ number: number, items: Item[], total: number }[]} */
  const mine = await answer.json();
  list.hidden = mine.length === 0;
  const named = (/** @type {Item} */ { product, quantity }) => `${quantity} × ${products.find(({ id }) => id === product)?.name}`;
  byId("order-list").replaceChildren(
    ...mine.map(({ number, items, total }) =>
      h("li", {}, h("span", { class: "number" }, `No. ${number}`), h("span", {}, items.map(named).join(", ")), h("strong", {}, money(total))),
    ),
  );
}
