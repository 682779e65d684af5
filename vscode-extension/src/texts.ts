/** Texts with names of user code in them, as VS Code may show them: nothing in them is markup, and no link. */

/** A text in Markdown. A picture in it would be fetched, and its address may hold what the code has read. */
export function prose(text: string): string {
  return onOneLine(text).replace(/[!-/:-@[-`{-~]/g, "\\$&");
}

/** Code in Markdown, whatever backticks it holds. An end of line could end it. */
export function code(text: string): string {
  const line = onOneLine(text);
  const ticks = "`".repeat(Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length)) + 1);
  const space = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${ticks}${space}${line}${space}${ticks}`;
}

/** A message, or the detail of a status: VS Code makes a link of `[text](command:…)`, which a folder may be named. */
export function withoutLinks(text: string): string {
  return text.replaceAll("](", "] (");
}

function onOneLine(text: string): string {
  return text.replace(/[\r\n\u2028\u2029]+/g, " ");
}
