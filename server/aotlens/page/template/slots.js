/* The tables of each graph; the inputs and outputs also one by one, with their descriptors. */

section("tables", "Tables", (target) => {
  if (!target.graphs.length) {
    return target.rest.length ? target.rest.map(block) : null;
  }
  return [
    el("div", { class: "head" }, el("h2", {}, "Inputs and outputs"), el("span", { class: "dim" }, "what the descriptors say")),
    target.graphs.map((graph, number) => [graph.heading ? el("h3", {}, graph.heading) : null, slotTables(graph, number), graph.tables.slice(2).map((data) => table(data))]),
    target.rest.map(block),
    target.legend.length ? legend(target.legend) : null,
  ];
});

const COLUMNS = [["#", "number"], ["node", "node"], ["role", "prose"], ["name", "name"], ["type", "type"], ["descriptor", "name"], ["meaning", "prose"]];

function slotTables(graph, number) {
  const box = el("div", { class: "tables" });
  const folded = ["input", "output"].map((kind, at) => {
    const rows = graph.rows[`${kind}s`];
    return () => table(graph.tables[at], (row) => (rows[row][1].length === 1 ? choose(kind, number, rows[row][1][0]) : choose("rows", number, row * 2 + at)));
  });
  const each = ["input", "output"].map((kind, at) => () => {
    const slots = graph[`${kind}s`];
    const rows = slots.map((slot) => [[String(slot.index)], slot.node ?? "—", [slot.role], slot.label, slot.type, slot.descriptor ?? "—", slot.meaning]);
    return table({ ...graph.tables[at], columns: COLUMNS, rows, notes: [] }, (row) => choose(kind, number, slots[row].index));
  });
  const draw = (view) => box.replaceChildren(...(view === "folded" ? folded : each).map((make) => make()));
  draw("folded");
  const switches = choices("Rows of inputs and outputs", [["folded", "Equal rows together"], ["each", "Each with its descriptor"]], "folded", draw);
  return [el("div", { class: "head" }, switches), box];
}

function legend(rows) {
  return el("div", {}, el("h3", {}, "Legend"), rows.map(([title, text]) => el("p", { class: "notes" }, el("strong", {}, title), "  ", pieces(text))));
}
