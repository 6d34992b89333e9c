// Light and dark as Airflow has them where the page is in its frame, otherwise as the system has them.

const KEY = "theme"; // where Airflow keeps its choice

function apply() {
  let chosen = null;
  try {
    chosen = localStorage.getItem(KEY);
  } catch {
    // no storage: as the system has it
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
}

export function followTheme() {
  apply();
  window.addEventListener("storage", (event) => event.key === KEY && apply());
}
