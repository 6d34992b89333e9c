// The report, in a frame in which nothing of it can run.

import { address, job } from "./api.js";
import { el } from "./dom.js";
import { t } from "./words.js";

export function report({ id, names }) {
  if (!names.includes("report.html")) return [el("p", {}, t("result.no_report"))];
  const frame = el("iframe", { className: "report", title: t("result.report") });
  frame.setAttribute("sandbox", ""); // before its address: no script, no origin
  frame.src = address(job(id, "/report"));
  return [frame];
}
