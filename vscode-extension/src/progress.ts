/** Shows the server's progress: quietly in the status bar at first, with a way to cancel once it takes long. */

import * as vscode from "vscode";
import { withoutLinks } from "./texts";
import type {
  ProgressToken,
  WorkDoneProgressBegin,
  WorkDoneProgressEnd,
  WorkDoneProgressReport,
} from "vscode-languageclient/node";

const LONG_MS = 5000;

type Value = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

/** A progress that is shown: its last message, and the function that ends it. */
interface Shown {
  title: string;
  message: string;
  reports: ((message: string) => void)[];
  end: () => void;
}

/** One view of all progress. */
export class ProgressView {
  private readonly shown = new Map<ProgressToken, Shown>();

  constructor(private readonly cancel: (token: ProgressToken) => void) {}

  /** Handle the server's messages about one progress. */
  handle(token: ProgressToken, value: Value): void {
    if (value.kind === "begin") {
      this.begin(token, value);
    } else if (value.kind === "report") {
      const shown = this.shown.get(token);
      if (shown !== undefined && value.message) {
        shown.message = value.message;
        shown.reports.forEach((report) => report(shown.message));
      }
    } else {
      this.end(token);
    }
  }

  /** End all progress: the server has gone. */
  clear(): void {
    [...this.shown.keys()].forEach((token) => this.end(token));
  }

  private begin(token: ProgressToken, value: WorkDoneProgressBegin): void {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const shown: Shown = { title: value.title, message: value.message ?? "", reports: [], end };
    this.shown.set(token, shown);
    this.show(shown, vscode.ProgressLocation.Window, ended);
    const timer = setTimeout(() => {
      this.show(shown, vscode.ProgressLocation.Notification, ended, () => this.cancel(token));
    }, LONG_MS);
    void ended.then(() => clearTimeout(timer));
  }

  private show(shown: Shown, location: vscode.ProgressLocation, ended: Promise<void>, cancel?: () => void): void {
    const name = withoutLinks(shown.title);
    const title = location === vscode.ProgressLocation.Window ? name : `aotlens: ${name}`;
    void vscode.window.withProgress({ location, title, cancellable: cancel !== undefined }, (progress, token) => {
      shown.reports.push((message) => progress.report({ message: withoutLinks(message) }));
      if (shown.message) {
        progress.report({ message: withoutLinks(shown.message) });
      }
      token.onCancellationRequested(() => cancel?.());
      return ended;
    });
  }

  private end(token: ProgressToken): void {
    this.shown.get(token)?.end();
    this.shown.delete(token);
  }
}
