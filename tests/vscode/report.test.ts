/** The page of `aotlens report` in Chromium: light and dark, by keyboard alone, without network and without an error. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { CHROMIUM, PICTURES, PYTHON } from "./editor.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
let folder: string;
let browser: Browser;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "aotlens-report-"));
  execFileSync(PYTHON, [path.join(ROOT, "tests/unit/page/pages.py"), folder], {
    env: { ...process.env, PYTHONPATH: `${path.join(ROOT, "server")}:${path.join(ROOT, "tests")}` },
  });
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Opened {
  page: Page;
  /** Everything that must not be: messages on the console, errors, and requests for anything but the file itself. */
  wrong: string[];
}

async function open(
  name: string,
  options: { scheme?: "light" | "dark"; width?: number; at?: string } = {},
): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1300, height: 900 },
    colorScheme: options.scheme ?? "light",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const wrong: string[] = [];
  const url = pathToFileURL(path.join(folder, name)).href;
  page.on("console", (message) => wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("dialog", (dialog) => wrong.push(dialog.message()));
  page.on("request", (request) => request.url().split("#")[0] === url || wrong.push(request.url()));
  await page.goto(url + (options.at ?? ""));
  await page.locator("#summary h1").waitFor();
  return { page, wrong };
}

const background = (page: Page) =>
  page.evaluate(() => getComputedStyle(document.querySelector("section")!).backgroundColor);
const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "");
const details = (page: Page) => page.locator("#details");
const areas = (page: Page) =>
  page
    .locator(".cell")
    .evaluateAll((cells) =>
      Object.fromEntries(
        cells.map((cell) => [cell.getAttribute("aria-label")!.split(",")[0], cell.clientWidth * cell.clientHeight]),
      ),
    );

/** Press Tab until the focus is in an element. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.closest(wanted) !== null, selector)) {
      return;
    }
  }
  assert.fail(`Tab does not lead to ${selector}`);
}

for (const scheme of ["light", "dark"] as const) {
  test(`every target is drawn in ${scheme}`, async () => {
    const { page, wrong } = await open("kept.html", { scheme });
    const colour = await background(page);
    assert.equal(colour, scheme === "light" ? "rgb(255, 255, 255)" : "rgb(27, 27, 43)");
    for (const [number, name] of ["Zoo", "Model", "Paused", "Decoder"].entries()) {
      await page.locator("#target").selectOption(String(number));
      await page.locator("#summary h1", { hasText: new RegExp(`::${name}$`) }).waitFor();
      if (name !== "Model") {
        await page.locator("#graph").scrollIntoViewIfNeeded();
        await page.locator("#graph .row").first().waitFor();
      }
    }
    await page.locator('.item[data-module="2"] .twist').click();
    await page.locator('.cell[aria-label^="blocks.1.attn,"]').click({ position: { x: 20, y: 5 } });
    assert.match(await details(page).innerText(), /^module blocks\.1\.attn/);
    await page.locator("#modules").scrollIntoViewIfNeeded();
    await page.keyboard.press("5");
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: path.join(PICTURES, `report-${scheme}.png`) });
    await page.locator("#theme").click();
    assert.equal(await background(page), "rgb(255, 255, 255)", "the theme after that of the system is light");
    await page.locator("#theme").click();
    assert.equal(await background(page), "rgb(27, 27, 43)");
    assert.deepEqual(wrong, []);
    await page.context().close();
  });
}

test("a failure, findings and graph breaks are told with their lines", async () => {
  const { page, wrong } = await open("kept.html");
  const finding = page.locator(".finding.warning").first();
  assert.match(await finding.innerText(), /experts\.\{0\.\.2\}\.spare get no gradient: forward never uses them/);
  assert.match(await finding.innerText(), /parts\.py:23\s+self\.spare = nn\.Parameter\(torch\.zeros\(width\)\)/);
  await page.locator("#target").selectOption("1");
  assert.match(
    await page.locator(".failure").innerText(),
    /error\[forward\]: `a \* g`[^]*gated\.py:18:20[^]*self\.gate\(x\)/,
  );
  await page.locator("#target").selectOption("2");
  assert.match(
    await page.locator("#findings").innerText(),
    /torch\.compile ends a graph of Paused\.forward here[^]*graph_break\(\)/,
  );
  assert.equal(await page.locator("#flow .flow").count(), 2, "a flow for each graph");
  await page.goBack();
  await page.locator(".failure").waitFor();
  assert.equal(await page.locator("#target").inputValue(), "1");
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("everything is found and chosen by keyboard alone", async () => {
  const { page, wrong } = await open("kept.html");

  await page.keyboard.press("/");
  await page.keyboard.type("experts.0.spare");
  await page.keyboard.press("Enter");
  assert.match(
    await details(page).innerText(),
    /^parameter experts\.0\.spare[^]*no gradient[^]*descriptor\s+ParamAOTInput/,
  );
  await page.keyboard.press("/");
  await page.keyboard.type("gradient head.out.bias");
  await page.keyboard.press("Enter");
  assert.match(await details(page).innerText(), /^gradient grad\(head\.out\.bias\)[^]*gradient of\s+input primals_35/);
  await page.keyboard.press("Escape");
  assert.match(await details(page).innerText(), /^Choose an input/);
  await page.keyboard.press("/");
  await page.keyboard.type("no such thing");
  assert.equal(await page.locator("#results").innerText(), "Nothing has all of these words.");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#results").isHidden(), true);

  await page.keyboard.press("1");
  await tabTo(page, ".list.left");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(page), "parameter embed.weight");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(page), "gradient grad(embed.weight)", "the partner is across");
  await page.keyboard.press("Enter");
  assert.match(await details(page).innerText(), /^gradient grad\(embed\.weight\)/);
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "gradient grad(embed.weight)", "the focus is where it was");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.match(await details(page).innerText(), /^3 outputs grad\(experts\.\{0\.\.2\}\.scale\)/);

  await tabTo(page, ".map");
  const first = await focused(page);
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await focused(page), first, "down leads into a module");
  await page.keyboard.press("ArrowUp");
  assert.equal(await focused(page), first);
  await page.keyboard.press("Enter");
  assert.match((await page.locator(".map").getAttribute("aria-label")) ?? "", /^Parameters of experts: /);
  await page.keyboard.press("Escape");
  assert.match((await page.locator(".map").getAttribute("aria-label")) ?? "", /^Parameters of Zoo: /);
  await page.keyboard.press(" ");
  assert.match(await details(page).innerText(), /^module experts/);

  await tabTo(page, '[role="tree"]');
  for (const key of ["End", "Home", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"]) {
    await page.keyboard.press(key);
  }
  assert.match(await details(page).innerText(), /^module experts\.0[^]*parameters\s+304[^]*Its own parameters/);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  assert.equal(await page.locator('[role="treeitem"]', { hasText: "Expert" }).count(), 1, "the module is closed again");

  await tabTo(page, ".graph");
  await page.keyboard.press("ArrowDown");
  for (let line = 0; line < 30; line += 1) {
    await page.keyboard.press("ArrowDown");
  }
  await page.keyboard.press("Enter");
  assert.match(await details(page).innerText(), /^node /);
  assert.ok((await page.locator(".graph .same").count()) > 0);
  await page.keyboard.press("End");
  const lines = /^(\d+) lines/.exec(await page.locator("#graph .notes").innerText())?.[1];
  assert.equal(await page.locator(".row.at").getAttribute("data-line"), lines);
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("the areas of the map are as the amounts, and it can be switched", async () => {
  const { page, wrong } = await open("kept.html", { at: "#t=1" });
  const linear = await areas(page);
  const ratio = linear["head"]! / linear["emb"]!;
  assert.ok(Math.abs(ratio - 6500 / 6400) < 0.05, `head and emb have nearly equal areas: ${ratio}`);
  await page.locator("#target").selectOption("0");
  const before = await areas(page);
  await page.locator("#modules button", { hasText: "Saved for backward" }).click();
  const saved = await areas(page);
  assert.match((await page.locator(".map").getAttribute("aria-label")) ?? "", /^Saved for backward of Zoo: 4\.0 KiB$/);
  assert.notEqual(before["experts"], saved["experts"]);
  assert.equal(saved["embed"]! > 0, true);
  await page.locator('.cell[aria-label^="experts,"]').dblclick({ position: { x: 5, y: 5 } });
  assert.match(await page.locator(".trail").innerText(), /Zoo\s*›\s*experts/);
  await page.locator(".trail button", { hasText: "Zoo" }).click();
  assert.deepEqual(await areas(page), saved);
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("a node leads to its readers, and from the tables to the graph", async () => {
  const { page, wrong } = await open("kept.html");
  await page.locator("#tables button", { hasText: "Each with its descriptor" }).click();
  await page.locator("#tables tr", { hasText: "ParamAOTInput(target='shared.weight')" }).first().click();
  await details(page).locator("button", { hasText: "Show in the graph" }).click();
  assert.equal(await page.locator(".graph .row.at .cursor").innerText(), "shared_weight");
  const read = details(page).locator("dd button").first();
  const name = await read.innerText();
  await read.click();
  assert.match(await details(page).innerText(), new RegExp(`^node ${name}`));
  await page.locator("#graph button", { hasText: "backward" }).click();
  assert.match(await page.locator(".graph .row").first().innerText(), /# backward graph of Zoo/);
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("names cannot become HTML, and the page cannot reach the network", async () => {
  const { page, wrong } = await open("hostile.html");
  await page.locator("#graph").scrollIntoViewIfNeeded();
  await page.locator("#graph .row").first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("onerror");
  assert.ok((await page.locator('#results [role="option"]').count()) > 5);
  await page.keyboard.press("Enter");
  assert.match(await page.locator("body").innerText(), /<\/script><img src=x onerror=alert\(1\)><!--<script>\\u202e/);
  assert.equal(await page.locator("img").count(), 0);
  assert.deepEqual(wrong, []);
  const refused = await page.evaluate(async () => {
    const made = document.createElement("div");
    const tries: (() => unknown)[] = [() => fetch("https://example.org"), () => (made.innerHTML = "<b>x</b>")];
    return Promise.all(
      tries.map((attempt) =>
        Promise.resolve()
          .then(attempt)
          .then(
            () => "allowed",
            () => "refused",
          ),
      ),
    );
  });
  assert.deepEqual(refused, ["refused", "refused"]);
  await page.context().close();
});

test("the page fits a narrow window, and paper", async () => {
  const { page, wrong } = await open("kept.html", { width: 360, scheme: "dark" });
  for (const number of ["0", "1", "2", "3"]) {
    await page.locator("#target").selectOption(number);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360, `target ${number} is too wide`);
  }
  await page.locator("#target").selectOption("0");
  await page.setViewportSize({ width: 794, height: 1100 });
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#bar").isHidden(), true);
  assert.equal(await page.locator("#graph .row").last().isVisible(), true, "the graph is printed");
  assert.equal(await background(page), "rgb(255, 255, 255)", "on white");
  assert.ok((await page.pdf({ format: "A4" })).length > 50_000);
  assert.deepEqual(wrong, []);
  await page.context().close();
});
