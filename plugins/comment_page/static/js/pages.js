// Buttons to the previous and the next page of a list.

import { el } from "./dom.js";
import { number } from "./format.js";
import { t } from "./words.js";

export function pages(offset, limit, total, go) {
  if (total <= limit && !offset) return null;
  const button = (text, target, possible) =>
    el("button", { type: "button", disabled: !possible, onclick: () => go(target) }, text);
  const last = Math.min(offset + limit, total);
  const place = t("page.place", { first: number(offset + 1), last: number(last), total: number(total) });
  return el("nav", { className: "pages", "aria-label": t("page.label") },
    button(t("page.previous"), Math.max(0, offset - limit), offset > 0),
    el("span", {}, place),
    button(t("page.next"), offset + limit, last < total));
}

export function table(caption, heads, rows, properties = {}) {
  const head = el("tr", {}, heads.map((one) => el("th", { scope: "col", className: one.number ? "number" : "" }, one.text)));
  return el("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": caption },
    el("table", properties, el("caption", {}, caption), el("thead", {}, head), el("tbody", {}, rows)));
}
