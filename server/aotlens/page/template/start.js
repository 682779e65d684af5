/* The bar, the keys of the whole page, and the first target. */

const KEYS = [
  ["/", "search everything; ↓ ↑ and Enter choose a result"],
  ["Tab", "go to the next part: lists, the map, the tree and the graph are one part each"],
  ["↑ ↓ ← →", "move in a part: in the flow to the partner, in the map to what is beside or inside, in the graph to lines and nodes"],
  ["Enter", "say what it is; in the map, fill the map with a module"],
  ["Escape", "close the panel; in the map, back to the module around it"],
  ["1 … 6", "go to a section"],
  ["t", "change the theme"],
  ["?", "show or hide this"],
];

function showKeys() {
  const wanted = byId("keys").hidden;
  byId("keys").hidden = !wanted;
  byId("help").setAttribute("aria-expanded", String(wanted));
}

byId("keys").append(el("dl", {}, KEYS.map(([key, words]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, words)])));
byId("help").addEventListener("click", showKeys);
byId("theme").addEventListener("click", nextTheme);
theme(keptTheme());

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) {
    return;
  }
  if (event.key === "Escape") {
    choose(null);
  } else if (isTyping) {
    return;
  } else if (event.key === "/") {
    byId("query").focus();
    byId("query").select();
  } else if (event.key === "?") {
    showKeys();
  } else if (event.key === "t") {
    nextTheme();
  } else if (/^[1-9]$/.test(event.key)) {
    byId("sections").children[Number(event.key) - 1]?.click();
  } else {
    return;
  }
  event.preventDefault();
});

if (FACTS.targets.length > 1) {
  const marks = { traced: "", failed: "✗ " };
  const options = FACTS.targets.map((target, number) => el("option", { value: number }, `${marks[target.status] ?? ""}${target.qualname}  ·  ${target.name.slice(0, -target.qualname.length - 2)}${target.found ? `  ·  ${target.found}` : ""}`));
  byId("choice").append(el("select", { id: "target", "aria-label": "Target", onchange: (event) => show(Number(event.target.value)) }, options));
}
window.addEventListener("popstate", follow);
follow();
