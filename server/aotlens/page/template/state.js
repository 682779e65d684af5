/* What is shown: the target, and the thing that is chosen in it. Both stand in the address, so that Back works. */

const shown = { number: -1, target: null, chosen: "" };
const drawers = [];
const watchers = [];

/** Draw a section with `draw(target)`, which returns it or null, whenever another target is shown. */
function section(id, title, draw) {
  drawers.push({ id, title, draw });
}

/** Call `watch(kind, graph, number)` whenever a thing is chosen; with null for none. */
function onChosen(watch) {
  watchers.push(watch);
}

/** Choose a thing: a kind (`input`, `output`, `node`, `module`, `finding`), the number of its graph, and its own. */
function choose(kind, graph = 0, number = 0) {
  remember(shown.number, kind === null ? "" : `${kind}.${graph}.${number}`, false);
}

/** Show a target, and a thing of it. */
function show(number, chosen = "") {
  remember(number, chosen, number !== shown.number);
}

function remember(number, chosen, isNew) {
  const address = `#t=${number}${chosen ? `&at=${chosen}` : ""}`;
  if (address !== location.hash) {
    history[isNew ? "pushState" : "replaceState"](null, "", address);
  }
  follow();
}

/** Show what the address names. */
function follow() {
  const named = new URLSearchParams(location.hash.slice(1));
  const asked = Number(named.get("t") ?? FACTS.first);
  const number = Number.isInteger(asked) && asked >= 0 && asked < FACTS.targets.length ? asked : FACTS.first;
  if (number !== shown.number) {
    shown.number = number;
    shown.target = FACTS.targets[number];
    shown.chosen = "";
    watchers.length = 0;
    drawTarget(shown.target);
  }
  const chosen = named.get("at") ?? "";
  if (chosen !== shown.chosen) {
    shown.chosen = chosen;
    const [kind, graph, own] = chosen.split(".");
    const thing = chosen ? [kind, Number(graph), Number(own)] : [null, 0, 0];
    for (const watch of [showDetails, ...watchers]) {
      watch(...thing);
    }
  }
}

function drawTarget(target) {
  showDetails(null);
  const links = [];
  const made = drawers.flatMap(({ id, title, draw }) => {
    const content = draw(target);
    if (!content) {
      return [];
    }
    links.push(el("button", { type: "button", onclick: () => goTo(id), "data-section": id }, title));
    return [el("section", { id, tabindex: "-1", "aria-label": title }, content)];
  });
  byId("main").replaceChildren(...made);
  byId("sections").replaceChildren(...links);
  if (byId("target")) {
    byId("target").value = String(shown.number);
  }
  document.title = `${target.name} · aotlens report`;
}

/** Scroll to a section, and put the focus there. */
function goTo(id) {
  const there = byId(id);
  there?.scrollIntoView();
  there?.focus({ preventScroll: true });
}

const THEMES = ["system", "light", "dark"];

function theme(wanted) {
  const chosen = THEMES.includes(wanted) ? wanted : "system";
  document.documentElement.dataset.theme = chosen;
  byId("theme").textContent = { system: "◐ system", light: "☀ light", dark: "☾ dark" }[chosen];
  byId("theme").title = "Theme (t)";
  try {
    localStorage.setItem("aotlens-theme", chosen);
  } catch {
    // A browser may keep nothing for a file.
  }
}

function nextTheme() {
  theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
}

function keptTheme() {
  try {
    return localStorage.getItem("aotlens-theme");
  } catch {
    return null;
  }
}
