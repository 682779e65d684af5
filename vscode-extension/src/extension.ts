/** The extension: makes its parts and connects them. */

import * as vscode from "vscode";
import type { Location } from "vscode-languageclient/node";
import { copied, openTerminal, selectInterpreter } from "./commands";
import { CorrespondenceView } from "./correspondence";
import { chooseValues, Cursor } from "./cursor";
import { GRAPHS } from "./graphs";
import { Highlight } from "./highlight";
import { Interpreters } from "./interpreters";
import { decodeOpenLog, whenNeeded } from "./logs";
import { MapDocuments } from "./maps";
import { problemOf, Problems } from "./problems";
import type { Status } from "./protocol";
import { PYTHON_FILES, Server } from "./server";
import { SlotsView, type Item } from "./slotsView";
import { describeStatus, SELECT, StatusItem } from "./status";

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("aotlens", { log: true });
  const interpreters = new Interpreters((message) => log.info(message));
  const status = new StatusItem(PYTHON_FILES);
  const problems = new Problems();
  const maps = new MapDocuments((method, params) => running.request(method, params));
  const show = (current: Status | undefined) => {
    if (current === undefined) {
      cursor.moved(); // a server that has just started does not know it
    }
    void vscode.commands.executeCommand("setContext", "aotlens.failed", false);
    status.show(describeStatus(current, vscode.workspace.isTrusted));
    const problem = current && problemOf(current);
    if (problem !== undefined) {
      problems.show(problem);
    } else if (current?.state === "ready") {
      problems.forget();
    }
  };
  const running = new Server(context, log, interpreters, {
    statusChanged: show,
    slotsChanged: () => {
      slots.refresh();
      maps.refresh();
      correspondence.refresh();
    },
    failed: (problem) => {
      status.show({ text: "Not running", detail: problem.message, severity: "error", busy: false, command: SELECT });
      problems.show(problem);
      void vscode.commands.executeCommand("setContext", "aotlens.failed", true);
    },
  });
  const slots = new SlotsView((method, params) => running.request(method, params), PYTHON_FILES);
  const correspondence = new CorrespondenceView(
    (method, params, token) => running.request(method, params, token),
    PYTHON_FILES,
    GRAPHS,
  );
  const cursor = new Cursor((method, params) => running.notify(method, params), PYTHON_FILES);
  server = running;
  const highlight = new Highlight();
  const command = vscode.commands.registerCommand;
  context.subscriptions.push(
    log,
    interpreters,
    status,
    maps,
    running,
    slots,
    highlight,
    correspondence,
    cursor,
    vscode.workspace.onDidGrantWorkspaceTrust(() => show(undefined)),
    command("aotlens.showOutput", () => log.show()),
    command("aotlens.restartServer", () => running.restart()),
    command(SELECT.command, selectInterpreter),
    command("aotlens.openTerminal", openTerminal),
    command("aotlens.chooseValues", chooseValues),
    command("aotlens.goTo", (location: Location) => highlight.goTo(location)),
    command("aotlens.decodeOpenLog", () =>
      decodeOpenLog(
        () => running.start(),
        (name, ...args) => running.execute(name, ...args),
      ),
    ),
    command("aotlens.copyDescriptor", async (item: Item) => {
      if ("row" in item && slots.target !== undefined) {
        await copied(await running.execute("aotlens.copyExpression", slots.target, item.row.labels));
      }
    }),
    command("aotlens.getStarted", () =>
      vscode.commands.executeCommand("workbench.action.openWalkthrough", `${context.extension.id}#aotlens.start`),
    ),
  );
  log.info(`aotlens ${(context.extension.packageJSON as { version: string }).version}`);
  context.subscriptions.push(whenNeeded(PYTHON_FILES, () => running.start()));
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
