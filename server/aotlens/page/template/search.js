/* The search over everything: findings, inputs, outputs, modules, nodes and targets. */

const MOST_FOUND = 60;
let entries = null;
let found = [];
let active = -1;

/** All that can be found: `[kind, name, about, what the search reads, target, go]`. */
function everything() {
  return FACTS.targets.flatMap((target, number) => {
    const entry = (kind, name, about, read, go) => ({ kind, name, about, read: [kind, name, about, ...read].join("\n").toLowerCase(), number, go });
    const plain = (line) => line.map((piece) => (typeof piece === "string" ? piece : piece[0] === "code" ? piece[1] : plain(piece[1]))).join("");
    const where = (place) => (place === null || place === undefined ? "" : FACTS.places[place][0]);
    return [
      entry("target", target.name, target.status, [], () => goTo("summary")),
      ...target.findings.map((each, at) => entry(each.severity, plain(each.message), where(each.place), [each.code], () => reveal(byId(`finding-${at}`)))),
      ...target.graphs.flatMap((graph, its) =>
        ["input", "output"].flatMap((kind) =>
          graph[`${kind}s`].map((slot) => entry(slot.role, slot.label, `${slot.node ?? `#${slot.index}`}  ${slot.type}`, [slot.descriptor ?? "", slot.expression ?? "", where(slot.place), kind], () => (choose(kind, its, slot.index), reveal(document.querySelector('.ends[aria-selected="true"]'))))),
        ),
      ),
      ...target.modules.tree.map((module, at) => entry("module", module.name || target.qualname, module.type, [where(module.made)], () => (choose("module", 0, at), reveal(document.querySelector('.item[aria-selected="true"]'))))),
      ...target.modules.tree.flatMap((module, at) => module.values.map(([name, type, size, node, place]) => entry("saved", name, `${type}  ${size}`, [node ?? "", where(place)], () => (choose("module", 0, at), reveal(document.querySelector('.item[aria-selected="true"]')))))),
      ...target.nodes.map((node, at) => entry("node", node.name, where(node.place), [node.node, ...(node.words[0]?.facts ?? []).map(plain)], () => showNode(at))),
    ];
  });
}

/** Scroll to an element and put the focus there. */
function reveal(element) {
  element?.scrollIntoView({ block: "center" });
  element?.focus({ preventScroll: true });
}

/** The entries that have all words of a query; those of the shown target and with the word as name come first. */
function matches(query) {
  entries ??= everything();
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (entry) => (entry.number === shown.number ? 0 : 4) + (entry.name.toLowerCase() === query.trim().toLowerCase() ? 0 : entry.name.toLowerCase().includes(words[0]) ? 1 : 2);
  const all = words.length ? entries.filter((entry) => words.every((word) => entry.read.includes(word))) : [];
  return all.map((entry) => [rank(entry), entry]).sort((one, other) => one[0] - other[0]).map(([, entry]) => entry);
}

function drawResults() {
  const query = byId("query");
  found = matches(query.value);
  active = found.length ? 0 : -1;
  const rows = found.slice(0, MOST_FOUND).map((entry, at) => el("div", { role: "option", id: `found-${at}`, "aria-selected": "false", onmousedown: (event) => (event.preventDefault(), take(at)) }, el("span", { class: "kind" }, entry.kind), el("span", { class: "code" }, entry.name), el("span", { class: "dim" }, entry.number === shown.number ? entry.about : FACTS.targets[entry.number].name)));
  const more = found.length > MOST_FOUND ? el("div", { class: "dim" }, `and ${found.length - MOST_FOUND} more`) : found.length ? null : el("div", { class: "dim" }, "Nothing has all of these words.");
  const isOpen = query.value.trim() !== "";
  byId("results").replaceChildren(...rows, ...(more ? [more] : []));
  byId("results").hidden = !isOpen;
  query.setAttribute("aria-expanded", String(isOpen));
  say(isOpen ? `${found.length} found` : "");
  activate(active);
}

function activate(number) {
  byId("results").querySelectorAll('[aria-selected="true"]').forEach((row) => row.setAttribute("aria-selected", "false"));
  active = number;
  const row = byId(`found-${number}`);
  row?.setAttribute("aria-selected", "true");
  row?.scrollIntoView({ block: "nearest" });
  set(byId("query"), { "aria-activedescendant": row ? row.id : "" });
}

function take(number) {
  const entry = found[number];
  if (entry) {
    closeResults();
    show(entry.number);
    entry.go();
  }
}

function closeResults() {
  byId("results").hidden = true;
  byId("query").setAttribute("aria-expanded", "false");
}

byId("query").addEventListener("input", drawResults);
byId("query").addEventListener("focus", () => byId("query").value && drawResults());
byId("query").addEventListener("blur", closeResults);
byId("query").addEventListener("keydown", (event) => {
  const last = Math.min(found.length, MOST_FOUND) - 1;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    activate(Math.max(0, Math.min(last, active + (event.key === "ArrowDown" ? 1 : -1))));
  } else if (event.key === "Enter") {
    take(active);
  } else if (event.key === "Escape") {
    byId("query").value = "";
    closeResults();
    byId("query").blur();
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
});
