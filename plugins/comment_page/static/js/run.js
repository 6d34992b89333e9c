// One analysis: its progress while it goes on, then its report, comments and files.

import { get, job } from "./api.js";
import { comments } from "./comments.js";
import { el } from "./dom.js";
import { files } from "./files.js";
import { fileName } from "./format.js";
import { progress } from "./progress.js";
import { report } from "./report.js";
import { t } from "./words.js";

const TABS = { report, comments, files };

export async function run(options, signal, id) {
  const status = await get(`batch/status/${encodeURIComponent(id)}`, {}, signal);
  const results = el("div");
  const title = el("h2", {}, t("run.title", { name: status.input_name ? fileName(status.input_name) : id }));

  async function ended() {
    const found = await get(job(id, "/files"), {}, signal).catch(() => ({ files: [] }));
    const names = found.files.map((file) => file.name);
    if (names.includes("results.json")) {
      results.replaceChildren(tabbed({ id, options, signal, files: found.files, names }));
    } else {
      results.replaceChildren(el("p", { className: "card" }, t("result.none")));
    }
  }

  const following = progress(id, status, options, signal, ended);
  const airflow = window.top === window.self && el("a", { href: new URL(`../dags/comment_analysis/runs/${encodeURIComponent(id)}`, document.baseURI).href }, t("run.airflow"));
  return [el("p", { className: "path" }, el("a", { href: "#/runs" }, `‹ ${t("run.back")}`), airflow), title, following, results];
}

// Tabs as the ARIA practices have them: arrow keys move between them.
function tabbed(context) {
  const panel = el("div", { role: "tabpanel", id: "result", tabIndex: 0 });
  const tabs = Object.keys(TABS).map((name) =>
    el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "result", onclick: () => choose(name) }, t(`result.${name}`)));

  function choose(name) {
    for (const tab of tabs) {
      const chosen = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", `tab-${name}`);
    panel.replaceChildren(...TABS[name](context));
  }

  function move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  }

  choose(context.names.includes("report.html") ? "report" : "comments");
  return el("div", { className: "card" }, el("div", { role: "tablist", className: "tablist", "aria-label": t("tab.runs"), onkeydown: move }, tabs), panel);
}
