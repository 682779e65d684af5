import { beforeEach, expect, test, vi } from "vitest";
import type { TextDocument } from "vscode";
import { happens, window, workspace } from "./vscode";
import { decodeOpenLog, isTorchLog, whenNeeded } from "../src/logs";

const PYTHON_FILES = [{ scheme: "file", language: "python" }];

const start = vi.fn(() => Promise.resolve());
const execute = vi.fn((_command: string, ..._args: unknown[]) => Promise.resolve(undefined));

beforeEach(() => {
  vi.clearAllMocks();
  workspace.textDocuments = [];
  window.activeTextEditor = undefined;
});

/** A document of so many lines, the last of which has the text. */
function text(languageId: string, last = "", lines = 1, scheme = "file"): TextDocument {
  const all = [...Array<string>(lines - 1).fill("a line"), last];
  return {
    uri: { scheme, toString: () => `${scheme}:///run.${languageId}` },
    languageId,
    lineCount: lines,
    getText: (range?: { start: { line: number }; end: { line: number } }) =>
      all.slice(range?.start.line ?? 0, (range?.end.line ?? lines) + 1).join("\n"),
  } as unknown as TextDocument;
}

const TORCH = "[rank0]: V1127 12:00:00.0 1 torch/_dynamo/output_graph.py:2835] [0/0] [__graph_code] TRACED GRAPH";

test("a log of torch.compile is known by its beginning and its end", () => {
  expect(isTorchLog(text("log", TORCH))).toBe(true);
  expect(isTorchLog(text("plaintext", "assert primals_3.shape == (4, 8)", 100_000))).toBe(true);
  expect(isTorchLog(text("plaintext", "nothing of torch's"))).toBe(false);
  expect(isTorchLog(text("python", TORCH))).toBe(false);
  expect(isTorchLog(text("log", TORCH, 1, "output"))).toBe(false);
});

test("the server starts at once, except for a text that is none", () => {
  whenNeeded(PYTHON_FILES, start);
  expect(start).toHaveBeenCalledTimes(1);
  workspace.textDocuments = [text("plaintext"), text("python")];
  whenNeeded(PYTHON_FILES, start);
  expect(start).toHaveBeenCalledTimes(2);
  workspace.textDocuments = [text("log", TORCH)];
  whenNeeded(PYTHON_FILES, start);
  expect(start).toHaveBeenCalledTimes(3);
});

test("after any other text it starts with the first document that needs it", () => {
  workspace.textDocuments = [text("log", "GET /index.html 200")];
  whenNeeded(PYTHON_FILES, start);
  happens.opened.fire(text("plaintext"));
  expect(start).not.toHaveBeenCalled();
  happens.opened.fire(text("log", TORCH));
  happens.opened.fire(text("python"));
  expect(start).toHaveBeenCalledTimes(1);
});

test("the open log is decoded; any other text is copied into one first", async () => {
  await decodeOpenLog(start, execute);
  expect(window.showInformationMessage).toHaveBeenCalledTimes(1);
  window.activeTextEditor = { document: text("log", TORCH) };
  await decodeOpenLog(start, execute);
  expect(start).toHaveBeenCalledTimes(1);
  expect(execute).toHaveBeenLastCalledWith("aotlens.decodeLog", "file:///run.log");
  window.activeTextEditor = { document: text("log", TORCH, 1, "output") };
  workspace.openTextDocument.mockResolvedValueOnce(text("log", TORCH, 1, "untitled"));
  await decodeOpenLog(start, execute);
  expect(workspace.openTextDocument).toHaveBeenCalledWith({ language: "log", content: TORCH });
  expect(execute).toHaveBeenLastCalledWith("aotlens.decodeLog", "untitled:///run.log");
});
