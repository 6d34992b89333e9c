// The list of analyses.

import { get } from "./api.js";
import { el } from "./dom.js";
import { failure } from "./failure.js";
import { duration, fileName, number, when } from "./format.js";
import { pages, table } from "./pages.js";
import { t } from "./words.js";

const LIMIT = 20;
const REFRESH = 5000;

export async function runs(options, signal) {
  const list = el("div");
  let offset = 0;
  let timer = 0;

  async function show(from = offset) {
    offset = from;
    clearTimeout(timer);
    const found = await get("runs", { limit: LIMIT, offset }, signal);
    const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    list.replaceChildren(...content(found));
    if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"], a[href="${focused}"]`)?.focus();
    if (found.runs.some((run) => ["queued", "running"].includes(run.state))) {
      timer = setTimeout(() => show().catch(() => {}), REFRESH);
    }
  }

  function content(found) {
    if (!found.total_entries) return [el("p", {}, t("runs.empty"))];
    const go = (target) => show(target).catch((error) => list.replaceChildren(failure(error)));
    return [listing(found.runs), pages(offset, LIMIT, found.total_entries, go)].filter(Boolean);
  }

  signal.addEventListener("abort", () => clearTimeout(timer));
  await show();
  return [el("section", { className: "card", "aria-labelledby": "runs-title" }, el("h2", { id: "runs-title" }, t("runs.title")), list)];
}

function listing(found) {
  const heads = ["file", "state", "rows", "when", "duration", "user"]
    .map((name) => ({ text: t(`runs.${name}`), number: ["rows", "duration"].includes(name) }));
  return table(t("runs.caption"), heads, found.map(row), { className: "runs" });
}

function row(run) {
  const seconds = run.started && (new Date(run.ended ?? Date.now()) - new Date(run.started)) / 1000;
  return el("tr", {},
    el("td", {}, el("a", { href: `#/run/${encodeURIComponent(run.job_id)}` }, run.input_name ? fileName(run.input_name) : t("runs.newest"))),
    el("td", {}, badge(run.state)),
    el("td", { className: "number" }, number(run.rows)),
    el("td", {}, when(run.started ?? run.queued)),
    el("td", { className: "number" }, duration(seconds || null)),
    el("td", {}, run.user ?? t("runs.daily")));
}

export function badge(state) {
  return el("span", { className: `badge ${state}` }, t(`state.${state}`));
}
