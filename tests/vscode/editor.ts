/** The real editor: code-server with the extension installed, in Chromium. Nothing here sleeps: it waits for what is to be seen. */

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import * as path from "node:path";
import { chromium, type Browser, type Locator, type Page } from "playwright-core";

const HERE = import.meta.dirname;
const ROOT = path.resolve(HERE, "../..");
const CACHE = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "aotlens-tests");
const CODE_SERVER = path.join(CACHE, "code-server/node_modules/code-server/out/node/entry.js");
export const PYTHON = path.join(ROOT, ".venv/bin/python");
export const PICTURES = path.join(ROOT, "build/vscode");
export const CHROMIUM = process.env.CHROMIUM ?? onPath("chromium");
/** How long something may take to be seen: a cold start of torch on a busy machine is the longest. */
const PATIENCE = 120_000;
/** The lines of the active editor: those of a notebook's cells lie above the editors. */
const LINES = [".editor-group-container.active", ".notebookOverlay"].map((one) => `${one} .view-line`).join(", ");
const SIZE = { width: 1280, height: 800 };

const SETTINGS = {
  "breadcrumbs.enabled": false,
  "chat.commandCenter.enabled": false,
  "chat.disableAIFeatures": true,
  "editor.hover.delay": 100,
  "editor.hover.sticky": true,
  "editor.inlayHints.enabled": "on",
  "editor.minimap.enabled": false,
  "editor.occurrencesHighlight": "off",
  "editor.stickyScroll.enabled": false,
  "explorer.confirmDragAndDrop": false,
  "extensions.ignoreRecommendations": true,
  "files.simpleDialog.enable": true,
  "git.enabled": false,
  "telemetry.telemetryLevel": "off",
  "window.autoDetectColorScheme": true,
  "window.commandCenter": false,
  "workbench.preferredDarkColorTheme": "Dark Modern",
  "workbench.preferredLightColorTheme": "Light Modern",
  "workbench.layoutControl.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

export interface Options {
  settings?: Record<string, unknown>;
  /** Settings of the machine: that of the interpreter. */
  machine?: Record<string, unknown>;
  /** Whether the workspace is trusted without being asked. */
  trusted?: boolean;
  /** Further extensions: folders that hold a package.json and what it names. */
  extensions?: string[];
  /** Further environment variables of the editor. */
  environment?: Record<string, string>;
}

/** One editor with one window, and a copy of the project open in it. */
export class Editor {
  readonly page: Page;
  readonly folder: string;
  private readonly home: string;
  private readonly process: ChildProcess;
  private readonly browser: Browser;

  private constructor(page: Page, folder: string, home: string, process: ChildProcess, browser: Browser) {
    this.page = page;
    this.folder = folder;
    this.home = home;
    this.process = process;
    this.browser = browser;
  }

  /** Start it, with the extension installed from its package. */
  static async start(options: Options = {}): Promise<Editor> {
    const home = mkdtempSync(path.join(tmpdir(), "aotlens-vscode-"));
    const folder = path.join(home, "project");
    cpSync(path.join(HERE, "project"), folder, {
      recursive: true,
      filter: (one) => !one.includes("__pycache__"),
    });
    const data = path.join(home, "data");
    write(path.join(data, "User/settings.json"), {
      ...SETTINGS,
      ...options.settings,
    });
    // What is a matter of the machine counts only there: to VS Code this is a remote one.
    write(path.join(data, "Machine/settings.json"), {
      "aotlens.interpreter": PYTHON,
      ...options.machine,
    });
    const port = await freePort();
    const extensions = path.join(home, "extensions");
    const common = [
      "--user-data-dir",
      data,
      "--extensions-dir",
      extensions,
      "--config",
      path.join(home, "config.yaml"),
    ];
    writeFileSync(path.join(home, "config.yaml"), "auth: none\n");
    const environment: NodeJS.ProcessEnv = { ...process.env, HOME: home, ...options.environment };
    delete environment.VIRTUAL_ENV;
    for (const extension of [vsix(), ...(options.extensions ?? [])]) {
      execFileSync(process.execPath, [CODE_SERVER, ...common, "--install-extension", extension], { env: environment });
    }
    const flags = ["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"];
    if (options.trusted !== false) {
      flags.push("--disable-workspace-trust");
    }
    const server = spawn(
      process.execPath,
      [CODE_SERVER, ...common, "--auth", "none", "--bind-addr", `127.0.0.1:${port}`, ...flags, folder],
      { env: environment, stdio: ["ignore", "pipe", "pipe"] },
    );
    await new Promise<void>((resolve, reject) => {
      let said = "";
      const hear = (chunk: Buffer) => {
        said += String(chunk);
        if (said.includes("HTTP server listening")) {
          resolve();
        }
      };
      server.stdout.on("data", hear);
      server.stderr.on("data", hear);
      server.on("exit", () => reject(new Error(`code-server ended: ${said}`)));
    });
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
    });
    const context = await browser.newContext({
      viewport: SIZE,
      deviceScaleFactor: 1.5,
      colorScheme: "light",
    });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.goto(`http://127.0.0.1:${port}/?folder=${encodeURIComponent(folder)}`);
    await page.locator(".monaco-workbench .explorer-folders-view").waitFor();
    return new Editor(page, folder, home, server, browser);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.process.kill();
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Do something; if that fails, say what was on the screen. */
  async doing(name: string, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      mkdirSync(PICTURES, { recursive: true });
      await this.page.screenshot({ path: path.join(PICTURES, `failed-${name}.png`) }).catch(() => undefined);
      const screen = await this.page
        .locator("body")
        .innerText()
        .catch(() => "");
      const log = this.log().split("\n").slice(-30).join("\n");
      console.error(
        `--- ${name} failed; on the screen was:\n${squeezed(screen)}\n--- the extension's log ends with:\n${log}\n---`,
      );
      throw error;
    }
  }

  /** Pictures of the window in light and in dark, in the folder of pictures. What is open stays open. */
  async picture(name: string): Promise<void> {
    for (const theme of ["dark", "light"] as const) {
      await this.page.emulateMedia({ colorScheme: theme });
      await this.page.locator(`.monaco-workbench${theme === "dark" ? ".vs-dark" : ".vs"}`).waitFor();
      await this.screenshot(`${name}-${theme}`);
    }
  }

  /** A picture of the window in high contrast; what is open may be closed by it. */
  async pictureInContrast(name: string, reopen: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    await this.theme("Dark High Contrast", ".hc-black");
    await reopen();
    await this.screenshot(`${name}-contrast`);
    await this.theme("Light Modern", ".vs");
  }

  private async screenshot(name: string): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: path.join(PICTURES, `${name}.png`), animations: "disabled" });
  }

  /** What the extension has logged. */
  log(): string {
    return globSync(path.join(this.home, "data/logs/*/*/aotlens.aotlens/*.log"))
      .map((file) => readFileSync(file, "utf-8"))
      .join("");
  }

  /** The process that serves this editor: it runs in the extension's folder. */
  server(): number {
    for (const folder of globSync("/proc/[0-9]*")) {
      try {
        const command = readFileSync(path.join(folder, "cmdline"), "utf-8").split("\0");
        if (command.includes("serve") && readlinkSync(path.join(folder, "cwd")).startsWith(this.home)) {
          return Number(path.basename(folder));
        }
      } catch {
        // It has ended, or is not ours to look at.
      }
    }
    throw new Error("no server runs");
  }

  // What a person does.

  /** Open a file of the project. */
  async open(file: string): Promise<void> {
    await this.page.keyboard.press("Control+P");
    await this.quickInput(file);
    await this.page.locator(`.quick-input-list .monaco-list-row[aria-label*="${file}"]`).first().click();
    await this.tab(file).waitFor();
    await this.page.locator(LINES).filter({ visible: true }).first().waitFor();
  }

  /** Execute a command of the palette. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press("F1");
    await this.quickInput(`>${title}`);
    await this.page.locator(`.quick-input-list .monaco-list-row[aria-label*="${title}"]`).first().click();
  }

  /** Go to a line of the open file. */
  async goToLine(line: number): Promise<void> {
    await this.page.keyboard.press("Control+G");
    await this.quickInput(`:${line}`);
    await this.page.keyboard.press("Enter");
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  private async quickInput(text: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget:not(.hidden) input[type=text]");
    await input.waitFor();
    await input.fill(text);
  }

  /** Put the cursor into a word of the open file. The first line that has `within` is meant. */
  async cursor(file: string, within: string, word = within): Promise<void> {
    const lines = readFileSync(path.join(this.folder, file), "utf-8").split("\n");
    const index = lines.findIndex((line) => line.includes(within));
    if (index < 0) {
      throw new Error(`${file} has no ${within}`);
    }
    const column = (lines[index] ?? "").indexOf(within) + within.indexOf(word) + 2;
    await this.page.keyboard.press("Control+G");
    await this.quickInput(`:${index + 1}:${column}`);
    await this.page.keyboard.press("Enter");
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  /** Where a word stands on the screen. */
  async place(within: string, word = within): Promise<{ x: number; y: number }> {
    const find = ([within, word, lines]: [string, string, string]) => {
      const plain = (text: string) => text.replaceAll("\u00a0", " ");
      for (const line of document.querySelectorAll(lines)) {
        const start = plain(line.textContent ?? "").indexOf(within);
        if (start < 0) {
          continue;
        }
        let offset = start + within.indexOf(word) + Math.floor(word.length / 2);
        const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          const length = node.textContent?.length ?? 0;
          if (offset < length) {
            const range = document.createRange();
            range.setStart(node, offset);
            range.setEnd(node, offset + 1);
            const box = range.getBoundingClientRect();
            return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
          }
          offset -= length;
        }
      }
      return null;
    };
    const found = await this.page.waitForFunction(find, [within, word, LINES] as [string, string, string]);
    return (await found.jsonValue()) as { x: number; y: number };
  }

  /** Hover a word until the hover says something. Gives the hover. */
  async hover(within: string, word: string, says: string | RegExp): Promise<Locator> {
    const hover = this.page
      .locator(".monaco-resizable-hover:visible, .monaco-hover:visible")
      .filter({ hasText: says })
      .last();
    const end = Date.now() + PATIENCE;
    for (;;) {
      await this.page.mouse.move(SIZE.width - 40, SIZE.height - 60);
      const { x, y } = await this.place(within, word);
      await this.page.mouse.move(x - 2, y);
      await this.page.mouse.move(x, y);
      if (
        await hover.waitFor({ timeout: 4000 }).then(
          () => true,
          () => false,
        )
      ) {
        return hover;
      }
      if (Date.now() > end) {
        throw new Error(`no hover over ${word} says ${String(says)}`);
      }
    }
  }

  /** The group in which a file is shown. */
  group(file: string): Locator {
    return this.page.locator(".editor-group-container").filter({ has: this.tab(file) });
  }

  /** Scroll a file down by so many pixels. Whether it was not at its end already. */
  async scroll(file: string, pixels: number): Promise<boolean> {
    const lines = this.group(file).locator(".view-lines");
    const box = await lines.boundingBox();
    const before = await lines.innerText();
    await this.page.mouse.move((box?.x ?? 0) + 200, SIZE.height / 2);
    await this.page.mouse.wheel(0, pixels);
    const moved = await this.page
      .waitForFunction(
        ([lines, before]) => (lines as HTMLElement).innerText !== before,
        [await lines.elementHandle(), before] as const,
        { timeout: 1000 },
      )
      .then(
        () => true,
        () => false,
      );
    // Two frames later all that belongs to the new lines is drawn.
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    return moved;
  }

  /** Scroll a file down, a page at a time. Gives how long each frame took, in milliseconds. */
  async frames(file: string, pages: number): Promise<number[]> {
    const box = await this.group(file).locator(".view-lines").boundingBox();
    await this.page.mouse.move((box?.x ?? 0) + 200, SIZE.height / 2);
    await this.page.evaluate(() => {
      const frames: number[] = [];
      let last = performance.now();
      const frame = (now: number) => {
        frames.push(now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
      Object.assign(window, { frames });
    });
    for (let page = 0; page < pages; page++) {
      await this.page.mouse.wheel(0, SIZE.height - 100);
    }
    return this.page.evaluate(() => (window as unknown as { frames: number[] }).frames.splice(0));
  }

  /** The lines in view of a file that have a colour behind them, each with it, from top to bottom. */
  async coloured(file: string): Promise<{ text: string; colour: string }[]> {
    return this.page.evaluate((file) => {
      const group = [...document.querySelectorAll(".editor-group-container")].find((one) =>
        one.querySelector(`.tab.active[data-resource-name="${file}"]`),
      );
      const top = (line: Element) => (line as HTMLElement).style.top;
      const texts = new Map([...(group?.querySelectorAll(".view-lines > .view-line") ?? [])].map((l) => [top(l), l]));
      return [...(group?.querySelectorAll(".view-overlays > div") ?? [])]
        .flatMap((line) => {
          const marks = [...line.querySelectorAll("[class*='ced-']")].map((one) => getComputedStyle(one));
          const mark = marks.find((style) => style.backgroundColor !== "rgba(0, 0, 0, 0)");
          const text = texts.get(top(line))?.textContent?.replaceAll("\u00a0", " ").trim() ?? "";
          return mark ? [{ at: parseFloat(top(line)), text, colour: mark.backgroundColor }] : [];
        })
        .sort((one, other) => one.at - other.at)
        .map(({ text, colour }) => ({ text, colour }));
    }, file);
  }

  /** Wait until a line of a file that has a colour behind it says this. Gives the colour. */
  async colourOf(file: string, says: RegExp): Promise<string> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const lines = await this.coloured(file);
      const found = lines.find((line) => says.test(line.text));
      if (found !== undefined) {
        return found.colour;
      }
      if (Date.now() > end) {
        throw new Error(`no coloured line of ${file} says ${String(says)}, only ${JSON.stringify(lines)}`);
      }
      await this.page.waitForTimeout(100);
    }
  }

  /** Note in each frame from now on how high a line of the open file stands. */
  async watch(text: string): Promise<void> {
    await this.page.evaluate((text) => {
      const heights: number[] = [];
      const frame = () => {
        const lines = [...document.querySelectorAll(".editor-group-container.active .view-lines > .view-line")];
        const line = lines.find((one) => one.textContent?.replaceAll("\u00a0", " ").includes(text));
        if (line !== undefined) {
          heights.push(Math.round(line.getBoundingClientRect().top));
        }
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
      Object.assign(window, { heights });
    }, text);
  }

  /** How high the watched line stood in each frame since then. */
  async watched(): Promise<number[]> {
    return this.page.evaluate(() => (window as unknown as { heights: number[] }).heights);
  }

  /** A code lens. */
  lens(text: string | RegExp): Locator {
    return this.page.locator(".codelens-decoration a, .codelens-decoration span").filter({ hasText: text }).first();
  }

  /** A row of the slots view. */
  row(label: string | RegExp): Locator {
    return this.page.locator(".customview-tree .monaco-list-row").filter({ hasText: label }).first();
  }

  /** The tab of a file, when it is the active one. */
  tab(file: string): Locator {
    return this.page.locator(`.tab.active[data-resource-name="${file}"]`);
  }

  /** Something in the status bar. */
  status(text: string | RegExp): Locator {
    return this.page.locator(".statusbar-item").filter({ hasText: text }).first();
  }

  /** A notification. */
  notification(text: string | RegExp): Locator {
    return this.page.locator(".notification-list-item").filter({ hasText: text }).first();
  }

  /** Change a user setting, as editing settings.json does. */
  set(name: string, value: unknown, of: "User" | "Machine" = "User"): void {
    const file = path.join(this.home, "data", of, "settings.json");
    write(file, {
      ...(JSON.parse(readFileSync(file, "utf-8")) as object),
      [name]: value,
    });
  }

  /** Choose a theme, and wait for it. */
  private async theme(name: string, shown: string): Promise<void> {
    await this.command("Preferences: Color Theme");
    await this.quickInput(name);
    await this.page.keyboard.press("Enter");
    await this.page.locator(`.monaco-workbench${shown}`).waitFor();
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  /** Write a file of the project, before it is opened. */
  write(file: string, text: string): void {
    writeFileSync(path.join(this.folder, file), text);
  }

  /** The text of a file on the disk. */
  text(file: string): string {
    return readFileSync(path.join(this.folder, file), "utf-8");
  }
}

/** The package that `make vscode` has built. */
export function vsix(): string {
  const file = path.join(ROOT, "build/aotlens.vsix");
  if (!existsSync(file)) {
    throw new Error(`${file} is not there: build it with make vscode`);
  }
  return file;
}

/** The package of a folder that holds another extension. */
export function packed(name: string, into: string): string {
  const file = path.join(into, `${name}.vsix`);
  const vsce = path.join(ROOT, "vscode-extension/node_modules/@vscode/vsce/vsce");
  const options = ["--no-dependencies", "--allow-missing-repository", "--skip-license", "--out", file];
  execFileSync(process.execPath, [vsce, "package", ...options], { cwd: path.join(HERE, name), stdio: "pipe" });
  return file;
}

function write(file: string, content: object): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(content, null, 2));
}

function onPath(program: string): string {
  const places = (process.env.PATH ?? "").split(path.delimiter).map((place) => path.join(place, program));
  return places.find((place) => existsSync(place)) ?? program;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

function squeezed(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .join("\n")
    .slice(0, 4000);
}
