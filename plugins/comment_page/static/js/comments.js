// The comments as a table that filters and pages on the server.

import { get, job } from "./api.js";
import { announce, el, field, select } from "./dom.js";
import { failure } from "./failure.js";
import { number } from "./format.js";
import { pages, table } from "./pages.js";
import { t } from "./words.js";

const LIMIT = 25;
const PAUSE = 350;

export function comments({ id, options, signal }) {
  const names = Object.fromEntries([...options.emotions, ...options.themes].map((one) => [one.id, one.name]));
  const listed = (values) => values.map((one) => [one.id, one.name]);
  const emotion = select([["", t("comments.all_f")], ...listed(options.emotions)], "", { onchange: () => show(0) });
  const theme = select([["", t("comments.all")], ...listed(options.themes)], "", { onchange: () => show(0) });
  const text = el("input", { type: "search", maxLength: 200, oninput: later });
  const clear = el("button", { type: "button", onclick: reset }, t("comments.clear"));
  const list = el("div", { "aria-live": "off" });
  let timer = 0;
  let asked = 0;

  function later() {
    clearTimeout(timer);
    timer = setTimeout(() => show(0), PAUSE);
  }

  function reset() {
    emotion.value = theme.value = text.value = "";
    show(0);
  }

  async function show(offset) {
    const ticket = (asked += 1);
    list.setAttribute("aria-busy", "true");
    const query = { emotion: emotion.value, theme: theme.value, text: text.value.trim(), limit: LIMIT, offset };
    try {
      const found = await get(job(id, "/comments"), query, signal);
      if (ticket === asked) list.replaceChildren(...content(found, offset));
    } catch (error) {
      if (ticket === asked && !signal.aborted) list.replaceChildren(failure(error, () => show(offset)));
    }
    list.removeAttribute("aria-busy");
  }

  function content(found, offset) {
    const count = t(found.total_entries === 1 ? "comments.found.one" : "comments.found", { n: number(found.total_entries) });
    announce(count);
    const title = el("p", { className: "count" }, count);
    if (!found.comments.length) return [title, el("p", {}, t("comments.none"))];
    const heads = [{ text: t("comments.row"), number: true }, { text: t("comments.comment") }, { text: t("comments.emotion") },
      { text: t("comments.themes") }, { text: t("comments.repeats"), number: true }];
    return [title, table(t("comments.caption"), heads, found.comments.map((one) => row(one, names)), { className: "comments" }),
      pages(offset, LIMIT, found.total_entries, show)].filter(Boolean);
  }

  show(0);
  return [el("div", { className: "filters" },
    field(t("comments.emotion"), emotion), field(t("comments.theme"), theme),
    field(t("comments.text"), text, t("comments.text_hint")), clear), list];
}

function row(one, names) {
  const nearly = one.near_duplicate_of === null ? "" : t("comments.nearly", { row: number(one.near_duplicate_of) });
  return el("tr", {},
    el("td", { className: "number" }, number(one.row)),
    el("td", { className: "text" }, one.text.trim() || el("em", {}, t("comments.blank"))),
    el("td", {}, one.emotion ? el("span", { className: `emotion ${one.emotion}` }, names[one.emotion] ?? one.emotion) : ""),
    el("td", {}, one.themes.map((theme) => el("span", { className: "tag" }, names[theme] ?? theme))),
    el("td", { className: "number" }, one.duplicate_of === null ? nearly : number(one.duplicate_of)));
}
