// Tells an error of the API, with what can be done about it.

import { el, problem } from "./dom.js";
import { t, told } from "./words.js";

export function failure(error, again) {
  const [title, detail] = told(error);
  const login = error.status === 401 && el("a", { href: new URL("../auth/login", document.baseURI).href }, t("login"));
  const retry = again && el("button", { type: "button", onclick: again }, t("retry"));
  const box = problem(title, detail);
  box.append(...[login, retry].filter(Boolean));
  return box;
}
