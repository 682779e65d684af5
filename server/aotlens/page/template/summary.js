/* The head of a target: how it was traced, its numbers, why it failed, and the findings. */

section("summary", "Summary", (target) => {
  const numbers = target.totals ? target.totals.split(" · ") : [];
  return [
    el("div", { class: "head" }, el("h1", {}, target.name), el("span", { class: `status ${target.status}` }, target.status), target.place === null ? null : el("span", { class: "where" }, FACTS.places[target.place][0])),
    target.call ? el("p", {}, el("code", {}, target.call), " ", el("span", { class: "dim" }, target.origin)) : null,
    numbers.length ? el("ul", { class: "chips", "aria-label": "Numbers" }, numbers.map((text) => el("li", { class: "big" }, text))) : null,
    el("ul", { class: "chips", "aria-label": "How it was traced" }, target.facts.map((text) => el("li", {}, text))),
    target.failure ? failure(target.failure) : null,
    target.attempts.length ? attempts(target.attempts) : null,
  ];
});

section("findings", "Findings", (target) => {
  const breaks = target.graphs.flatMap((graph) => graph.breaks);
  if (!target.findings.length && !breaks.length && !target.uncaptured.length) {
    return target.status === "traced" ? [el("div", { class: "head" }, el("h2", {}, "Findings"), el("span", { class: "dim" }, "none"))] : null;
  }
  return [
    el("div", { class: "head" }, el("h2", {}, "Findings"), el("span", { class: "dim" }, target.found)),
    el("div", {}, target.findings.map(finding)),
    breaks.length ? uncaptured("Graph breaks", breaks) : null,
    target.uncaptured.map(([title, items]) => uncaptured(title, items)),
  ];
});

function finding(data, number) {
  const related = data.related.map(([text, place]) => source(place, el("span", { class: "dim" }, pieces(text))));
  return el(
    "div",
    { class: `finding ${data.severity}`, id: `finding-${number}`, tabindex: "-1" },
    el("span", { class: "severity" }, data.severity),
    el("span", {}, pieces(data.message), " ", el("span", { class: "where" }, data.code)),
    el("div", { class: "more" }, source(data.place), related),
  );
}

function uncaptured(title, items) {
  return el(
    "div",
    {},
    el("h3", {}, `${title} `, el("span", { class: "dim" }, String(items.length))),
    items.map((item) =>
      el(
        "div",
        { class: "finding warning" },
        el("span", { class: "severity" }, "break"),
        el("span", {}, pieces(item.text)),
        el("div", { class: "more" }, source(item.place), item.advice.map(([heading, text]) => el("p", {}, el("span", { class: "dim" }, `${heading}: `), pieces(text)))),
      ),
    ),
  );
}

function failure(data) {
  const [first, ...rest] = data.message.split("\n");
  return el(
    "div",
    { class: "failure" },
    el("h3", {}, `error[${data.stage}]: ${first}`),
    rest.length ? el("pre", {}, rest.join("\n")) : null,
    data.where ? el("span", { class: "where" }, data.where) : null,
    data.marked.length ? el("pre", { class: "marked" }, data.marked.map(([number, text]) => `${number} | ${text}`).join("\n")) : null,
    data.operands.map(block),
    data.frames.length ? el("div", { class: "frames" }, data.frames.map(([where, name, code]) => el("div", {}, `${where} in ${name}`, code ? el("div", { class: "dim" }, `    ${code.trim()}`) : null))) : null,
    data.hint ? el("p", { class: "advice" }, el("strong", {}, "hint: "), data.hint) : null,
  );
}

function attempts(list) {
  const rows = list.map(([what, reason]) => el("li", {}, el("code", {}, what), ": ", pieces(reason)));
  return el("details", {}, el("summary", {}, `Examples that were passed over: ${list.length}`), el("ul", {}, rows));
}
