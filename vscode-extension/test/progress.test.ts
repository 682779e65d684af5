import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ProgressLocation, window } from "./vscode";
import { ProgressView } from "../src/progress";

interface Shown {
  location: number;
  title: string;
  reports: string[];
  cancel: () => void;
  ended: boolean;
}

let shown: Shown[];

beforeEach(() => {
  vi.useFakeTimers();
  shown = [];
  window.withProgress.mockImplementation(
    ({ location, title }: { location: number; title: string }, task: (...args: unknown[]) => Promise<void>) => {
      const one: Shown = { location, title, reports: [], cancel: () => undefined, ended: false };
      shown.push(one);
      const progress = { report: ({ message }: { message: string }) => one.reports.push(message) };
      const token = { onCancellationRequested: (listener: () => void) => (one.cancel = listener) };
      void task(progress, token).then(() => (one.ended = true));
    },
  );
});
afterEach(() => vi.useRealTimers());

test("what is short stays in the status bar", async () => {
  const view = new ProgressView(() => undefined);
  view.handle("t", { kind: "begin", title: "Tracing Block" });
  view.handle("t", { kind: "report", message: "capture" });
  view.handle("t", { kind: "end" });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(shown).toMatchObject([
    { location: ProgressLocation.Window, title: "Tracing Block", reports: ["capture"], ended: true },
  ]);
});

test("no name is a link that runs a command", async () => {
  const view = new ProgressView(() => undefined);
  const [title, message] = ["Tracing [x](command:y)", "[z](command:y)"];
  view.handle("t", { kind: "begin", title });
  view.handle("t", { kind: "report", message });
  await vi.advanceTimersByTimeAsync(6000);
  expect(shown.map((one) => [one.title, one.reports])).toEqual([
    ["Tracing [x] (command:y)", ["[z] (command:y)"]],
    ["aotlens: Tracing [x] (command:y)", ["[z] (command:y)"]],
  ]);
});

test("what takes long can be cancelled", async () => {
  const cancel = vi.fn();
  const view = new ProgressView(cancel);
  view.handle("t", { kind: "begin", title: "Tracing Block" });
  view.handle("t", { kind: "report", message: "capture" });
  await vi.advanceTimersByTimeAsync(6000);
  expect(shown[1]).toMatchObject({ location: ProgressLocation.Notification, reports: ["capture"] });
  shown[1]?.cancel();
  expect(cancel).toHaveBeenCalledWith("t");
  view.clear();
  await vi.advanceTimersByTimeAsync(0);
  expect(shown.map((one) => one.ended)).toEqual([true, true]);
});

test("what is unknown is no trouble", () => {
  const view = new ProgressView(() => undefined);
  view.handle("t", { kind: "report", message: "capture" });
  view.handle("t", { kind: "end" });
  expect(shown).toEqual([]);
});
