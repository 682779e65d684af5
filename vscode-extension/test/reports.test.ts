import { beforeEach, expect, test, vi } from "vitest";
import { ViewColumn, window } from "./vscode";
import type { Ask } from "../src/protocol";
import { showReport } from "../src/reports";

const answers: Record<string, string> = { "/m.py::Net": "<p>1", "/m.py::Block": "<p>2" };
const request = vi.fn((_method: string, params: { target: string }) => {
  const html = answers[params.target];
  return Promise.resolve(html === undefined ? undefined : { html });
});
const ask = request as unknown as Ask;

interface Panel {
  webview: { html: string };
  reveal: ReturnType<typeof vi.fn>;
  close: () => void;
}

let panels: Panel[] = [];

beforeEach(() => {
  vi.clearAllMocks();
  panels.forEach((panel) => panel.close());
  panels = [];
  window.createWebviewPanel.mockImplementation(() => {
    let close: () => void = () => undefined;
    const panel = {
      webview: { html: "" },
      reveal: vi.fn(),
      onDidDispose: (listener: () => void) => (close = listener),
      close: () => close(),
    };
    panels.push(panel);
    return panel;
  });
});

test("each target has one page, which the command renews", async () => {
  await showReport(ask, "/m.py::Net");
  await showReport(ask, "/m.py::Block");
  answers["/m.py::Net"] = "<p>3";
  await showReport(ask, "/m.py::Net");
  expect(panels.map((panel) => panel.webview.html)).toEqual(["<p>3", "<p>2"]);
  expect(panels[0]?.reveal).toHaveBeenCalledTimes(2);
  expect(window.createWebviewPanel.mock.calls[0]).toMatchObject([
    "aotlens.report",
    "Net report",
    ViewColumn.Beside,
    { localResourceRoots: [] },
  ]);
});

test("a page that was closed is opened anew", async () => {
  await showReport(ask, "/m.py::Net");
  panels[0]?.close();
  await showReport(ask, "/m.py::Net");
  expect(panels).toHaveLength(2);
});

test("a target without a map has no page, and a message says why", async () => {
  await showReport(ask, "/m.py::Failed");
  expect(window.createWebviewPanel).not.toHaveBeenCalled();
  expect(window.showInformationMessage.mock.calls[0]?.[0]).toContain("no report about Failed");
});
