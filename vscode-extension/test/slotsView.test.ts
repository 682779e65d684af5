import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { happens, ThemeIcon, window } from "./vscode";
import type { Row, Slots } from "../src/protocol";
import { SlotsView, tooltip, type Item } from "../src/slotsView";

const row = (label: string, more: Partial<Row> = {}): Row => ({
  ...{ label, type: "f32[4]", nodes: ["primals_1"], note: "", concern: false, descriptor: null, location: null },
  ...{ labels: [], members: [] },
  ...more,
});
const ANSWER: Slots = {
  ...{ target: "/m.py::Block", title: "Block", call: "Block()(x: f32[4])", state: "", mark: "1", graphs: [] },
  groups: [
    {
      ...{ kind: "parameter", title: "Parameters", summary: "3" },
      rows: [
        row("w", { labels: ["w"] }),
        row("b.{0,1}", { concern: true, note: "×2", members: [row("b.0"), row("b.1")] }),
      ],
    },
  ],
};

beforeEach(() => {
  vi.useFakeTimers();
  const document = { uri: { toString: () => "file:///m.py" } };
  window.activeTextEditor = { document, selection: { active: { line: 3, character: 1 } } };
});
afterEach(() => vi.useRealTimers());

function open(...answers: (Slots | null | undefined)[]) {
  const ask = vi.fn((_method: string, _params: unknown) => Promise.resolve(answers.shift() as never));
  const view = new SlotsView(ask, []);
  const changes = vi.fn();
  view.onDidChangeTreeData(changes);
  const tree = window.createTreeView.mock.results.at(-1)?.value as { message?: string; description: string };
  const look = async () => {
    view.refresh();
    await vi.advanceTimersByTimeAsync(500);
  };
  return { view, ask, changes, tree, look };
}

const labels = (view: SlotsView, item?: Item) => view.getChildren(item).map((one) => view.getTreeItem(one).label);

test("it shows what the server answers", async () => {
  const { view, ask, tree, look } = open(ANSWER);
  await look();
  expect(ask).toHaveBeenCalledTimes(1);
  expect(tree).toMatchObject({ description: "Block", message: "Block()(x: f32[4])" });
  expect(view.target).toBe("/m.py::Block");
  expect(labels(view)).toEqual(["Parameters"]);
  const group = view.getChildren()[0];
  expect(labels(view, group)).toEqual(["w", "b.{0,1}"]);
  const [plain, several] = view.getChildren(group);
  expect(labels(view, several)).toEqual(["b.0", "b.1"]);
  expect(view.getTreeItem(plain!)).toMatchObject({ contextValue: "slot", description: "f32[4]" });
  const icon = view.getTreeItem(several!).iconPath as unknown as ThemeIcon;
  expect([icon.id, icon.color?.id]).toEqual(["warning", "list.warningForeground"]);
});

test("many events are one question", async () => {
  const { ask } = open(ANSWER);
  for (let event = 0; event < 5; event++) {
    happens.selection.fire(undefined);
  }
  await vi.advanceTimersByTimeAsync(500);
  expect(ask).toHaveBeenCalledTimes(1);
});

test("rows that it has are kept, and not drawn again", async () => {
  const { groups: _, ...unchanged } = ANSWER;
  const { view, ask, changes, tree, look } = open(ANSWER, { ...unchanged, state: "stale: so it is" });
  await look();
  await look();
  expect(ask.mock.calls[1]?.[1]).toMatchObject({ known: "1" });
  expect(changes).toHaveBeenCalledTimes(1);
  expect(tree.message).toBe("Block()(x: f32[4])\nStale: so it is");
  expect(labels(view)).toEqual(["Parameters"]);
});

test("a target without a map shows why; no target, nothing; no server, what was there", async () => {
  const untraced = { ...ANSWER, call: "", mark: "", state: "not traced yet", groups: [] };
  const { view, tree, look } = open(ANSWER, undefined, untraced, null);
  await look();
  await look();
  expect(labels(view)).toEqual(["Parameters"]);
  await look();
  expect([labels(view), tree.message]).toEqual([[], "Not traced yet"]);
  await look();
  expect([view.target, tree.message]).toEqual([undefined, undefined]);
});

test("the tooltip has the exact descriptor", () => {
  const location = {
    uri: "file:///a/m.py",
    range: { start: { line: 4, character: 0 }, end: { line: 4, character: 1 } },
  };
  const text = tooltip(
    row("w`x", { descriptor: "ParamAOTInput(target='w')", location, nodes: ["a", "b", "c", "d", "e"] }),
  );
  expect(text.value).toBe(
    "``w`x`` · `f32[4]`\n\nnodes `a`, `b`, `c`, `d`, …\n\n`ParamAOTInput(target='w')`\n\n`m.py:5`",
  );
});

test("no name in a tooltip is markup", () => {
  const picture = "![x](https://example.com/secret)";
  const text = tooltip(row(`w\n\n${picture}`, { note: `tied to ${picture}\n\n${picture}`, nodes: [] }));
  expect(text.value).toBe(
    "`w ![x](https://example.com/secret)` · `f32[4]`\n\n" +
      "tied to \\!\\[x\\]\\(https\\:\\/\\/example\\.com\\/secret\\) \\!\\[x\\]\\(https\\:\\/\\/example\\.com\\/secret\\)",
  );
});
