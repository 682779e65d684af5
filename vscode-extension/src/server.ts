/** The language client: starts and ends the server, and passes news between it and the rest of the extension. */

import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  State,
  type LanguageClientOptions,
  type Middleware,
} from "vscode-languageclient/node";
import { handleCommand } from "./commands";
import { GRAPHS, showBeside } from "./graphs";
import type { Interpreters, Selected } from "./interpreters";
import { LOGS } from "./logs";
import { findLaunch, isSame, type ImportStrategy, type Launch } from "./launch";
import { serverProblem, type Problem } from "./problems";
import { ProgressView } from "./progress";
import { INTERPRETERS_CHANGED, SLOTS_CHANGED, STATUS, TRUST_CHANGED, type Status } from "./protocol";
import { nearbyPythons, run } from "./pythons";
import { Restarts } from "./restarts";
import { allSettings, setting } from "./settings";
import { statedTrust, watchTrust } from "./trust";

/** The documents with models: files, and cells of notebooks, which the client sends as parts of their notebook. */
export const PYTHON_FILES = ["file", "vscode-notebook-cell"].map((scheme) => ({ scheme, language: "python" }));

/** The commands that hovers link to. */
const HOVER_COMMANDS = [
  "aotlens.showMap",
  "aotlens.copyExpression",
  "aotlens.traceNow",
  "aotlens.traceWith",
  "aotlens.traceWithout",
];

/** Hears what the server does. */
export interface Listener {
  /** The state of the tracer changed; undefined when a server has just started. */
  statusChanged(status: Status | undefined): void;
  /** The answers to `aotlens/slots` may have changed. */
  slotsChanged(): void;
  /** Something failed, and only the user can repair it. */
  failed(problem: Problem): void;
}

/** One server at a time. Starting, restarting and stopping happen one after the other. */
export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private launch: Launch | undefined;
  private selected: Selected = {};
  private turn: Promise<void> = Promise.resolve();
  /** Whether it was started. Until then, nothing that changes starts it. */
  private wanted = false;
  private readonly restarts = new Restarts();
  private readonly disposables: vscode.Disposable[];

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly interpreters: Interpreters,
    private readonly listener: Listener,
  ) {
    this.disposables = [
      interpreters.onDidChange(() => this.select()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.trusted()),
      watchTrust(() => this.stateTrust()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("aotlens.importStrategy") || event.affectsConfiguration("aotlens.interpreter")) {
          void this.startAgain();
        }
      }),
    ];
  }

  /** Send a request to the running server; gives undefined without a server, or if it answers an error. */
  async request<Answer>(
    method: string,
    params: unknown,
    token?: vscode.CancellationToken,
  ): Promise<Answer | undefined> {
    if (this.client?.state !== State.Running) {
      return undefined;
    }
    try {
      // The client would take an undefined token for one more parameter.
      return await this.client.sendRequest<Answer>(method, params, ...(token ? [token] : []));
    } catch (error) {
      this.log.debug(`${method}: ${String(error)}`);
      return undefined;
    }
  }

  /** Execute a command of the server. */
  async execute<Answer>(command: string, ...args: unknown[]): Promise<Answer | undefined> {
    return this.request<Answer>("workspace/executeCommand", { command, arguments: args });
  }

  /** Send a notification to the server, if one is running. */
  notify(method: string, params: unknown): void {
    if (this.client?.state === State.Running) {
      void this.client.sendNotification(method, params);
    }
  }

  /** Start the server; replace the running one if another should run now. */
  start(): Promise<void> {
    this.wanted = true;
    return this.after(async () => {
      let launch: Launch;
      try {
        launch = await this.findLaunch();
      } catch (error) {
        await this.end();
        this.listener.failed(serverProblem(`${(error as Error).message}.`));
        return;
      }
      if (this.client?.state === State.Running && (isSame(this.launch, launch) || this.mayStay(launch))) {
        return;
      }
      await this.end();
      await this.begin(launch);
    });
  }

  /** Start the server with what has changed, if it was started before. */
  private async startAgain(): Promise<void> {
    if (this.wanted) {
      await this.start();
    }
  }

  /** End the server and start it again. */
  restart(): Promise<void> {
    this.restarts.forget();
    return this.after(() => this.end()).then(() => this.start());
  }

  async stop(): Promise<void> {
    await this.after(() => this.end());
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
    void this.stop();
  }

  private after(step: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(step).catch((error: unknown) => this.log.error(String(error)));
    return this.turn;
  }

  /** A bundled server does not depend on the Python that runs it, so it keeps running. */
  private mayStay(launch: Launch): boolean {
    return launch.from === "bundle" && this.launch?.from === "bundle";
  }

  private async findLaunch(): Promise<Launch> {
    const trusted = vscode.workspace.isTrusted;
    this.selected = await this.interpreters.selected();
    const chosen = [
      setting("interpreter") as string | undefined,
      ...Object.values(this.selected).map((one) => one.path),
    ];
    const pythons = nearbyPythons(chosen.filter((one) => one) as string[], trusted);
    return findLaunch({
      strategy: (setting("importStrategy") as ImportStrategy | undefined) ?? "fromEnvironment",
      environments: trusted ? pythons.environments : [],
      pythons: [...pythons.environments, ...pythons.others],
      bundle: this.context.asAbsolutePath("bundled"),
      version: (this.context.extension.packageJSON as { version: string }).version,
      run,
    });
  }

  private async begin(launch: Launch): Promise<void> {
    this.log.info(`server ${launch.version} (${launch.from}): ${launch.command} ${launch.args.join(" ")}`);
    this.launch = launch;
    const progress = new ProgressView((token) => {
      void client.sendNotification("window/workDoneProgress/cancel", { token });
    });
    const executable = { command: launch.command, args: launch.args, options: { cwd: this.context.extensionPath } };
    const client = new LanguageClient("aotlens", "aotlens", executable, this.options(progress));
    this.client = client;
    client.onNotification(STATUS, (status: Status) => this.listener.statusChanged(status));
    client.onNotification(SLOTS_CHANGED, () => this.listener.slotsChanged());
    client.onDidChangeState(({ newState }) => {
      void vscode.commands.executeCommand("setContext", "aotlens.running", newState === State.Running);
      if (newState === State.Running) {
        this.listener.statusChanged(undefined);
      } else {
        progress.clear();
      }
    });
    try {
      await client.start();
    } catch (error) {
      this.listener.failed(serverProblem(`the server does not start: ${(error as Error).message}`));
    }
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.launch = undefined;
    // A client whose server crashed cannot be stopped, and need not be.
    await client?.dispose().catch(() => undefined);
  }

  private options(progress: ProgressView): LanguageClientOptions {
    const middleware: Middleware = {
      handleWorkDoneProgress: (token, value) => progress.handle(token, value),
      window: { showDocument: (params, _token, next) => showBeside(params, async (one) => next(one, _token)) },
      executeCommand: (command, args, next) =>
        handleCommand((method, params) => this.request(method, params), command, args, next),
      workspace: {
        configuration: ({ items }) => items.map(({ section }) => (section === "aotlens" ? allSettings() : null)),
        // The server asks for the settings.
        didChangeConfiguration: (_sections, next) => next(undefined),
      },
    };
    return {
      documentSelector: [...PYTHON_FILES, ...GRAPHS, ...LOGS],
      outputChannel: this.log,
      traceOutputChannel: this.log,
      markdown: { isTrusted: { enabledCommands: HOVER_COMMANDS } },
      initializationOptions: () => ({
        trusted: statedTrust(),
        clipboard: true,
        problems: true,
        slots: true,
        links: true,
        cursor: true,
        interpreters: this.selected,
      }),
      middleware,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => this.closed(),
      },
      initializationFailedHandler: (error) => {
        this.log.error(String(error));
        return false;
      },
    };
  }

  /** The server crashed: start it again, though not for ever. */
  private closed(): { action: CloseAction; handled: boolean } {
    const { restart, message } = this.restarts.crashed();
    if (restart) {
      this.log.warn(message);
    } else {
      this.listener.failed(serverProblem(message));
    }
    return { action: restart ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true };
  }

  private select(): void {
    void this.startAgain().then(() => this.notify(INTERPRETERS_CHANGED, { interpreters: this.selected }));
  }

  private stateTrust(): void {
    this.notify(TRUST_CHANGED, { trusted: statedTrust() });
  }

  private trusted(): void {
    void this.startAgain().then(() => {
      this.notify(INTERPRETERS_CHANGED, { interpreters: this.selected });
      this.notify("workspace/didChangeConfiguration", { settings: null });
      this.stateTrust();
    });
  }
}
