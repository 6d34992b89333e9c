// Follows a job: asks for its status until it has ended.

import { get, post } from "./api.js";
import { announce, el, problem } from "./dom.js";
import { failure } from "./failure.js";
import { duration, number, percent, size } from "./format.js";
import { badge } from "./runs.js";
import { t } from "./words.js";

const PAUSE = 3000;
const PAUSE_UNSEEN = 10000;
const SAID_EVERY = 10; // percent, so that a screen reader is not kept talking
const OPEN = ["queued", "running"];
const MIB = 1048576;

export function progress(id, first, options, signal, ended) {
  const head = el("div", { className: "row" });
  const bar = el("progress", { max: 100, "aria-label": t("run.progress") });
  const facts = el("dl", { className: "facts" });
  const told = el("div");
  const stop = el("button", { type: "button", onclick: ask }, t("run.stop"));
  let timer = 0;
  let said = "";

  function show(status) {
    const share = status.percentage / 100;
    const open = OPEN.includes(status.state);
    const phase = open ? t(`phase.${status.phase}`) : t(`state.${status.state}`);
    head.replaceChildren(badge(status.state), el("strong", { className: "phase" }, open ? phase : ""), el("span", { className: "percent" }, percent(share)));
    if (status.state === "running" && status.total === null) bar.removeAttribute("value");
    else bar.value = status.percentage;
    bar.setAttribute("aria-valuetext", `${phase}, ${percent(share)}`);
    facts.replaceChildren(...figures(status, open));
    told.replaceChildren(...(status.message ? [problem(t(`state.${status.state}`), status.message)] : []));
    stop.hidden = !open || !options.may_cancel;
    const sentence = t("run.said", { state: phase, percent: percent(Math.floor(status.percentage / SAID_EVERY) * SAID_EVERY / 100) });
    if (sentence !== said) announce((said = sentence));
    if (open) timer = setTimeout(look, document.hidden ? PAUSE_UNSEEN : PAUSE);
    else ended().catch((error) => told.append(failure(error)));
  }

  async function look() {
    try {
      show(await get(`batch/status/${encodeURIComponent(id)}`, {}, signal));
    } catch (error) {
      if (signal.aborted) return;
      told.replaceChildren(error.status === 401 ? failure(error) : el("p", { className: "hint" }, t("run.unseen")));
      timer = setTimeout(look, PAUSE_UNSEEN);
    }
  }

  function ask() {
    const no = el("button", { type: "button", onclick: () => { question.replaceWith(stop); stop.focus(); } }, t("run.sure_no"));
    const yes = el("button", { type: "button", className: "danger", onclick: () => cancel(question) }, t("run.sure_yes"));
    const question = el("div", { className: "problem", role: "group", "aria-label": t("run.stop") }, el("p", {}, t("run.sure")), yes, no);
    stop.replaceWith(question);
    no.focus();
  }

  async function cancel(question) {
    clearTimeout(timer);
    question.replaceChildren(el("p", {}, t("run.stopping")));
    try {
      const status = await post(`batch/cancel/${encodeURIComponent(id)}`);
      question.remove();
      show(status);
      announce(t("run.stopped"));
    } catch (error) {
      question.replaceWith(failure(error));
      look();
    }
  }

  signal.addEventListener("abort", () => clearTimeout(timer));
  show(first);
  return el("section", { className: "card", "aria-label": t("run.progress") }, head, bar, facts, told, stop);
}

function figures(status, open) {
  const found = [
    ["rows", t("run.of", { done: number(status.processed), total: number(status.total) })],
    ["rate", status.items_per_second ? t("run.per_second", { n: number(status.items_per_second) }) : null],
    ["elapsed", duration(status.elapsed_seconds)],
    ["eta", open && status.eta_seconds !== null ? duration(status.eta_seconds) : null],
    ["batches", t("run.of", { done: number(status.batches_completed), total: number(status.batches_total) })],
    ["batch_time", status.average_batch_time === null ? null : duration(status.average_batch_time)],
    [open ? "duplicates" : "duplicates_end", status.duplicates_found === null ? null : number(status.duplicates_found)],
    ["retries", number(status.retries)],
    ["errors", number(status.error_count)],
    ["memory", status.memory_mb === null ? null : size(status.memory_mb * MIB)],
  ];
  return found.filter(([, value]) => value !== null)
    .map(([name, value]) => el("div", {}, el("dt", {}, t(`run.${name}`)), el("dd", {}, value)));
}
