// @ts-check
/** Making pieces of the page. Nothing is ever made of a text in HTML. @module */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: `on…` listens, `true` is an attribute without a value, and `false`, `null` and `undefined` are none.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A drawing of the page's sprite; for the eye only. @param {string} id @returns {SVGElement} */
export function art(id) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("viewBox", "0 0 200 150");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#art-${id}`);
  svg.append(use);
  return svg;
}

/** An element of index.html. @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return /** @type {T} */ (element);
}

/** @param {number} cents */
export function money(cents) {
  return new Intl.NumberFormat("en", { style: "currency", currency: "EUR" }).format(cents / 100);
}

/** Says something to everybody, for the eye and for the ear. @param {string} text @param {"good" | "bad"} [kind] */
export function notice(text, kind = "good") {
  const said = h("p", { class: `notice ${kind}` }, text);
  const notices = byId("notices");
  notices.append(said);
  while (notices.childElementCount > 2) notices.firstElementChild?.remove();
  setTimeout(() => said.remove(), 6000);
}
