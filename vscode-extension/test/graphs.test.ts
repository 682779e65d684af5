import { beforeEach, expect, test, vi } from "vitest";
import { window } from "./vscode";
import { showBeside } from "../src/graphs";

const GRAPH = "aotlens:/joint/m.py/Net.graph";
const next = vi.fn((_params: { uri: string }) => Promise.resolve({ success: true }));

beforeEach(() => {
  vi.clearAllMocks();
  window.visibleTextEditors = [{ document: { uri: { scheme: "file" } }, viewColumn: 1 }];
});

const columns = () => window.showTextDocument.mock.calls.map(([, options]) => options.viewColumn);

test("a graph is shown beside the source", async () => {
  expect(await showBeside({ uri: GRAPH }, next)).toEqual({ success: true });
  expect(columns()).toEqual([-2]);
  expect(next).not.toHaveBeenCalled();
});

test("a graph is opened at its place", async () => {
  const place = { line: 7, character: 0 };
  await showBeside({ uri: GRAPH, selection: { start: place, end: place } }, next);
  expect(window.showTextDocument.mock.calls[0]?.[1]).toMatchObject({ selection: { start: place, end: place } });
});

test("another graph is shown where there is one", async () => {
  window.visibleTextEditors.push({ document: { uri: { scheme: "aotlens" } }, viewColumn: 2 });
  await showBeside({ uri: GRAPH }, next);
  expect(columns()).toEqual([2]);
});

test("a graph that is not there is not shown", async () => {
  window.showTextDocument.mockRejectedValueOnce(new Error("no such graph"));
  expect(await showBeside({ uri: GRAPH }, next)).toEqual({ success: false });
});

test("what is no graph is shown as ever", async () => {
  await showBeside({ uri: "file:///pyproject.toml" }, next);
  expect(next).toHaveBeenCalledTimes(1);
  expect(window.showTextDocument).not.toHaveBeenCalled();
});
