// The files of the results.

import { address, job } from "./api.js";
import { el } from "./dom.js";
import { size } from "./format.js";
import { table } from "./pages.js";
import { t } from "./words.js";

export function files({ id, files: found }) {
  const heads = [{ text: t("file.name") }, { text: t("file.what") }, { text: t("file.size"), number: true }];
  const rows = found.map((file) => el("tr", {},
    el("td", {}, link(id, file.name)),
    el("td", {}, t(`file.${file.name}`)),
    el("td", { className: "number" }, size(file.bytes))));
  return [table(t("file.caption"), heads, rows)];
}

function link(id, name) {
  const href = address(job(id, `/files/${name}`));
  return el("a", { href, download: name, "aria-label": t("file.download", { name }) }, name);
}
