import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { happens, Range, settings, window } from "./vscode";
import { CorrespondenceView } from "../src/correspondence";
import type { Correspondence } from "../src/protocol";

const SOURCE = "file:///layers.py";
const CALLER = "file:///model.py";
const GRAPH = "aotlens:/joint/layers.py/Block.graph";

/** An editor, of which lines are in view; and what is shown in it, by colour. */
function editor(uri: string, first = 0, last = 40) {
  const shown: Record<string, [number, number][]> = {};
  return {
    document: { uri: { scheme: uri.slice(0, uri.indexOf(":")), toString: () => uri } },
    selection: { active: { line: 3, character: 8 } },
    visibleRanges: [new Range(first, 0, last, 0)],
    revealRange: vi.fn((_range: Range) => undefined),
    setDecorations: (type: { backgroundColor: { id: string } }, ranges: Range[]) => {
      shown[type.backgroundColor.id] = ranges.map(({ start, end }) => [start.line, end.line]);
    },
    shown,
  };
}

const lines = (...pairs: [number, number][]) =>
  pairs.map(([first, last]) => ({ start: { line: first, character: 4 }, end: { line: last, character: 9 } }));
const OF_LINE: Correspondence = {
  backward: false,
  sources: [],
  graphs: [{ uri: GRAPH, forward: lines([90, 92], [150, 152]), backward: lines([300, 301]) }],
};
const OF_NODE: Correspondence = {
  backward: true,
  sources: [SOURCE, SOURCE, CALLER].map((uri, index) => ({ uri, range: lines([20 + index, 20 + index])[0]! })),
  graphs: [{ uri: GRAPH, forward: lines([90, 90]), backward: lines([300, 301]) }],
};

let view: CorrespondenceView;
let ask = vi.fn((_method: string, _params: unknown): Promise<unknown> => Promise.resolve(null));

function open(answer: unknown, active: unknown, ...beside: unknown[]) {
  ask = vi.fn((_method, _params) => Promise.resolve(answer));
  window.activeTextEditor = active;
  window.visibleTextEditors = [active, ...beside];
  view = new CorrespondenceView(ask as never, [{ scheme: "file" }], [{ scheme: "aotlens" }]);
}

async function move(moved: unknown = window.activeTextEditor) {
  happens.selection.fire({ textEditor: moved });
  await vi.advanceTimersByTimeAsync(500);
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  view.dispose();
  vi.useRealTimers();
  delete settings["graph.followCursor"];
});

test("a line is shown in the graph beside it, forward and backward, and its nearest place revealed", async () => {
  const [source, graph] = [editor(SOURCE), editor(GRAPH, 200, 240)];
  open(OF_LINE, source, graph);
  await move();
  const where = { textDocument: { uri: SOURCE }, position: { line: 3, character: 8 } };
  expect(ask.mock.calls[0]?.slice(0, 2)).toEqual(["aotlens/correspondence", where]);
  expect(graph.shown).toEqual({
    "aotlens.forwardBackground": [
      [90, 92],
      [150, 152],
    ],
    "aotlens.backwardBackground": [[300, 301]],
  });
  expect(graph.revealRange.mock.calls.map(([range]) => range.start.line)).toEqual([150]);
  expect(source.shown).toEqual({});
});

test("a node is shown in the source, the innermost line of each file, and its derivative in the graph", async () => {
  const [source, caller, graph] = [editor(SOURCE), editor(CALLER, 100, 140), editor(GRAPH)];
  open(OF_NODE, graph, source, caller);
  await move();
  expect(source.shown).toEqual({ "aotlens.forwardBackground": [], "aotlens.backwardBackground": [[20, 20]] });
  expect(caller.shown).toEqual({ "aotlens.forwardBackground": [], "aotlens.backwardBackground": [[22, 22]] });
  expect(graph.shown["aotlens.forwardBackground"]).toEqual([[90, 90]]);
  expect(source.revealRange).not.toHaveBeenCalled();
  expect(caller.revealRange).toHaveBeenCalledTimes(1);
  expect(graph.revealRange).not.toHaveBeenCalled();
});

test("nothing is asked while no graph is visible", async () => {
  open(OF_LINE, editor(SOURCE), editor(CALLER));
  await move();
  expect(ask).not.toHaveBeenCalled();
});

test("what is shown goes when the cursor is where nothing belongs to", async () => {
  const [source, graph] = [editor(SOURCE), editor(GRAPH)];
  open(OF_LINE, source, graph);
  await move();
  ask.mockResolvedValueOnce(null);
  await move();
  expect(graph.shown).toEqual({ "aotlens.forwardBackground": [], "aotlens.backwardBackground": [] });
  await move();
  expect(graph.shown["aotlens.backwardBackground"]).toHaveLength(1);
  window.activeTextEditor = undefined;
  happens.editor.fire(undefined);
  await vi.advanceTimersByTimeAsync(500);
  expect(graph.shown["aotlens.backwardBackground"]).toEqual([]);
});

test("it waits until the cursor rests, and an answer that comes too late counts for nothing", async () => {
  const [source, graph] = [editor(SOURCE), editor(GRAPH)];
  open(OF_LINE, source, graph);
  let late: (answer: unknown) => void = () => undefined;
  ask.mockImplementationOnce(() => new Promise((resolve) => void (late = resolve)));
  for (let moves = 0; moves < 5; moves++) {
    happens.selection.fire({ textEditor: source });
    await vi.advanceTimersByTimeAsync(20);
  }
  await vi.advanceTimersByTimeAsync(500);
  expect(ask).toHaveBeenCalledTimes(1);
  happens.selection.fire({ textEditor: source });
  late(OF_LINE);
  await vi.advanceTimersByTimeAsync(0);
  expect(graph.shown).toEqual({});
});

test("the cursor of an editor that is not active moves nothing", async () => {
  open(OF_LINE, editor(SOURCE), editor(GRAPH));
  await move(editor(CALLER));
  expect(ask).not.toHaveBeenCalled();
});

test("who scrolls away from what is shown is left alone until something else is", async () => {
  const [source, graph] = [editor(SOURCE), editor(GRAPH, 200, 240)];
  open(OF_LINE, source, graph);
  await move();
  await move();
  expect(graph.revealRange).toHaveBeenCalledTimes(1);
  ask.mockResolvedValueOnce(OF_NODE);
  await move();
  expect(graph.revealRange).toHaveBeenCalledTimes(2);
});

test("the setting says what happens", async () => {
  const [source, graph] = [editor(SOURCE), editor(GRAPH, 200, 240)];
  open(OF_LINE, source, graph);
  settings["graph.followCursor"] = "highlight";
  await move();
  expect(graph.shown["aotlens.forwardBackground"]).toHaveLength(2);
  expect(graph.revealRange).not.toHaveBeenCalled();
  settings["graph.followCursor"] = "off";
  happens.configuration.fire({ affectsConfiguration: (name) => name === "aotlens.graph.followCursor" });
  await vi.advanceTimersByTimeAsync(500);
  expect(ask).toHaveBeenCalledTimes(1);
  expect(graph.shown["aotlens.forwardBackground"]).toEqual([]);
});
