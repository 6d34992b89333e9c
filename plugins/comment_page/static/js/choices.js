// What to analyse, and in which batches.

import { el, field, problem } from "./dom.js";
import { number } from "./format.js";
import { t } from "./words.js";

export function choices(options, changed, start) {
  const boxes = options.analyses.map((name) => el("input", { type: "checkbox", value: name, checked: true, onchange: changed }));
  const labels = boxes.map((box) => el("label", { className: "check" }, box, name(box.value)));
  const numbers = {
    batch_size: limited(options.batch_size, changed),
    n_workers: limited(options.n_workers, changed),
    max_memory_mb: limited(options.max_memory_mb, changed),
  };
  const refused = el("div");
  const button = el("button", { type: "submit", className: "main" }, t("choose.start"));

  async function submit(event) {
    event.preventDefault();
    refused.replaceChildren();
    if (!boxes.some((box) => box.checked)) {
      refused.replaceChildren(problem(t("choose.none")));
      return;
    }
    button.disabled = true;
    button.textContent = t("choose.starting");
    await start();
    button.disabled = false;
    button.textContent = t("choose.start");
  }

  function values() {
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    const given = Object.entries(numbers).filter(([, input]) => input.value && input.checkValidity());
    const all = chosen.length === boxes.length;
    return { ...(all || !chosen.length ? {} : { analyses: chosen }), ...Object.fromEntries(given.map(([key, input]) => [key, Number(input.value)])) };
  }

  const element = el("form", { className: "card", hidden: true, onsubmit: submit, "aria-labelledby": "choose-title" },
    el("h2", { id: "choose-title" }, t("choose.title")),
    el("fieldset", {}, el("legend", {}, t("choose.analyses")), labels),
    el("details", {}, el("summary", {}, t("choose.advanced")),
      el("div", { className: "three" },
        field(t("choose.batch_size"), numbers.batch_size, t("choose.batch_hint", { least: number(options.batch_size[0]) })),
        field(t("choose.workers"), numbers.n_workers, t("choose.workers_hint")),
        field(t("choose.memory"), numbers.max_memory_mb, t("choose.memory_hint")))),
    refused, button);
  return { element, values, refuse: (box) => refused.replaceChildren(box) };
}

function name(analysis) {
  const known = t(`analysis.${analysis}`);
  return known === `analysis.${analysis}` ? analysis : known;
}

function limited([min, max], changed) {
  return el("input", { type: "number", min, max, step: 1, inputMode: "numeric", oninput: changed });
}
