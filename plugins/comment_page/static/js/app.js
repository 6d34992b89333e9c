// Shows the view that the address names: #/new, #/runs, #/run/ID.

import { get } from "./api.js";
import { el } from "./dom.js";
import { failure } from "./failure.js";
import { newRun } from "./new-run.js";
import { run } from "./run.js";
import { runs } from "./runs.js";
import { followTheme } from "./theme.js";
import { language, t } from "./words.js";

const view = document.getElementById("view");
const VIEWS = { new: newRun, runs, run };
let leave = () => {};
let options = null;

function tabs(current) {
  const links = [["new", t("tab.new")], ["runs", t("tab.runs")]].map(([name, text]) =>
    el("a", { href: `#/${name}`, "aria-current": name === current ? "page" : null }, text));
  document.getElementById("tabs").replaceChildren(...links);
}

async function show() {
  const [, name = "new", id = ""] = (location.hash || "#/new").split("/");
  const make = VIEWS[name] ?? VIEWS.new;
  leave();
  tabs(name === "run" ? "runs" : name);
  const leaving = new AbortController();
  leave = () => leaving.abort();
  view.replaceChildren(el("p", { className: "loading" }, t("loading")));
  try {
    options ??= await get("options", { lang: language });
    const content = await make(options, leaving.signal, decodeURIComponent(id));
    if (!leaving.signal.aborted) view.replaceChildren(...content);
  } catch (error) {
    if (!leaving.signal.aborted) view.replaceChildren(failure(error, show));
  }
}

window.addEventListener("hashchange", () => show().then(() => view.focus()));
followTheme();
show();
